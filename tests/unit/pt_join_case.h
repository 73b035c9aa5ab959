/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A case of Intel PT joined with records: a text file whose sections begin with
 *
 *   cpu N          the PT packets of a host CPU (pt_packets.h), "thread TID" those of a thread; "gap", "truncated" and
 *                  "overwrite" between them begin another piece. Some words stand for several packets:
 *                    begin TSC VMCS                                     a PSB of a CPU that is in its host
 *                    guest TSC VMCS COUNTER                             a PSB in a guest whose counter is at COUNTER then
 *                    enter TSC TO, exit TSC IP REASON QUALIFICATION,
 *                    irq TSC VECTOR IP TO, iret TSC IP TO               with Event Trace
 *                    in TSC TO, out TSC IP, async TSC IP TO             without
 *   records        exits and entries as JSON Lines, and "switch T CPU PID TID", in the order of time; what is said of the source
 *                  (else it captures all kinds)
 *   memory         ADDRESS BYTE... (hexadecimal), a piece of the guest's memory each
 *   options        alone: the records are not to be matched; noclock; some-cpus; threads
 *   gives          what must come of it, as JSON Lines, and at the end the notes, each after "note "
 *   finds          what the audit must say of that: findings, judgements and what PT was worth, as in tables/witness.cases; #0
 *                  is the first line of gives. Where there is no such section the audit is not asked
 *
 * A line's part after # does not count, but in the last two. TSC ticks are the times of the records.
 */
#ifndef PT_JOIN_CASE_H
#define PT_JOIN_CASE_H

#include <stdbool.h>
#include <reblock/record.h>
#include <reblock/source.h>
#include "pt/config.h"
#include "pt/image.h"
#include "pt/join.h"

#define PT_JOIN_BYTES 16384
#define PT_JOIN_PIECES 4096
#define PT_JOIN_QUEUES 8

struct pt_join_lane {
	uint8_t bytes[PT_JOIN_BYTES];
	size_t size;
	struct pt_piece pieces[PT_JOIN_PIECES];
	size_t n;
};

struct pt_join_case {
	char *text;
	struct pt_join_lane lanes[PT_JOIN_QUEUES];
	struct pt_queue queues[PT_JOIN_QUEUES];
	size_t n_queues;
	struct reblock_record *records;
	size_t n_records;
	bool alone, no_clock, some_cpus, threads;
	struct pt_config config;
	struct pt_image *image;
	uint8_t memory[256];
	size_t memory_size;
	char *gives;
	size_t gives_size;
	struct reblock_source source;
	bool has_finds;
	char *finds;
	size_t finds_size;
};

/* Reads the case in the file PATH to C; fails where that is none. To be freed by pt_join_case_free. */
void pt_join_case_read(struct pt_join_case *c, const char *path);
void pt_join_case_free(struct pt_join_case *c);

#endif
