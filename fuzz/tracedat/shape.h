/* SPDX-License-Identifier: BSD-2-Clause */
/* The outer shape of trace.dat, version 6 or 7: parts and sections, options, places of CPUs, pages; and what makes it right. */
#ifndef DAT_SHAPE_H
#define DAT_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is left as it is. */
enum {
	DAT_LEAVE_HEAD = 1 << 0,   /* magic words, sizes and counts of parts */
	DAT_LEAVE_PLACES = 1 << 1, /* where options say that something is */
	DAT_LEAVE_PAGES = 1 << 2,  /* heads of pages */
	DAT_LEAVE_EVENTS = 1 << 3, /* lengths of events */
	DAT_LEAVE_IDS = 1 << 4     /* what events are */
};

#define DAT_LANES_MOST 16
#define DAT_IDS_MOST 16

struct dat_shape {
	uint8_t *at; /* the file */
	size_t size, room;
	unsigned leave;
	unsigned version;
	uint32_t page_size;
	bool zstd;
	size_t n_ids;
	uint16_t ids[DAT_IDS_MOST]; /* of the events whose formats are there */
	size_t n_lanes;
	struct {
		size_t place;       /* where its offset stands, before its size */
		size_t buffer;      /* version 7: its buffer's section */
		uint32_t page_size; /* of the buffer */
	} lanes[DAT_LANES_MOST];
};

/* Numbers of SIZE bytes. */
uint64_t dat_get(const struct dat_shape *s, size_t at, size_t size);
void dat_set(struct dat_shape *s, size_t at, size_t size, uint64_t value);
/* The number at AT is made at most MOST; returns it. */
uint64_t dat_clip(struct dat_shape *s, size_t at, size_t size, uint64_t most);

/* Makes what is at S->at right. S: at, size, room and leave are set. */
void dat_mend(struct dat_shape *s);

/* pages.c: the pages of a CPU, SIZE bytes at AT. */
void dat_mend_pages(struct dat_shape *s, size_t at, size_t size, uint32_t page_size);

/*
 * Compresses the pages of all CPUs of a file of version 7, in chunks whose sizes SEED decides: as trace-cmd has it. Returns
 * false where it cannot be done.
 */
bool dat_pack(struct dat_shape *s, uint32_t seed);

#endif
