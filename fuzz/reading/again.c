/* SPDX-License-Identifier: BSD-2-Clause */
/* Records written and read again are the same records. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <reblock/json.h>
#include <reblock/trace.h>
#include "fuzz.h"
#include "reading/reading.h"

static void expect_records(const struct reblock_source *source,
			   const struct reblock_record *records, size_t n,
			   const struct reading *again, const char *how)
{
	if (again->opened || again->damages)
		fuzz_fail("%s: what is written cannot be read again", how);
	if (again->n != n)
		fuzz_fail("%s: other records when read again", how);
	for (size_t i = 0; i < n; i++)
		if (memcmp(&records[i], &again->records[i], sizeof(records[i])) != 0)
			fuzz_fail("%s: another record when read again, of kind %s", how,
				  reblock_kind_name(records[i].kind));
	if (!reading_same_source(source, &again->source))
		fuzz_fail("%s: another description of the source when read again", how);
}

static size_t append(size_t at, const char *text, size_t size)
{
	memcpy(reading_room + at, text, size);
	reading_room[at + size] = '\n';
	return at + size + 1;
}

void reading_json_again(const struct reblock_source *source, const struct reblock_record *records,
			size_t n, struct reading *again)
{
	char *meta = reblock_json_source(source), text[REBLOCK_JSON_RECORD_MAX];
	size_t at, i;

	if (!meta)
		fuzz_fail("out of memory");
	at = append(0, meta, strlen(meta));
	free(meta);
	for (i = 0; i < n && at + sizeof(text) < READING_BYTES; i++) {
		size_t size = reblock_json_record(&records[i], text);

		if (size >= sizeof(text) || strlen(text) != size || memchr(text, '\n', size))
			fuzz_fail("as JSON: a line that is none");
		at = append(at, text, size);
	}
	reading_of_room(again, at);
	expect_records(source, records, i, again, "as JSON");
}

/* A file without a name, empty between two inputs. */
static int trace_file;

/* Before the first input, so that all inputs take the same path. */
__attribute__((constructor)) static void make_trace_file(void)
{
	trace_file = memfd_create("trace", MFD_CLOEXEC);
}

void reading_trace_again(const struct reblock_source *source, const struct reblock_record *records,
			 size_t n, struct reading *again)
{
	struct reblock_trace_writer *writer = NULL;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", trace_file);
	if (trace_file < 0 || reblock_trace_create(path, source, &writer))
		fuzz_fail("as a trace: it cannot be written");
	/* Chunks of all sizes. */
	for (size_t at = 0, some = 1; at < n; at += some, some = 2 * some + 1) {
		some = some < n - at ? some : n - at;
		if (reblock_trace_write(writer, records + at, some) || reblock_trace_flush(writer))
			fuzz_fail("as a trace: it cannot be written");
	}
	if (reblock_trace_close(writer))
		fuzz_fail("as a trace: it cannot be written");
	reading_of_file(again, path);
	expect_records(source, records, n, again, "as a trace");
	if (ftruncate(trace_file, 0))
		fuzz_fail("as a trace: it cannot be emptied");
}

static struct reading again;

static size_t kept(const struct reading *reading)
{
	return reading->n < READING_RECORDS ? (size_t)reading->n : READING_RECORDS;
}

void reading_again_as_json(const struct reading *reading, size_t most)
{
	size_t n = kept(reading);

	reading_json_again(&reading->source, reading->records, n < most ? n : most, &again);
}

void reading_again_as_trace(const struct reading *reading)
{
	reading_trace_again(&reading->source, reading->records, kept(reading), &again);
}

void reading_again_if(const struct reading *reading, unsigned json, unsigned trace)
{
	if (json >= 0xc0)
		reading_again_as_json(reading, 64);
	if (trace >= 0xc0)
		reading_again_as_trace(reading);
}
