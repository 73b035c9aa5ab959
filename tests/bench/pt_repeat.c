/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pt_recording.h"

static uint64_t number(const uint8_t *at, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, at, size);
	return value;
}

/* Adds MORE to the TSC packet of each PSB+. */
static void go_on(uint8_t *bytes, size_t size, uint64_t more)
{
	static const char psb[] =
		"\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82";
	uint8_t *at = bytes;

	while ((at = memmem(at, (size_t)(bytes + size - at), psb, 16)) != NULL) {
		size_t left = (size_t)(bytes + size - at);
		uint8_t *tsc = memchr(at + 16, 0x19, left < 72 ? left - 16 : 56);
		uint64_t is = tsc && tsc + 8 <= bytes + size ? number(tsc + 1, 7) + more : 0;

		if (is)
			memcpy(tsc + 1, &is, 7);
		at += 16;
	}
}

struct source {
	uint8_t *file;
	size_t size, records, records_size;
};

/* Writes all records but AUXTRACE (PT false), or those alone, for the NTH time; returns how many bytes. */
static uint64_t write_records(const struct source *s, FILE *to, bool pt, uint64_t nth)
{
	static uint64_t offset[PT_RECORDING_CPUS_MOST];
	uint64_t written = 0;

	for (size_t at = s->records, n; at < s->records + s->records_size; at += n) {
		uint8_t *r = s->file + at;
		bool is_pt = number(r, 4) == 71;
		uint64_t payload = is_pt ? number(r + 8, 8) : 0;
		unsigned cpu = is_pt ? (unsigned)number(r + 40, 4) % PT_RECORDING_CPUS_MOST : 0;

		n = (size_t)(number(r + 6, 2) + payload);
		if (!n || n > s->records + s->records_size - at)
			return written;
		if (is_pt != pt)
			continue;
		if (pt) {
			memcpy(r + 16, &offset[cpu], 8);
			offset[cpu] += payload;
			go_on(r + n - payload, payload, nth ? 10000000 : 0);
		}
		written += fwrite(r, 1, n, to);
	}
	return written;
}

/* The features' table moves to behind the records; the index of AUXTRACE, which no longer holds, is empty. */
static void write_features(const struct source *s, FILE *to, uint64_t moved)
{
	size_t table = s->records + s->records_size, at = table;

	for (unsigned i = 0; i < 256; i++) {
		uint64_t place[2];

		if (!(s->file[72 + i / 8] >> i % 8 & 1))
			continue;
		memcpy(place, s->file + at, 16);
		place[0] += moved;
		place[1] = i == 18 ? 0 : place[1];
		memcpy(s->file + at, place, 16);
		at += 16;
	}
	fwrite(s->file + table, 1, s->size - table, to);
}

int pt_recording_repeat(uint64_t megabytes, const char *from, const char *path)
{
	FILE *f = fopen(from, "r"), *to = f ? fopen(path, "w") : NULL;
	struct source s = { .size = 0 };
	uint64_t written;
	bool failed;

	if (!to)
		return -errno;
	s.file = calloc(1, (size_t)1 << 24);
	s.size = s.file ? fread(s.file, 1, (size_t)1 << 24, f) : 0;
	fclose(f);
	if (s.size < 104)
		return -EINVAL;
	s.records = (size_t)number(s.file + 40, 8);
	s.records_size = (size_t)number(s.file + 48, 8);
	if (s.records > s.size || s.records_size > s.size - s.records)
		return -EINVAL;
	fwrite(s.file, 1, s.records, to);
	written = write_records(&s, to, false, 0);
	for (uint64_t n = 0; written < megabytes << 20; n++) {
		uint64_t some = write_records(&s, to, true, n);

		if (!some)
			return -EINVAL;
		written += some;
	}
	write_features(&s, to, written - s.records_size);
	failed = fseek(to, 48, SEEK_SET) || fwrite(&written, 8, 1, to) != 1;
	free(s.file);
	return fclose(to) || failed ? -EIO : 0;
}
