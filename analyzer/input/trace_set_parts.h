/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of a set of trace files share. */
#ifndef INPUT_TRACE_SET_PARTS_H
#define INPUT_TRACE_SET_PARTS_H

#include <stdbool.h>
#include <reblock/trace.h>
#include <reblock/trace_pt.h>
#include <reblock/trace_set.h>

/* How many VMs' names are kept to be repeated; those of others stand in the file where they came only. */
#define TRACE_SET_NAMES 4096

struct set_file {
	uint64_t number, size;
	uint64_t records; /* of this run */
};

struct set_name {
	struct reblock_record meta; /* vm 0: none */
	uint64_t file;              /* the last that has it */
};

/* What each file has to say of PT before its bytes. */
struct set_pt {
	bool described, compressed;
	struct reblock_pt_setup setup;
	/* the newest two readings of the clocks: one alone is no clock */
	struct reblock_pt_point points[2];
	size_t n_points;
};

struct reblock_trace_set {
	char *path;
	uint64_t most;
	struct reblock_source source;
	struct reblock_trace_writer *writer;
	struct set_file *files; /* the finished ones, oldest first */
	size_t n, room;
	uint64_t number; /* of the one being written */
	uint64_t written, removed;
	uint64_t repeated; /* names in the file being written that were not given to it */
	int error;
	struct set_pt pt;
	struct set_name names[TRACE_SET_NAMES]; /* by vm */
};

/* Keeps ERROR if it is the first. Returns the first. */
int trace_set_keep_error(struct reblock_trace_set *set, int error);

/* Ends the file being written and begins another. Returns 0 or a negative errno, which is not kept. */
int trace_set_next_file(struct reblock_trace_set *set);

/* Writes what is known of PT into a file that has just begun. Returns as trace_set_next_file. */
int trace_set_begin_pt(struct reblock_trace_set *set);

#endif
