/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <reblock/json.h>
#include "input/trace_create.h"
#include "input/trace_writer.h"

int trace_write_whole(struct reblock_trace_writer *w, const void *data, size_t size)
{
	const char *p = data;
	size_t left = size;

	while (left) {
		ssize_t n = write(w->fd, p, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			w->error = n < 0 ? -errno : -EIO;
			/* What cannot take back (a pipe) ends in a chunk that is cut off. */
			if (left < size && !w->keep && ftruncate(w->fd, w->size) == 0)
				lseek(w->fd, w->size, SEEK_SET);
			return w->error;
		}
		p += n;
		left -= (size_t)n;
	}
	w->size += (off_t)size;
	return 0;
}

static int write_chunk(struct reblock_trace_writer *w, uint32_t flags)
{
	struct reblock_trace_chunk *c = &w->chunk;
	size_t bytes = w->n * sizeof(w->records[0]);
	int err;

	if (w->error)
		return w->error;
	memset(c, 0, sizeof(*c));
	c->magic = REBLOCK_CHUNK_MAGIC;
	c->flags = flags;
	c->records = (uint32_t)w->n;
	c->payload_crc = reblock_crc32c(0, w->records, bytes);
	c->first = w->written;
	c->crc = reblock_crc32c(0, c, offsetof(struct reblock_trace_chunk, crc));
	err = trace_write_whole(w, c, sizeof(*c) + bytes);
	if (err)
		return err;
	w->written += w->n;
	w->n = 0;
	return 0;
}

static int write_header(struct reblock_trace_writer *w, const struct reblock_source *source)
{
	struct reblock_trace_header *h;
	char *text = reblock_json_source(source);
	size_t length, size;
	int err;

	if (!text)
		return -ENOMEM;
	length = strlen(text);
	size = (sizeof(*h) + length + 63) / 64 * 64;
	h = calloc(1, size);
	if (!h) {
		free(text);
		return -ENOMEM;
	}
	memcpy(h->magic, REBLOCK_TRACE_MAGIC, sizeof(h->magic));
	h->version = REBLOCK_TRACE_VERSION;
	h->header_size = (uint32_t)size;
	h->description = (uint32_t)length;
	memcpy(h + 1, text, length);
	h->crc = reblock_crc32c(0, h, size);
	err = trace_write_whole(w, h, size);
	free(h);
	free(text);
	return err;
}

int reblock_trace_create(const char *path, const struct reblock_source *source,
			 struct reblock_trace_writer **writer)
{
	struct reblock_trace_writer *w = malloc(sizeof(*w));
	int err;

	if (!w)
		return -ENOMEM;
	w->error = 0;
	w->size = 0;
	w->written = 0;
	w->n = 0;
	w->pt = NULL;
	w->keep = strcmp(path, "-") == 0;
	w->fd = trace_create(path);
	if (w->fd < 0) {
		err = w->fd;
		free(w);
		return err;
	}
	err = write_header(w, source);
	if (err) {
		close(w->fd);
		free(w);
		return err;
	}
	*writer = w;
	return 0;
}

int reblock_trace_write(struct reblock_trace_writer *w, const struct reblock_record *records,
			size_t n)
{
	while (n && !w->error) {
		size_t take = REBLOCK_CHUNK_RECORDS - w->n;

		if (take > n)
			take = n;
		memcpy(w->records + w->n, records, take * sizeof(*records));
		w->n += take;
		records += take;
		n -= take;
		if (w->n == REBLOCK_CHUNK_RECORDS)
			write_chunk(w, 0);
	}
	return w->error;
}

int reblock_trace_flush(struct reblock_trace_writer *w)
{
	return w->n ? write_chunk(w, 0) : w->error;
}

uint64_t reblock_trace_size(const struct reblock_trace_writer *w)
{
	size_t waiting = w->n ? sizeof(w->chunk) + w->n * sizeof(w->records[0]) : 0;

	return (uint64_t)w->size + waiting + sizeof(w->chunk);
}

uint64_t reblock_trace_written(const struct reblock_trace_writer *w)
{
	return w->written;
}

static int end(struct reblock_trace_writer *w, int sync)
{
	int err;

	if (!w)
		return 0;
	if (!reblock_trace_flush(w))
		write_chunk(w, REBLOCK_CHUNK_END);
	if (sync && !w->error && fsync(w->fd) < 0)
		w->error = -errno;
	if (close(w->fd) < 0 && !w->error)
		w->error = -errno;
	err = w->error;
	trace_pt_writer_free(w->pt);
	free(w);
	return err;
}

int reblock_trace_close(struct reblock_trace_writer *w)
{
	return end(w, 0);
}

int reblock_trace_close_synced(struct reblock_trace_writer *w)
{
	return end(w, 1);
}
