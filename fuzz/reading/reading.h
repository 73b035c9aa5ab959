/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes as an input, read to the end, with everything checked that holds for any bytes: records are well-formed, damage
 * is said as often as it is counted, and what is said is plain text of one line.
 */
#ifndef READING_H
#define READING_H

#include <stdbool.h>
#include <reblock/input.h>

#define READING_BYTES ((size_t)1 << 20) /* the most that is read */
#define READING_RECORDS 16384           /* kept; of more than that only the sum */

struct reading {
	int opened; /* of reblock_input_open */
	enum reblock_format format;
	struct reblock_source source;
	uint64_t damages;
	uint64_t said; /* a sum of all that was said, without the input's name */
	uint64_t n;    /* records */
	uint64_t sum;  /* of them */
	struct reblock_record records[READING_RECORDS];
};

/* Room for bytes that a target makes: READING_BYTES of them, aligned as memory to be read must be. */
extern uint8_t reading_room[];

#define READING_HEAD_MOST 8

/* An input as targets of files have it: a few bytes that say what to do, then the file. */
struct reading_input {
	uint8_t head[READING_HEAD_MOST]; /* bytes that are missing are 0 */
	const uint8_t *data;
	size_t size;
};

/* Takes the SIZE bytes at DATA apart: the first HEAD of them, and the rest. */
struct reading_input reading_split(const uint8_t *data, size_t size, size_t head);

/* Puts what is behind the head, but no more than MOST bytes, into reading_room; returns how many. */
size_t reading_place(const struct reading_input *input, size_t most);

/* Reads the SIZE bytes in reading_room. */
void reading_of_room(struct reading *reading, size_t size);

/*
 * Reads the same through a pipe, each read(2) of which gives at most PIECE bytes. Returns false, with nothing read, where
 * they would be too many pieces for a pipe.
 */
bool reading_of_pipe(struct reading *reading, size_t size, size_t piece);

/*
 * Where HOW, a byte of an input's head, is LEAST or above: what is in reading_room comes through a pipe once more, in pieces
 * of a size that HOW says, and has to give what *READING has.
 */
void reading_piped_same(const struct reading *reading, size_t size, unsigned how, unsigned least);

/* The SIZE bytes in reading_room are what *READING was read from, compressed: they have to give the same records. */
void reading_packed_same(const struct reading *reading, size_t size);

/* Reads the file PATH. */
void reading_of_file(struct reading *reading, const char *path);

/* Whether two descriptions say the same. */
bool reading_same_source(const struct reblock_source *a, const struct reblock_source *b);

/* Fails where B is another reading than A; HOW begins the line. */
void reading_expect_same(const struct reading *a, const struct reading *b, const char *how);

/* Writes the first MOST records (as JSON Lines, or in the own format) and reads them again: they have to be the same. */
void reading_again_as_json(const struct reading *reading, size_t most);
void reading_again_as_trace(const struct reading *reading);

/* The same where JSON and TRACE, bytes of an input's head, are 0xc0 or above. */
void reading_again_if(const struct reading *reading, unsigned json, unsigned trace);

/* What both of them do, for any records. AGAIN is where they are read to. */
void reading_json_again(const struct reblock_source *source, const struct reblock_record *records,
			size_t n, struct reading *again);
void reading_trace_again(const struct reblock_source *source, const struct reblock_record *records,
			 size_t n, struct reading *again);

struct reblock_policy;

/*
 * Audits what was read, with a policy replayed beside it (NULL: none). A finding has to be about its vCPU's records,
 * ascending, and predicted where it is a policy's; the SDM's is never wrong.
 */
void reading_audit(const struct reading *reading, const struct reblock_policy *policy);

#endif
