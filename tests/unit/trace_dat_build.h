/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes trace.dat files, of version 6 or 7, such as trace-cmd makes: for tests and for timing.
 *
 * Events go to a temporary file for each CPU, as with trace-cmd, so there may be any number.
 */
#ifndef TRACE_DAT_BUILD_H
#define TRACE_DAT_BUILD_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define DAT_FIELDS 12
#define DAT_PAGE 4096

struct dat_field {
	const char *declaration; /* "unsigned int exit_reason" */
	unsigned size;
};

/* An event; its fields stand at their natural alignment behind the common ones. */
struct dat_type {
	const char *system, *name;
	uint16_t id;
	struct dat_field fields[DAT_FIELDS];
};

/* kvm_exit and kvm_entry as kernels have them from that version on. */
extern const struct dat_type dat_exit_4_15, dat_exit_5_4, dat_exit_5_10, dat_exit_6_14;
extern const struct dat_type dat_entry_4_15, dat_entry_5_10, dat_entry_6_1, dat_entry_6_14;
extern const struct dat_type dat_userspace_exit, dat_inj_virq, dat_sched_switch;

struct dat_build;

/* All functions end the program when memory or disk is short. */
struct dat_build *dat_new(unsigned version, unsigned cpus);

/* Compresses what version 7 can have compressed. */
void dat_compress(struct dat_build *b);

/* Puts a format into the file. */
void dat_type(struct dat_build *b, const struct dat_type *type);

/* The same, from the text of a format file. */
void dat_format(struct dat_build *b, const char *system, const char *text);

/* An option of trace.dat; SIZE bytes. */
void dat_option(struct dat_build *b, unsigned id, const void *data, unsigned size);

/* Lines "TID NAME\n". */
void dat_names(struct dat_build *b, const char *lines);

/* An event of that type at time T: the values of its fields in their order, and its thread. */
void dat_event(struct dat_build *b, unsigned cpu, uint64_t t, const struct dat_type *type,
	       uint32_t tid, const uint64_t *values);

/* An event's raw bytes. */
void dat_raw(struct dat_build *b, unsigned cpu, uint64_t t, const void *data, unsigned size);

/* An event that was taken back: padding of SIZE bytes (at least 8), one unit of time after the last. */
void dat_padding(struct dat_build *b, unsigned cpu, unsigned size);

/* An absolute time stamp. */
void dat_stamp(struct dat_build *b, unsigned cpu, uint64_t t);

/* Ends the page; the next begins with COUNT events missing (0: not known how many). */
void dat_missed(struct dat_build *b, unsigned cpu, uint64_t count);

/* What follows goes to a buffer of that name (version 7), or to the top buffer (""). */
void dat_instance(struct dat_build *b, const char *name);

/* Writes the file and frees B. */
void dat_write(struct dat_build *b, FILE *to);

#endif
