/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The own trace file: a header that describes the source, then chunks of
 * records, each with its length and CRC32C, so that a file cut off or damaged
 * anywhere gives every intact chunk and says how much is missing.
 *
 * All numbers little-endian. Every part starts at a multiple of 64 bytes.
 *
 *   file header   struct reblock_trace_header, followed by the source
 *                 description: the JSON meta object of the JSON Lines format,
 *                 padded with zero bytes to header_size
 *   chunk         struct reblock_trace_chunk, followed by `records` records
 *   ...
 *   end           a chunk with flag REBLOCK_CHUNK_END and no records: the file is
 *                 complete. Without it the file was cut off.
 */
#ifndef REBLOCK_TRACE_H
#define REBLOCK_TRACE_H

#include <reblock/record.h>
#include <reblock/source.h>

#define REBLOCK_TRACE_MAGIC "REBLOCK\x1a"
#define REBLOCK_TRACE_VERSION 1
#define REBLOCK_CHUNK_MAGIC 0x4b434252u /* "RBCK" */
#define REBLOCK_CHUNK_END (1u << 0)
#define REBLOCK_CHUNK_RECORDS 8192     /* the most records in one chunk */
#define REBLOCK_TRACE_HEADER_MAX 65536 /* the largest header_size */

struct reblock_trace_header {
	uint8_t magic[8];
	uint32_t version;
	/* bytes to the first chunk, this struct and the description included */
	uint32_t header_size;
	uint32_t description; /* bytes of the description, without padding */
	uint32_t crc;         /* CRC32C of header_size bytes with this field taken as 0 */
	uint8_t zero[40];
};

struct reblock_trace_chunk {
	uint32_t magic;
	/* REBLOCK_CHUNK_...; an unknown flag makes the file one of a newer version */
	uint32_t flags;
	uint32_t records;     /* that follow */
	uint32_t payload_crc; /* CRC32C of these records */
	uint64_t first;       /* number of the first of them in the file, from 0 */
	uint8_t zero[36];
	uint32_t crc; /* CRC32C of the 60 bytes before */
};

_Static_assert(sizeof(struct reblock_trace_header) == 64, "trace header");
_Static_assert(sizeof(struct reblock_trace_chunk) == 64, "chunk header");

struct reblock_trace_writer;

/*
 * Starts a trace file; "-" is standard output. A regular file PATH is replaced: it belongs to the
 * caller then, with mode 0600, whosever it was and whatever other names it had. A symbolic link is
 * followed if it is the caller's own, or one of those in /dev and /proc: another user's could lead anywhere.
 * The file is a valid (if empty) trace at once.
 *
 * Returns 0 and sets *WRITER, to be ended by reblock_trace_close; or a negative
 * errno of open(2) or write(2) (-ELOOP: another user's symbolic link), or -ENOMEM.
 */
int reblock_trace_create(const char *path, const struct reblock_source *source,
			 struct reblock_trace_writer **writer);

/*
 * Appends N records; full chunks go to the file, the rest stays in memory
 * until the next reblock_trace_flush. Returns 0 or the negative errno of write(2);
 * after an error the chunk that could not be written whole is taken back
 * (truncated away), and later calls return the same error.
 */
int reblock_trace_write(struct reblock_trace_writer *writer, const struct reblock_record *records,
			size_t n);

/* Writes what is in memory as a chunk. Returns as reblock_trace_write. */
int reblock_trace_flush(struct reblock_trace_writer *writer);

/* Returns how many bytes the file would have if it was closed now. */
uint64_t reblock_trace_size(const struct reblock_trace_writer *writer);

/* Returns how many records were given to the writer and are in the file. */
uint64_t reblock_trace_written(const struct reblock_trace_writer *writer);

/*
 * Flushes, writes the end mark, closes the file and frees WRITER (also on an
 * error; NULL is allowed). Returns 0 or the first error that the writer met.
 */
int reblock_trace_close(struct reblock_trace_writer *writer);

/*
 * The same, and where it returns 0 what was written is on the disk (fsync(2)); the name in its folder is the
 * caller's to see to.
 */
int reblock_trace_close_synced(struct reblock_trace_writer *writer);

/* CRC32C (Castagnoli) of SIZE bytes at DATA, continuing from CRC (0 to begin). */
uint32_t reblock_crc32c(uint32_t crc, const void *data, size_t size);

#endif
