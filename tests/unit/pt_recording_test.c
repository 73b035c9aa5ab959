/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A real recording, by perf on a Skylake: perf.data.intel_pt-4.14 of google/perf_data_converter. Each kind of packet is
 * there as often as perf says, nothing of it is a gap, and all ways to decode it give the same events. Skipped where
 * $REBLOCK_SHARED_DATA (set by CMake's option of that name) has no such file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "pt/split.h"
#include "pt/stream.h"
#include "pt_case.h"

enum { NAME_MOST = 4096, SIZE_MOST = 1 << 20, QUEUES = 64 };

/* perf.data's PERF_RECORD_AUXTRACE: tools/perf/util/event.h, struct perf_record_auxtrace. */
enum { AUXTRACE = 71, AUXTRACE_SIZE = 48, AUXTRACE_IDX = 32, HEADER_DATA = 40 };

struct queue {
	uint8_t *bytes;
	size_t size;
};

static struct queue queues[QUEUES];

static uint64_t number(const uint8_t *at, unsigned size)
{
	uint64_t value = 0;

	memcpy(&value, at, size);
	return value;
}

static void take_auxtrace(const uint8_t *record, uint64_t size)
{
	uint64_t idx = number(record + AUXTRACE_IDX, 4);
	struct queue *q;

	assert_true(idx < QUEUES);
	q = &queues[idx];
	q->bytes = realloc(q->bytes, q->size + size + 1);
	assert_non_null(q->bytes);
	memcpy(q->bytes + q->size, record + AUXTRACE_SIZE, size);
	q->size += size;
}

/* Reads the queues of the recording; returns false where there is none. */
static bool read_recording(void)
{
	const char *folder = getenv("REBLOCK_SHARED_DATA");
	static uint8_t all[SIZE_MOST];
	char path[NAME_MOST];
	uint64_t at, end, size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/perf.data.intel_pt-4.14", folder ? folder : "");
	file = folder ? fopen(path, "rb") : NULL;
	if (!file)
		return false;
	size = fread(all, 1, sizeof(all), file);
	fclose(file);
	at = number(all + HEADER_DATA, 8);
	end = at + number(all + HEADER_DATA + 8, 8);
	while (at + AUXTRACE_SIZE <= end && end <= size) {
		uint64_t payload = number(all + at, 4) == AUXTRACE ? number(all + at + 8, 8) : 0;

		if (payload)
			take_auxtrace(all + at, payload);
		at += number(all + at + 6, 2) + payload;
	}
	return true;
}

static uint64_t hash(uint64_t sum, const struct pt_event *event, size_t base)
{
	char text[PT_EVENT_TEXT];

	pt_event_text(event, text);
	for (const char *c = text; *c; c++)
		sum = (sum ^ (uint8_t)*c) * 0x100000001b3u;
	return (sum ^ (event->offset + base)) * 0x100000001b3u;
}

/* Decodes a queue, cut at PSBs or not; adds to COUNTS; returns a sum over its events. */
static uint64_t decode(const struct queue *q, enum pt_backend backend, bool cut,
		       struct pt_counts *counts)
{
	struct pt_config config = { .mtc_freq = 3,
				    .nom_freq = 33,
				    .cpuid_0x15_eax = 2,
				    .cpuid_0x15_ebx = 274,
				    .backend = backend };
	uint64_t sum = 0;
	size_t at = 0, end;

	for (; at < q->size; at = end) {
		struct pt_stream *stream;
		struct pt_event event;

		end = cut ? pt_split(q->bytes, q->size, at + PT_PSB_SIZE) : q->size;
		assert_int_equal(pt_stream_open(&config, q->bytes + at, end - at, &stream), 0);
		while (pt_stream_next(stream, &event) == 1)
			sum = hash(sum, &event, at);
		for (int i = 0; i < PT_KINDS; i++)
			counts->packets[i] += pt_stream_counts(stream)->packets[i];
		counts->gaps += pt_stream_counts(stream)->gaps;
		counts->events += pt_stream_counts(stream)->events;
		counts->skipped += pt_stream_counts(stream)->skipped;
		pt_stream_close(stream);
	}
	return sum;
}

static void counts(void **state)
{
	static const struct {
		enum pt_kind kind;
		uint64_t n;
	} expected[] = {
		{ PT_KIND_TNT, 69516 }, { PT_KIND_TIP, 12039 }, { PT_KIND_FUP, 149 },
		{ PT_KIND_PIP, 441 },   { PT_KIND_MTC, 2802 },  { PT_KIND_TMA, 24 },
		{ PT_KIND_TSC, 24 },    { PT_KIND_CBR, 24 },    { PT_KIND_PSB, 10 },
		{ PT_KIND_MODE, 34 },
	};
	struct pt_counts all = { .events = 0 };

	(void)state;
	for (int i = 0; i < QUEUES; i++)
		decode(&queues[i], PT_BACKEND_BEST, false, &all);
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		if (all.packets[expected[i].kind] != expected[i].n)
			fail_msg("%s: %llu, and not %llu", pt_kind_name(expected[i].kind),
				 (unsigned long long)all.packets[expected[i].kind],
				 (unsigned long long)expected[i].n);
	}
	assert_int_equal(all.gaps, 0);
	assert_int_equal(all.skipped, 0);
	print_message("%llu events\n", (unsigned long long)all.events);
}

static void ways(void **state)
{
	struct pt_counts all = { .events = 0 };

	(void)state;
	for (int i = 0; i < QUEUES; i++) {
		uint64_t sum = decode(&queues[i], PT_BACKEND_PACKETS, false, &all);

		assert_int_equal(decode(&queues[i], PT_BACKEND_PACKETS, true, &all), sum);
		if (pt_has_backend(PT_BACKEND_EVENTS))
			assert_int_equal(decode(&queues[i], PT_BACKEND_EVENTS, false, &all), sum);
	}
}

static int free_recording(void **state)
{
	(void)state;
	for (int i = 0; i < QUEUES; i++)
		free(queues[i].bytes);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts),
		cmocka_unit_test(ways),
	};

	if (!pt_library()) {
		puts("no libipt");
		return 77;
	}
	if (!read_recording()) {
		puts("no perf.data.intel_pt-4.14 in the folder that REBLOCK_SHARED_DATA names");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, free_recording);
}
