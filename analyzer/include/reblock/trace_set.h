/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trace of bounded size: a set of files, of which the oldest is removed when there is no room for more.
 *
 * The files are PATH.000001, PATH.000002 and so on. Each is a complete trace: it has the source's description and the
 * names of the VMs in it, so that it can be audited alone. What an earlier run left under these names belongs to the
 * set: numbers go on behind it, and it is the first to be removed.
 */
#ifndef REBLOCK_TRACE_SET_H
#define REBLOCK_TRACE_SET_H

#include <reblock/record.h>
#include <reblock/source.h>

#define REBLOCK_TRACE_SET_FILES 8 /* as many, each an eighth of the whole */
#define REBLOCK_TRACE_SET_LEAST (1u << 20)

struct reblock_trace_set;

/*
 * Starts a set of at most MOST bytes, at least REBLOCK_TRACE_SET_LEAST. Its files are created with mode 0600; one that is
 * there already is not followed or overwritten.
 *
 * Returns 0 and sets *SET, to be ended by reblock_trace_set_close; or a negative errno: -EINVAL for a smaller MOST,
 * -ENOMEM, or that of the folder or file. PATH is copied.
 */
int reblock_trace_set_create(const char *path, uint64_t most, const struct reblock_source *source,
			     struct reblock_trace_set **set);

/* As reblock_trace_write and reblock_trace_flush; a file that cannot be removed or begun is an error too. */
int reblock_trace_set_write(struct reblock_trace_set *set, const struct reblock_record *records,
			    size_t n);
int reblock_trace_set_flush(struct reblock_trace_set *set);

/* The records that were given to the set and written; of these, how many were removed again with their files. */
uint64_t reblock_trace_set_written(const struct reblock_trace_set *set);
uint64_t reblock_trace_set_removed(const struct reblock_trace_set *set);

/* Ends the newest file and frees SET (also on an error; NULL is allowed). Returns 0 or the first error. */
int reblock_trace_set_close(struct reblock_trace_set *set);

#endif
