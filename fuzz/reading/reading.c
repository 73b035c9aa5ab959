/* SPDX-License-Identifier: BSD-2-Clause */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <reblock/trace.h>
#include "fuzz.h"
#include "reading/plain.h"
#include "reading/reading.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN
#endif
#endif
#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

/* Behind what is read so much must not be touched. */
#define FENCE 4096
#define PIECES_MOST 256
#define PIECE_MOST 4096

_Alignas(64) uint8_t reading_room[READING_BYTES + FENCE];

static uint64_t mix(uint64_t sum, const void *data, size_t size)
{
	const uint8_t *p = data;
	uint64_t word;

	for (; size >= sizeof(word); size -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
		sum ^= sum >> 29;
	}
	while (size--)
		sum = (sum ^ *p++) * 0x100000001b3u;
	return sum;
}

static void expect_plain(const char *text, const char *what)
{
	if (strlen(text) < 10)
		fuzz_fail("%s says nothing", what);
	if (!plain_text(text))
		fuzz_fail("%s is not plain text of one line", what);
}

static void check_source(const struct reblock_source *s)
{
	if (!plain_text(s->source) || !plain_text(s->host) || !plain_text(s->kernel) ||
	    !plain_text(s->clock))
		fuzz_fail("the description of the source is not plain text");
}

/* Adds what is said behind the name of the input. */
static void heard(struct reading *reading, const char *message)
{
	const char *text = strstr(message, ": ");

	if (!text)
		fuzz_fail("a message does not name the input");
	reading->said = mix(reading->said, text, strlen(text));
}

static void count_damage(void *context, const char *message)
{
	struct reading *reading = context;

	expect_plain(message, "a damage");
	heard(reading, message);
	reading->damages++;
}

static void check_record(const struct reblock_record *record)
{
	struct reblock_record copy = *record;

	if (!reblock_record_normalize(&copy) || memcmp(&copy, record, sizeof(copy)) != 0)
		fuzz_fail("a record is not well-formed");
}

static void read_all(struct reading *reading, struct reblock_input *input)
{
	const struct reblock_record *records;
	uint64_t before = 0, done, total;
	const char *note;
	long n;

	reading->format = reblock_input_format(input);
	reading->source = *reblock_input_source(input);
	check_source(&reading->source);
	while ((n = reblock_input_next(input, &records)) > 0) {
		if (n > REBLOCK_CHUNK_RECORDS)
			fuzz_fail("more records at once than may be");
		for (long i = 0; i < n; i++) {
			check_record(&records[i]);
			if (reading->n + (uint64_t)i < READING_RECORDS)
				reading->records[reading->n + (uint64_t)i] = records[i];
		}
		reading->sum = mix(reading->sum, records, (size_t)n * sizeof(*records));
		reading->n += (uint64_t)n;
		reblock_input_progress(input, &done, &total);
		if (done < before || (total && done > total))
			fuzz_fail("progress goes back, or beyond the end");
		before = done;
	}
	if (n)
		fuzz_fail("reading itself fails: %s", strerror((int)-n));
	if (reblock_input_damages(input) != reading->damages)
		fuzz_fail("damage is counted otherwise than said");
	for (size_t i = 0; (note = reblock_input_note(input, i)); i++)
		expect_plain(note, "a note");
	reblock_input_close(input);
}

static void begin(struct reading *reading)
{
	reading->damages = reading->said = 0;
	reading->n = reading->sum = 0;
	memset(&reading->source, 0, sizeof(reading->source));
}

static void opened(struct reading *reading, struct reblock_input *input, char *error)
{
	if (reading->opened == 0) {
		read_all(reading, input);
		return;
	}
	if (input || !error)
		fuzz_fail("what cannot be opened has no reason, or is open");
	expect_plain(error, "a reason");
	heard(reading, error);
	free(error);
}

void reading_of_room(struct reading *reading, size_t size)
{
	struct reblock_input *input = NULL;
	char *error = NULL;

	begin(reading);
	ASAN_POISON_MEMORY_REGION(reading_room + size, FENCE);
	reading->opened = reblock_input_open_memory("input", reading_room, size, count_damage,
						    reading, &input, &error);
	opened(reading, input, error);
	ASAN_UNPOISON_MEMORY_REGION(reading_room + size, FENCE);
}

void reading_of_file(struct reading *reading, const char *path)
{
	struct reblock_input *input = NULL;
	char *error = NULL;

	begin(reading);
	reading->opened = reblock_input_open(path, count_damage, reading, &input, &error);
	opened(reading, input, error);
}

bool reading_of_pipe(struct reading *reading, size_t size, size_t piece)
{
	char path[64];
	int fd[2];

	if (!piece || piece > PIECE_MOST || size > PIECES_MOST * piece)
		return false;
	/* A pipe of packets: each read gives what one write gave. */
	if (pipe2(fd, O_CLOEXEC | O_DIRECT) < 0 ||
	    fcntl(fd[1], F_SETPIPE_SZ, PIECES_MOST * PIECE_MOST) < 0)
		fuzz_fail("no pipe");
	for (size_t at = 0, n; at < size; at += n) {
		n = size - at < piece ? size - at : piece;
		if (write(fd[1], reading_room + at, n) != (ssize_t)n)
			fuzz_fail("no room in a pipe");
	}
	/* The reader opens it once more, so that it is open until then. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd[0]);
	(void)fcntl(fd[0], F_SETFL, O_NONBLOCK);
	close(fd[1]);
	reading_of_file(reading, path);
	close(fd[0]);
	return true;
}

bool reading_same_source(const struct reblock_source *a, const struct reblock_source *b)
{
	/* From the texts on, there is padding only behind the last of the bytes. */
	const size_t from = offsetof(struct reblock_source, presence);
	const size_t to = offsetof(struct reblock_source, bare_metal) + 1;

	return strcmp(a->source, b->source) == 0 && strcmp(a->host, b->host) == 0 &&
	       strcmp(a->kernel, b->kernel) == 0 && strcmp(a->clock, b->clock) == 0 &&
	       memcmp((const char *)a + from, (const char *)b + from, to - from) == 0 &&
	       a->captures == b->captures && a->fields == b->fields;
}

void reading_expect_same(const struct reading *a, const struct reading *b, const char *how)
{
	if (a->opened != b->opened)
		fuzz_fail("%s: opened with another result", how);
	if (a->said != b->said || a->damages != b->damages)
		fuzz_fail("%s: other words", how);
	if (a->opened == 0 && (a->n != b->n || a->sum != b->sum))
		fuzz_fail("%s: other records", how);
	if (a->opened == 0 && a->format != b->format)
		fuzz_fail("%s: another format", how);
	if (a->opened == 0 && !reading_same_source(&a->source, &b->source))
		fuzz_fail("%s: another description of the source", how);
}
