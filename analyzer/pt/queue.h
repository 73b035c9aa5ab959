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
	const uint8_t *bytes;
	size_t size;
	uint64_t offset; /* of the bytes in the input, for messages */
	uint32_t flags;  /* enum pt_piece_flag */
};

struct pt_config;

struct pt_queue {
	uint16_t cpu;      /* host CPU, or REBLOCK_NO_CPU: of a thread, on whatever CPU it ran */
	uint32_t pid, tid; /* of a recording that has a buffer for each thread: whose; else 0 */
	const struct pt_config *config;
	struct pt_piece *pieces;
	size_t n_pieces;
};

#endif
