/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intel PT in or beside an input. What lies in an input is decoded without being asked for, and its witnesses come
 * among the records of reblock_input_next; this is to set how, and to add raw PT files.
 */
#ifndef REBLOCK_PT_H
#define REBLOCK_PT_H

#include <reblock/input.h>

struct pt_image; /* pt/image.h */

#define REBLOCK_PT_JOBS_MOST 16

/* A file with nothing but what one CPU's PT wrote. */
struct reblock_pt_file {
	const char *path;
	uint16_t cpu; /* host CPU that it is from */
};

/* From the time-stamp counter to the clock of the records (perf_event_open(2): cap_user_time_zero). */
struct reblock_pt_clock {
	uint16_t shift; /* at most 63 */
	uint32_t mult;
	uint64_t zero;
};

struct reblock_pt_options {
	unsigned jobs; /* threads that decode, at most REBLOCK_PT_JOBS_MOST; 0: as 1 */
	const struct reblock_pt_file *files; /* beside the input */
	size_t n_files;
	const struct reblock_pt_clock
		*clock; /* of these, and of the input where it names none; NULL: not known */
	const struct pt_image *image; /* the guest's memory; stays the caller's; NULL: none */
};

/*
 * Sets how the PT of INPUT is decoded, before the first reblock_input_next. Returns 0, or a negative errno with *ERROR
 * (never NULL then) one plain sentence, to be freed by the caller: of open(2) and mmap(2) for a file, -EINVAL for
 * one that is empty or a clock that is none, -ENOTSUP where files are given and this program has no libipt, -ENOMEM.
 * INPUT may then only be closed.
 */
int reblock_input_pt(struct reblock_input *input, const struct reblock_pt_options *options,
		     char **error);

/*
 * Opens the raw files of OPTIONS alone, as an input without any records: their witnesses are all that there is. DAMAGE
 * and the rest as for reblock_input_open.
 */
int reblock_input_open_pt(const struct reblock_pt_options *options, reblock_damage_fn *damage,
			  void *context, struct reblock_input **input, char **error);

/* Whether this program can decode PT: the library's name and version, such as "libipt 2.1 (events)", or NULL. */
const char *reblock_pt_library(void);

#endif
