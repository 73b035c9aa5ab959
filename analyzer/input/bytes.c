/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "input/bytes.h"

/* So much behind the position may be waiting to be moved to the front. */
#define ROOM (2 * BYTES_MOST)

int bytes_open(struct bytes *b, int fd)
{
	struct stat st;

	memset(b, 0, sizeof(*b));
	b->fd = fd;
	if (fstat(fd, &st) < 0)
		goto fail;
	/* A file in /proc says that it has no size, and may yet have content: read that like a pipe. */
	if (S_ISREG(st.st_mode) && st.st_size > 0 && lseek(fd, 0, SEEK_CUR) == 0) {
		b->map_size = (size_t)st.st_size;
		b->map = mmap(NULL, b->map_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (b->map == MAP_FAILED) {
			b->map = NULL;
			goto fail;
		}
		madvise(b->map, b->map_size, MADV_SEQUENTIAL);
		close(fd);
		b->fd = -1;
		b->data = b->map;
		b->size = b->map_size;
		b->total = b->map_size;
		b->ended = true;
		return 0;
	}
	b->buffer = aligned_alloc(64, ROOM);
	if (!b->buffer)
		goto fail;
	b->data = b->buffer;
	return 0;
fail:
	bytes_close(b);
	return errno ? -errno : -EIO;
}

void bytes_of_memory(struct bytes *b, const void *data, size_t size)
{
	memset(b, 0, sizeof(*b));
	b->fd = -1;
	b->data = data;
	b->size = size;
	b->total = size;
	b->ended = true;
}

int bytes_more(struct bytes *b)
{
	size_t used = (size_t)(b->data - b->buffer);
	ssize_t got;

	if (b->ended)
		return 0;
	if (used + b->size + BYTES_MOST / 2 > ROOM) {
		/* Keeps the alignment that the offset has, so that records stay aligned. */
		size_t at = b->offset % 64;

		memmove(b->buffer + at, b->data, b->size);
		b->data = b->buffer + at;
		used = at;
	}
	do {
		got = read(b->fd, b->buffer + used + b->size, ROOM - used - b->size);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	b->size += (size_t)got;
	b->ended = got == 0;
	return 0;
}

int bytes_need(struct bytes *b, size_t n)
{
	int err = 0;

	while (!err && b->size < n && !b->ended)
		err = bytes_more(b);
	return err;
}

void bytes_skip(struct bytes *b, size_t n)
{
	b->data += n;
	b->size -= n;
	b->offset += n;
}

void bytes_close(struct bytes *b)
{
	int saved = errno;

	if (b->map)
		munmap(b->map, b->map_size);
	if (b->fd > STDIN_FILENO)
		close(b->fd);
	free(b->buffer);
	b->map = NULL;
	b->buffer = NULL;
	b->fd = -1;
	errno = saved;
}
