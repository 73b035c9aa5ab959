/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bytes of an input, front to back: a mapped file, or a pipe read through a buffer of
 * bounded size. Both look the same to the readers.
 */
#ifndef INPUT_BYTES_H
#define INPUT_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	const uint8_t *data; /* what can be looked at now, from the current position */
	size_t size;         /* how much that is */
	uint64_t offset;     /* of data[0] in the input */
	uint64_t total;      /* of the input; 0: not known (a pipe) */
	bool ended;          /* nothing follows data[size - 1] */
	int fd;              /* a pipe's; -1 for a mapped file and for memory */
	uint8_t *buffer;     /* a pipe's; its start is aligned to 64 bytes */
	void *map;
	size_t map_size;
};

/* The most that bytes_need may ask for. */
#define BYTES_MOST ((size_t)1 << 20)

/* Takes over FD, an open file. Returns 0 or a negative errno; then FD is closed. */
int bytes_open(struct bytes *b, int fd);

/* The SIZE bytes at DATA are the whole input; they stay the caller's. */
void bytes_of_memory(struct bytes *b, const void *data, size_t size);

/* Waits for more bytes, at least one if any are to come. Returns 0 or a negative errno. */
int bytes_more(struct bytes *b);

/*
 * Waits until N bytes (at most BYTES_MOST) can be looked at, or the input has ended.
 * Returns 0 or a negative errno.
 */
int bytes_need(struct bytes *b, size_t n);

/*
 * Puts a pipe's bytes, from the position on, into a file without a name in $TMPDIR, /var/tmp or /tmp,
 * which takes its place; for a mapped file and for memory there is nothing to do. Returns 0 or a negative errno of
 * open(2), read(2), write(2), mmap(2) (bytes_spool.c).
 */
int bytes_spool(struct bytes *b);

/* Goes on by N of the bytes that can be looked at. */
void bytes_skip(struct bytes *b, size_t n);

void bytes_close(struct bytes *b);

#endif
