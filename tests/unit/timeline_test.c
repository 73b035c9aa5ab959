/* SPDX-License-Identifier: BSD-2-Clause */
/* What a page keeps of a trace: bounded, complete in its counts, and nothing said that was not seen. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "report/html_text.h"
#include "report/protobuf.h"
#include "report/timeline.h"

static const struct reblock_source source;

static struct reblock_record record(enum reblock_kind kind, uint64_t t, uint32_t vm, uint16_t vcpu)
{
	return (struct reblock_record){
		.t = t, .kind = (uint8_t)kind, .vm = vm, .vcpu = vcpu, .cpu = REBLOCK_NO_CPU
	};
}

static struct timeline_bucket total_of(const struct timeline_lane *lane)
{
	struct timeline_bucket total = { 0 };

	for (size_t i = 0; i < TIMELINE_BUCKETS; i++)
		timeline_bucket_add(&total, &lane->buckets[i]);
	return total;
}

static void counts_survive_growth(void **state)
{
	struct timeline *t = malloc(sizeof(*t));
	uint64_t at = 5000;

	(void)state;
	timeline_begin(t, &source, REBLOCK_VNMI_NOT_ASSUMED);
	for (uint64_t i = 0; i < 300000; i++) {
		struct reblock_record r =
			record(i % 2 ? REBLOCK_ENTRY : REBLOCK_EXIT, at, 1, (uint16_t)(i / 2 % 3));

		/* From now and then a nanosecond apart to seconds. */
		at += i % 7 ? i % 5 : i * 1000;
		r.presence = REBLOCK_HAS_REASON * (i % 2 == 0) | REBLOCK_HAS_INTERRUPTIBILITY;
		r.reason = (uint32_t)(i % 40);
		timeline_record(t, i, &r);
	}
	assert_true(timeline_end(t));
	assert_int_equal(t->n_lanes, 3);
	assert_true(t->last / t->width < TIMELINE_BUCKETS);
	assert_true(t->last / t->width >= TIMELINE_BUCKETS / 2);
	for (unsigned lane = 0; lane < 3; lane++) {
		struct timeline_bucket total = total_of(t->lanes[lane]);
		uint64_t reasons = 0;

		assert_int_equal(total.exits, 50000);
		assert_int_equal(total.entries, 50000);
		for (unsigned i = 0; i < TIMELINE_REASONS; i++)
			reasons += total.reasons[i];
		assert_int_equal(reasons, 50000);
		/* Blocking was seen to be 0 at every record, so all of the time. */
		assert_int_equal(total.blocked, 0);
		assert_int_equal(total.open, t->lanes[lane]->ring[(100000 - 1) % TIMELINE_RING].at -
						     t->lanes[lane]->kept[0].at);
	}
	timeline_free(t);
	free(t);
}

static void memory_is_bounded(void **state)
{
	struct timeline *t = malloc(sizeof(*t));
	size_t kept = 0;

	(void)state;
	timeline_begin(t, &source, REBLOCK_VNMI_NOT_ASSUMED);
	for (uint64_t i = 0; i < 400000; i++) {
		struct reblock_record r = record(REBLOCK_EXIT, i, (uint32_t)(i % 1000), 0);
		struct reblock_finding f = { .kind = i % REBLOCK_FINDING_KINDS,
					     .vm = r.vm,
					     .n_records = 1,
					     .records = { i } };

		timeline_record(t, i, &r);
		timeline_finding(t, &f);
	}
	assert_true(timeline_end(t));
	assert_int_equal(t->n_lanes, TIMELINE_LANES);
	assert_int_equal(t->unshown, 400u * (1000 - TIMELINE_LANES));
	for (unsigned i = 0; i < t->n_lanes; i++)
		kept += t->lanes[i]->n_kept;
	assert_true(kept >= TIMELINE_FIRST);
	assert_true(kept <= TIMELINE_FIRST + TIMELINE_OF_FINDINGS + TIMELINE_OF_OTHERS);
	for (unsigned kind = 0; kind < REBLOCK_FINDING_KINDS; kind++)
		assert_int_equal(t->listed[kind], TIMELINE_PER_KIND);
	assert_true(t->n_cases <= TIMELINE_CASES);
	timeline_free(t);
	free(t);
}

/* The context of a finding is kept, without holes and in order, wherever in the trace it is. */
static void context_is_kept(void **state)
{
	struct timeline *t = malloc(sizeof(*t));
	const struct timeline_lane *lane;
	size_t around = 0;

	(void)state;
	timeline_begin(t, &source, REBLOCK_VNMI_NOT_ASSUMED);
	for (uint64_t i = 0; i < 100000; i++) {
		struct reblock_record r =
			record(i % 2 ? REBLOCK_ENTRY : REBLOCK_EXIT, 10 * i, 1, 0);
		struct reblock_finding f = { .vm = 1, .n_records = 2, .records = { 90000, 90003 } };

		timeline_record(t, i, &r);
		if (i == 90004)
			timeline_finding(t, &f);
	}
	assert_true(timeline_end(t));
	lane = t->lanes[0];
	for (size_t i = 1; i < lane->n_kept; i++)
		assert_true(lane->kept[i].index > lane->kept[i - 1].index);
	for (size_t i = 0; i < lane->n_kept; i++)
		around += lane->kept[i].number >= 90000 - TIMELINE_CONTEXT &&
			  lane->kept[i].number <= 90004 + TIMELINE_CONTEXT;
	assert_int_equal(around, 4 + 2 * TIMELINE_CONTEXT + 1);
	assert_int_equal(lane->n_kept, TIMELINE_FIRST + around);
	assert_int_equal(t->findings[0].case_index, 0);
	assert_int_equal(t->cases[0].exit_number, 90000);
	timeline_free(t);
	free(t);
}

static void odd_times(void **state)
{
	static const uint64_t times[] = {
		REBLOCK_NO_TIME, 7, 3, REBLOCK_NO_TIME - 1, 0, REBLOCK_NO_TIME - 1, 1,
		REBLOCK_NO_TIME
	};
	struct timeline *t = malloc(sizeof(*t));
	uint64_t last = 0;

	(void)state;
	timeline_begin(t, &source, REBLOCK_VNMI_NOT_ASSUMED);
	for (uint64_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct reblock_record r = record(REBLOCK_EXIT, times[i], 1, 0);

		r.presence = REBLOCK_HAS_INTERRUPTIBILITY;
		timeline_record(t, i, &r);
	}
	assert_true(timeline_end(t));
	for (size_t i = 0; i < t->lanes[0]->n_kept; i++) {
		assert_true(t->lanes[0]->kept[i].at >= last);
		last = t->lanes[0]->kept[i].at;
	}
	assert_int_equal(total_of(t->lanes[0]).exits, 8);
	timeline_free(t);
	free(t);
}

/* What a record says of blocking: before and after, from the state before it. */
static void says(struct reblock_record r, enum reblock_tri so_far, bool events_recorded,
		 enum reblock_tri before, enum reblock_tri after)
{
	struct timeline_record said = { .record = r };

	timeline_blocking(&said, so_far, events_recorded);
	assert_int_equal(said.before, before);
	assert_int_equal(said.after, after);
}

static void blocking_of_exits(void **state)
{
	struct reblock_record exit = record(REBLOCK_EXIT, 0, 1, 0);

	(void)state;
	says(exit, REBLOCK_YES, true, REBLOCK_UNKNOWN, REBLOCK_UNKNOWN);
	exit.presence = REBLOCK_HAS_REASON | REBLOCK_HAS_QUALIFICATION | REBLOCK_HAS_PIN |
			REBLOCK_HAS_IDT_VECTORING;
	exit.reason = REBLOCK_REASON_EPT_VIOLATION;
	exit.pin = REBLOCK_PIN_NMI_EXITING | REBLOCK_PIN_VIRTUAL_NMIS;
	exit.qualification = REBLOCK_NMI_UNBLOCKING;
	says(exit, REBLOCK_UNKNOWN, true, REBLOCK_YES, REBLOCK_NO);
	exit.idt_vectoring = REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI | REBLOCK_VECTOR_NMI;
	says(exit, REBLOCK_UNKNOWN, true, REBLOCK_YES, REBLOCK_YES);
	exit.presence |= REBLOCK_HAS_INTERRUPTIBILITY;
	says(exit, REBLOCK_UNKNOWN, true, REBLOCK_NO, REBLOCK_NO);
	exit.reason |= REBLOCK_REASON_FAILED_ENTRY;
	says(exit, REBLOCK_YES, true, REBLOCK_UNKNOWN, REBLOCK_UNKNOWN);
	exit.reason = REBLOCK_REASON_NMI_WINDOW;
	exit.presence = REBLOCK_HAS_REASON;
	says(exit, REBLOCK_UNKNOWN, true, REBLOCK_NO, REBLOCK_NO);
	exit.presence |= REBLOCK_HAS_L2;
	exit.flags = REBLOCK_L2;
	says(exit, REBLOCK_YES, true, REBLOCK_UNKNOWN, REBLOCK_UNKNOWN);
}

static void blocking_of_others(void **state)
{
	struct reblock_record entry = record(REBLOCK_ENTRY, 0, 1, 0);
	struct reblock_record other = record(REBLOCK_BLOCKED_READ, 0, 1, 0);

	(void)state;
	says(entry, REBLOCK_YES, true, REBLOCK_UNKNOWN, REBLOCK_UNKNOWN);
	entry.presence = REBLOCK_HAS_INTERRUPTIBILITY;
	entry.interruptibility = REBLOCK_BLOCKING_NMI;
	says(entry, REBLOCK_UNKNOWN, true, REBLOCK_YES, REBLOCK_YES);
	entry.interruptibility = 0;
	entry.presence |= REBLOCK_HAS_INTR_INFO;
	entry.intr_info = REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI | REBLOCK_VECTOR_NMI;
	says(entry, REBLOCK_UNKNOWN, true, REBLOCK_NO, REBLOCK_YES);

	/* "Blocked" merges STI, MOV-SS and NMI and proves nothing. */
	other.presence = REBLOCK_HAS_MASKED;
	other.flags = REBLOCK_MASKED;
	says(other, REBLOCK_UNKNOWN, true, REBLOCK_UNKNOWN, REBLOCK_UNKNOWN);
	other.flags = 0;
	says(other, REBLOCK_UNKNOWN, true, REBLOCK_NO, REBLOCK_NO);
	other.kind = REBLOCK_MASK_WRITE;
	says(other, REBLOCK_YES, true, REBLOCK_YES, REBLOCK_UNKNOWN);
	other.kind = REBLOCK_MASK_READ;
	says(other, REBLOCK_YES, true, REBLOCK_YES, REBLOCK_YES);
	other.kind = REBLOCK_USER_EXIT;
	says(other, REBLOCK_NO, true, REBLOCK_NO, REBLOCK_NO);
	says(other, REBLOCK_NO, false, REBLOCK_NO, REBLOCK_UNKNOWN);
	other.kind = REBLOCK_LOST;
	says(other, REBLOCK_NO, true, REBLOCK_UNKNOWN, REBLOCK_UNKNOWN);
}

static void is_written(void (*write)(FILE *, const char *), const char *text, const char *want)
{
	char *got = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&got, &size);

	write(memory, text);
	fclose(memory);
	assert_string_equal(got, want);
	free(got);
}

static void text_is_only_text(void **state)
{
	(void)state;
	is_written(html_json_string, "</script>&\"\\'\n\x7f",
		   "\"\\u003c/script\\u003e\\u0026\\u0022\\u005c\\u0027\\u000a\\u007f\"");
	is_written(html_json_string, "\xe2\x80\xa8\xe2\x80\xae\xc3\xa9",
		   "\"\\u2028\\u202e\xc3\xa9\"");
	is_written(html_json_string, "\xff\xc0\xaf\xed\xa0\x80\xe2\x82",
		   "\"\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\"");
	is_written(html_escaped, "<a b='c'>&\x01\n",
		   "&#60;a b=&#39;c&#39;&#62;&#38;\xef\xbf\xbd\n");
}

static void strings_are_bounded(void **state)
{
	struct html_strings s;
	char text[16];

	(void)state;
	html_strings_begin(&s, 6000);
	for (unsigned i = 0; i < 5000; i++) {
		long first, again;

		snprintf(text, sizeof(text), "%04u", i);
		first = html_strings_add(&s, text);
		again = html_strings_add(&s, text);
		assert_int_equal(first, i < 1200 ? (long)i : -1);
		assert_int_equal(first, again);
	}
	assert_true(s.full);
	assert_false(s.failed);
	html_strings_free(&s);
}

static void long_messages_are_left_out(void **state)
{
	struct protobuf m = { .length = 0 };
	char long_text[PROTOBUF_MAX + 1], *got = NULL;
	size_t size = 0, opened;
	FILE *memory = open_memstream(&got, &size);
	static const uint8_t want[] = { 0x0a, 0x0c, 0x08, 0xac, 0x02, 0x12, 0x86,
					0x00, 0x0a, 0x01, 'x',  0x10, 0x80, 0x01 };

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = 0;
	opened = protobuf_open(&m, 3);
	protobuf_text(&m, 1, long_text);
	protobuf_close(&m, opened);
	assert_false(protobuf_write(&m, 1, memory));
	protobuf_number(&m, 1, 300);
	opened = protobuf_open(&m, 2);
	protobuf_text(&m, 1, "x");
	protobuf_number(&m, 2, 128);
	protobuf_close(&m, opened);
	assert_true(protobuf_write(&m, 1, memory));
	fclose(memory);
	assert_int_equal(size, sizeof(want));
	assert_memory_equal(got, want, sizeof(want));
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_survive_growth),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(context_is_kept),
		cmocka_unit_test(odd_times),
		cmocka_unit_test(blocking_of_exits),
		cmocka_unit_test(blocking_of_others),
		cmocka_unit_test(text_is_only_text),
		cmocka_unit_test(strings_are_bounded),
		cmocka_unit_test(long_messages_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
