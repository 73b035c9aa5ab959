/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a reader offers Intel PT that lies in its input: at opening it calls aux_begin, sets config and clock, and
 * gives each piece of the AUX area to aux_piece in the order of its queue. From then on reblock_input_next gives
 * the reader's records and what PT shows, joined; the reader itself need not care.
 *
 * The bytes are used where they are: they must stay until the input is closed, as they do in what is mapped. A
 * reader of a pipe calls bytes_spool before it offers any.
 */
#ifndef INPUT_AUX_H
#define INPUT_AUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <reblock/record.h>
#include "input/u64_map.h"
#include "pt/clock.h"
#include "pt/config.h"
#include "pt/queue.h"

struct reblock_input;

#define AUX_NOTES 8

struct aux {
	struct pt_config config; /* of all queues */
	/* From TSC to the clock of the reader's records, where that is known. */
	struct pt_clock clock;
	/*
	 * Whether this input has exit and entry records, with their host CPU and times of CLOCK, among which PT's
	 * guest sections can be found. Else PT stands for itself.
	 */
	bool has_records;
	/* Whether aux_switch tells all that runs. Means something without such records only. */
	bool has_threads;

	/*
	 * Whether every CPU that the host has is among the queues, or had nothing to say: else what a vCPU did may
	 * have been seen by no queue. Means something without such records only.
	 */
	bool all_cpus;
	struct pt_queue *queues;
	size_t n_queues, queues_room;
	size_t *pieces_room;     /* of each queue */
	struct u64_map queue_of; /* CPU and thread to index + 1 */
	/* What this PT could not tell, each one sentence, which stays the reader's; NULL: no more. */
	const char *notes[AUX_NOTES];
	/* The name of a process, for the VM that it is; may be NULL. */
	const char *(*name)(void *context, uint32_t pid, uint32_t tid);
	void *context; /* of name */
	/* What the reader need not care of. */
	unsigned jobs;
	struct aux_file *files; /* raw ones, mapped */
	size_t n_files;
	struct pt_join *join; /* made when the first records are asked for */
	bool ended;           /* the reader */
};

struct aux_file {
	struct pt_config config;
	void *map;
	size_t size;
};

/* Makes IN->aux with nothing in it, if it has none. Returns 0 or -ENOMEM. */
int aux_begin(struct reblock_input *in);

/*
 * Returns the number of the queue of host CPU (REBLOCK_NO_CPU: none) and of thread TID of process PID (0: it is not
 * a recording by threads), made now if it is new; -ENOMEM, or -E2BIG: there are AUX_QUEUES others.
 */
#define AUX_QUEUES 16384
long aux_queue(struct aux *aux, uint16_t cpu, uint32_t pid, uint32_t tid);

/*
 * Adds PIECE to a queue; what continues the piece before it in memory becomes one with it. Returns 0, -ENOMEM, or
 * -E2BIG: there are too many, and it is not taken.
 */
int aux_piece(struct aux *aux, long queue, const struct pt_piece *piece);

/*
 * Says that bytes are missing at each of the N places AT, ascending, of what the queue's buffer got: its pieces, which
 * ascend too, are cut there. What is packed is cut at its end only. Returns 0 or -ENOMEM.
 */
int aux_cut(struct aux *aux, long queue, const uint64_t *at, size_t n);

/* The bytes of all pieces; 0 for NULL. */
uint64_t aux_bytes(const struct aux *aux);

/* The records of IN's reader and what PT shows, joined: as reblock_input_next. READ is the reader's own. */
typedef long aux_read_fn(struct reblock_input *in, const struct reblock_record **records);
long aux_next(struct reblock_input *in, aux_read_fn *read, const struct reblock_record **records);

/* The Ith note on PT, as reblock_input_note. */
const char *aux_note(const struct reblock_input *in, size_t i);

void aux_free(struct aux *aux); /* NULL is allowed */

/*
 * A record that goes from the reader to the joining part alone: from T on thread TID of process PID runs on
 * host CPU (TID 0: the idle thread). Only readers whose records do not name the vCPU that a CPU runs need it.
 */
#define AUX_SWITCH 0xff /* its kind */
void aux_switch(struct reblock_record *r, uint64_t t, uint16_t cpu, uint32_t pid, uint32_t tid);

#endif
