/* SPDX-License-Identifier: BSD-2-Clause */
/* The PT bytes of one CPU (or one thread), in the order in which the processor wrote them. */
#ifndef PT_QUEUE_H
#define PT_QUEUE_H

#include <stddef.h>
#include <stdint.h>

/* What is known of where a piece stands after the one before it. */
enum pt_piece_flag {
	/* bytes are missing before it; else its first byte follows the last of the piece before */
	PT_PIECE_GAP = 1 << 0,
	/* bytes are missing behind it: the processor or the recorder had no room for them */
	PT_PIECE_TRUNCATED = 1 << 1,
	/*
	 * It is a copy of a buffer that is written round and round (snapshot): it may begin with what earlier
	 * pieces had already, and bytes may be missing between it and the piece before.
	 */
	PT_PIECE_OVERWRITE = 1 << 2
};

struct pt_piece {
	const uint8_t *bytes; /* they stay where they are; NULL: the queue's load brings them */
	size_t size;
	uint64_t
		at; /* of the first byte in all that this queue's buffer ever got, where the input says it */
	uint64_t offset; /* in the input: of the bytes, or of what load makes them from */
	uint32_t flags;  /* enum pt_piece_flag */
};

/* The most bytes of a piece that is loaded. */
#define PT_LOAD_MOST ((size_t)1 << 24)

/*
 * Puts the piece->size bytes of PIECE, which are packed in the input, at TO. Returns 0, -ENOMEM, or -EBADMSG: they
 * cannot be unpacked, and are taken as missing. It is called in the thread that reads the input.
 */
typedef int pt_load_fn(void *context, const struct pt_piece *piece, uint8_t *to);

struct pt_config;

struct pt_queue {
	uint16_t cpu;      /* host CPU, or REBLOCK_NO_CPU: of a thread, on whatever CPU it ran */
	uint32_t pid, tid; /* of a recording that has a buffer for each thread: whose; else 0 */
	const struct pt_config *config;
	struct pt_piece *pieces;
	size_t n_pieces;
	pt_load_fn *load; /* NULL where all bytes are in memory */
	void *context;    /* of load */
};

#endif
