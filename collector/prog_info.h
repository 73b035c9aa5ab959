/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel counts of a BPF program, by /proc/self/fdinfo. Unlike bpf(2) that needs no rights, if it was
 * opened while they were there: before Linux 5.19 no bpf(2) works without them.
 */
#ifndef COLLECTOR_PROG_INFO_H
#define COLLECTOR_PROG_INFO_H

#include <stdint.h>

struct prog_info {
	/* runs that were left out because the program was running on that CPU already (since 5.12) */
	uint64_t skipped;
	uint64_t ns, runs; /* with run-time statistics on */
};

/* Opens what is known of PROGRAM, a descriptor of this process. Returns a descriptor or a negative errno. */
int prog_info_open(int program);

/* Adds what is known of it now to INFO. Returns 0 or a negative errno. */
int prog_info_add(int file, struct prog_info *info);

/* The pure part: adds what TEXT, an fdinfo file, says. */
void prog_info_parse(const char *text, struct prog_info *info);

#endif
