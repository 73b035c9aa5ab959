/* SPDX-License-Identifier: BSD-2-Clause */
/* What the builder of trace.dat gathers (trace_dat_build.c) before it is written (trace_dat_write.c). */
#ifndef TRACE_DAT_LANE_H
#define TRACE_DAT_LANE_H

#include "trace_dat_build.h"

/* Bytes that grow. */
struct dat_text {
	char *at;
	size_t size, room;
};

struct dat_lane {
	FILE *file;
	uint8_t page[DAT_PAGE];
	size_t used;    /* 0: no page is begun */
	uint64_t stamp; /* time up to here */
	bool missed;
	uint64_t missed_count;
	uint64_t offset, size; /* in the file */
};

struct dat_buffer {
	char name[32];
	struct dat_lane *lanes;
	uint64_t section;
};

struct dat_build {
	unsigned version, cpus;
	bool compress;
	struct dat_text formats[2]; /* of kvm, of sched */
	unsigned n_formats[2];
	struct dat_text options, names;
	struct dat_buffer buffers[4];
	unsigned n_buffers;
	struct dat_lane *lanes; /* of the current one */
	FILE *to;
};

void *dat_need(void *p); /* ends the program where P is NULL */
void dat_put(struct dat_text *t, const void *data, size_t size);
void dat_put_number(struct dat_text *t, uint64_t number, unsigned size);
void dat_end_page(struct dat_lane *l);

#endif
