/* SPDX-License-Identifier: BSD-2-Clause */
/* What the readers of all formats share. */
#ifndef INPUT_READER_H
#define INPUT_READER_H

#include <reblock/input.h>
#include "input/bytes.h"
#include "input/well_formed.h"

struct reblock_input {
	char *name; /* for messages */
	enum reblock_format format;
	struct bytes bytes;
	struct reblock_source source;
	reblock_damage_fn *damage;
	void *context;
	uint64_t damages;
	struct well_formed well_formed;
	struct reblock_record *
		own; /* REBLOCK_CHUNK_RECORDS records made or repaired here; trace: NULL until needed */
	/* JSON Lines */
	size_t n_own;   /* of these, filled at opening, still to be given */
	uint64_t line;  /* number of the last line that was read, from 1 */
	bool described; /* a description was taken */
	/* trace */
	uint64_t expected; /* number in the file of the next record */
	bool headless;     /* no header, and the position is at the first intact chunk */
	bool ended;        /* its end mark, or the end of its bytes, was met */
	struct reblock_record lost;
	struct trace_pt *pt; /* what it says of Intel PT; NULL: nothing */
	/* what another thread has found out of the chunk at this offset */
	const struct trace_chunk_checked *checked;
	uint64_t checked_at;
	struct perf_reader *perf;    /* perf.data */
	struct trace_dat *trace_dat; /* trace.dat */
	struct aux *aux;             /* Intel PT in it, NULL: none */
};

/* Reports a damage: one sentence, which begins with the file's name. */
__attribute__((format(printf, 2, 3))) void reader_damage(struct reblock_input *in,
							 const char *format, ...);

/* Sets R to a record that says that COUNT records of unknown vCPUs are missing (UINT64_MAX: unknown). */
void reader_lost(struct reblock_record *r, uint64_t count);

/* Makes room for own records. Returns 0 or -ENOMEM. */
int reader_room(struct reblock_input *in);

/*
 * Each format: whether the bytes begin so, open (may read the description; on an error sets *ERROR
 * as reblock_input_open does), and next.
 */
int trace_open(struct reblock_input *in, char **error);
long trace_next(struct reblock_input *in, const struct reblock_record **records);
int json_open(struct reblock_input *in);
long json_next(struct reblock_input *in, const struct reblock_record **records);
int perf_open(struct reblock_input *in, char **error);
long perf_next(struct reblock_input *in, const struct reblock_record **records);
const char *perf_note(const struct reblock_input *in, size_t i); /* as reblock_input_note */
void perf_close(struct reblock_input *in);

int trace_dat_open(struct reblock_input *in, char **error);
long trace_dat_next(struct reblock_input *in, const struct reblock_record **records);
const char *trace_dat_note_at(const struct reblock_input *in, size_t i);
void trace_dat_close(struct reblock_input *in); /* also where none is open */

/* Whether a chunk header that is in order can be found near the beginning, though no file header is. */
int trace_recognize(struct reblock_input *in, bool *found);

#endif
