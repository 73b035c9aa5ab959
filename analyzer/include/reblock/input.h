/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Readers: a file, of whatever supported format, as a stream of records.
 *
 * The format is detected from the content, never from the name. Damage is not
 * an end: the reader says what is wrong (one message for each place, through the
 * callback), puts a lost record (all VMs, all vCPUs) where records are missing,
 * and goes on with the next intact part.
 */
#ifndef REBLOCK_INPUT_H
#define REBLOCK_INPUT_H

#include <stdbool.h>
#include <reblock/record.h>
#include <reblock/source.h>

enum reblock_format {
	REBLOCK_FORMAT_TRACE = 1, /* own format */
	REBLOCK_FORMAT_JSON,      /* JSON Lines */
	REBLOCK_FORMAT_PERF,      /* perf.data, file or pipe mode */
	REBLOCK_FORMAT_TRACE_DAT, /* trace.dat of trace-cmd */
	REBLOCK_FORMAT_PT         /* raw Intel PT: reblock/pt.h */
};

struct reblock_input;

/*
 * Called for each damage met. MESSAGE is one plain sentence that names the file,
 * the offset or line, and the reason; it lives only during the call.
 */
typedef void reblock_damage_fn(void *context, const char *message);

/*
 * Opens PATH ("-": standard input) and reads its description.
 *
 * Returns 0 and sets *INPUT, to be ended by reblock_input_close; or a negative errno,
 * with *ERROR (never NULL then) one plain sentence on what is wrong and what to do,
 * to be freed by the caller:
 *   -EISDIR, -ENOENT, -EACCES ... from open(2) and mmap(2);
 *   -EINVAL  no format that is known, an empty file, or a damaged header which no
 *            intact chunk follows (else a damaged header is a damage, and the source is
 *            one with nothing known);
 *   -ENOTSUP a newer version of the format;
 *   -ENOMEM.
 * DAMAGE may be NULL.
 */
int reblock_input_open(const char *path, reblock_damage_fn *damage, void *context,
		       struct reblock_input **input, char **error);

/*
 * The same for the SIZE bytes at DATA, which stay the caller's and must stay as they are until
 * reblock_input_close; NAME stands for the file in messages. Records may be given out of DATA itself, so it must be
 * aligned to 8 bytes, as malloc has it: else -EINVAL.
 */
int reblock_input_open_memory(const char *name, const void *data, size_t size,
			      reblock_damage_fn *damage, void *context,
			      struct reblock_input **input, char **error);

/* Returns the format that was detected. */
enum reblock_format reblock_input_format(const struct reblock_input *input);

/*
 * Returns the source. For JSON Lines the description is the first meta line
 * without a "vm" if it stands before all records, else a description with
 * nothing known. Its texts are printable UTF-8. Owned by INPUT.
 */
const struct reblock_source *reblock_input_source(const struct reblock_input *input);

/*
 * Gives the next records: sets *RECORDS to at least one and at most
 * REBLOCK_CHUNK_RECORDS records, valid until the next call (mapped, not copied, where
 * the format allows), and returns their number; 0 at the end; a negative errno when
 * reading itself fails (-EIO, -ENOMEM). Records are numbered from 0 in this order,
 * the lost records that the reader puts in included.
 *
 * Every record given is well-formed: a known kind, no field its kind does not have,
 * absent fields 0.
 */
long reblock_input_next(struct reblock_input *input, const struct reblock_record **records);

/* Returns how many damages were met so far. */
uint64_t reblock_input_damages(const struct reblock_input *input);

/*
 * The I-th plain sentence, without the file's name, on what this input could not tell and what was
 * therefore left out or taken as absent; NULL past the last. Complete once reblock_input_next has
 * returned 0; valid until the next call for INPUT.
 */
const char *reblock_input_note(const struct reblock_input *input, size_t i);

/*
 * Bytes of Intel PT in this input, 0: none. What they show is among the records, as far as it could be decoded; the bytes
 * themselves are in none.
 */
uint64_t reblock_input_pt_bytes(const struct reblock_input *input);

/* Bytes consumed so far and in all; total 0 where it is not known (a pipe). For a progress bar. */
void reblock_input_progress(const struct reblock_input *input, uint64_t *done, uint64_t *total);

void reblock_input_close(struct reblock_input *input); /* NULL is allowed */

/*
 * Makes R well-formed in place: fields its kind does not have, and absent fields, become 0,
 * and a name printable UTF-8. Returns false if that cannot be done: the kind is not known, or
 * the vm or vcpu that its kind needs is missing.
 */
bool reblock_record_normalize(struct reblock_record *r);

#endif
