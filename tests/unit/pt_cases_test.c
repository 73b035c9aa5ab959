/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cases in tests/unit/pt: each of libipt's decoders that this program can have gives the events that the case says, and
 * so do its bytes cut at PSBs; and any end that the bytes may have is an end. The same test runs with each libipt that
 * there is (pt_cases_system_test, pt_cases_other_test).
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

enum { EVENTS = 300 };

struct events {
	struct pt_event all[EVENTS];
	unsigned n;
	struct pt_counts counts;
};

static void add_counts(struct pt_counts *to, const struct pt_counts *from)
{
	for (int i = 0; i < PT_KINDS; i++)
		to->packets[i] += from->packets[i];
	to->events += from->events;
	to->gaps += from->gaps;
	to->overflows += from->overflows;
	to->errors += from->errors;
	to->skipped += from->skipped;
	to->unfollowed += from->unfollowed;
	to->wrong_image += from->wrong_image;
}

/* Adds what the bytes from BEGIN to END give, which are decoded apart. */
static void decode(struct events *e, const struct pt_config *config, const uint8_t *bytes,
		   size_t begin, size_t end)
{
	/* of their very size: what is read beside them a sanitizer sees */
	uint8_t *own = malloc(end - begin + !(end - begin));
	struct pt_stream *stream;
	struct pt_event event;
	int status;

	assert_non_null(own);
	memcpy(own, bytes + begin, end - begin);
	assert_int_equal(pt_stream_open(config, own, end - begin, &stream), 0);
	while ((status = pt_stream_next(stream, &event)) == 1) {
		assert_true(e->n < EVENTS);
		event.offset += begin;
		assert_true(event.offset <= end);
		if (e->n)
			assert_true(event.offset >= e->all[e->n - 1].offset);
		e->all[e->n++] = event;
	}
	assert_int_equal(status, 0);
	add_counts(&e->counts, pt_stream_counts(stream));
	pt_stream_close(stream);
	free(own);
}

static bool same_event(const struct pt_event *a, const struct pt_event *b)
{
	char first[PT_EVENT_TEXT], second[PT_EVENT_TEXT];

	pt_event_text(a, first);
	pt_event_text(b, second);
	return a->offset == b->offset && !strcmp(first, second);
}

static void same(const struct events *a, const struct events *b, const char *path, const char *what)
{
	char first[PT_EVENT_TEXT], second[PT_EVENT_TEXT];

	for (unsigned i = 0; i < a->n || i < b->n; i++) {
		first[0] = second[0] = 0;
		if (i < a->n)
			pt_event_text(&a->all[i], first);
		if (i < b->n)
			pt_event_text(&b->all[i], second);
		if (i >= a->n || i >= b->n || !same_event(&a->all[i], &b->all[i]))
			fail_msg("%s: %s: event %u: %s @%llu, %s @%llu", path, what, i, first,
				 i < a->n ? (unsigned long long)a->all[i].offset : 0, second,
				 i < b->n ? (unsigned long long)b->all[i].offset : 0);
	}
	assert_memory_equal(&a->counts, &b->counts, sizeof(a->counts));
}

static const enum pt_backend backends[] = { PT_BACKEND_EVENTS, PT_BACKEND_PACKETS };

static void expect(const struct pt_case *c, const char *path, const struct events *e)
{
	static char text[EVENTS][PT_EVENT_TEXT];
	char *lines[EVENTS];

	for (unsigned i = 0; i < e->n; i++) {
		pt_event_text(&e->all[i], text[i]);
		lines[i] = text[i];
	}
	assert_true(pt_case_expect(c, path, "events", lines, e->n));
}

static void one_case(struct pt_case *c, const char *path)
{
	static struct events whole, other;
	struct pt_config config = c->config;

	for (size_t b = 0; b < 2; b++) {
		struct events *e = b ? &other : &whole;

		config.backend = backends[b];
		if (!pt_has_backend(config.backend))
			config.backend = PT_BACKEND_PACKETS;
		memset(e, 0, sizeof(*e));
		decode(e, &config, c->bytes, 0, c->size);
		expect(c, path, e);
	}
	same(&whole, &other, path, "the two decoders");
}

static void one_case_cut(struct pt_case *c, const char *path)
{
	static struct events whole, cut;
	size_t at = 0, next;

	for (size_t b = 0; b < 2; b++) {
		c->config.backend = backends[b];
		if (!pt_has_backend(backends[b]))
			continue;
		memset(&whole, 0, sizeof(whole));
		memset(&cut, 0, sizeof(cut));
		decode(&whole, &c->config, c->bytes, 0, c->size);
		for (at = 0; at < c->size; at = next) {
			next = pt_split(c->bytes, c->size, at);
			if (next == at)
				next = pt_split(c->bytes, c->size, at + PT_PSB_SIZE);
			decode(&cut, &c->config, c->bytes, at, next);
		}
		same(&whole, &cut, path, "cut at PSBs");
	}
}

/* Whether it comes of following instructions, and has the offset of what comes next. */
static bool is_of_flow(const struct pt_event *e)
{
	return e->type == PT_EVENT_UNFOLLOWED || (e->type == PT_EVENT_IRET && !e->cfe);
}

static void leave_out_flow(struct events *e)
{
	unsigned n = 0;

	for (unsigned i = 0; i < e->n; i++)
		if (!is_of_flow(&e->all[i]))
			e->all[n++] = e->all[i];
	e->n = n;
}

/*
 * The bytes cut off at each place, by both decoders. What was given of events before the last is given then too: only the
 * last may lose what comes after it, and a gap may follow. That the image is wrong a later packet may show.
 */
static void one_case_truncated(struct pt_case *c, const char *path)
{
	static struct events whole, shorter, other;
	bool wrong;

	memset(&whole, 0, sizeof(whole));
	decode(&whole, &c->config, c->bytes, 0, c->size);
	wrong = whole.counts.wrong_image;
	if (wrong)
		leave_out_flow(&whole);
	for (size_t size = 0; size < c->size; size++) {
		memset(&shorter, 0, sizeof(shorter));
		memset(&other, 0, sizeof(other));
		c->config.backend = PT_BACKEND_BEST;
		decode(&shorter, &c->config, c->bytes, 0, size);
		c->config.backend = PT_BACKEND_PACKETS;
		decode(&other, &c->config, c->bytes, 0, size);
		same(&shorter, &other, path, "the two decoders, cut off");
		if (wrong)
			leave_out_flow(&shorter);
		for (unsigned i = 0; i + 2 < shorter.n; i++) {
			char is[PT_EVENT_TEXT], was[PT_EVENT_TEXT];

			pt_event_text(&shorter.all[i], is);
			pt_event_text(&whole.all[i], was);
			if (strcmp(is, was) != 0 || (!is_of_flow(&whole.all[i]) &&
						     !same_event(&shorter.all[i], &whole.all[i])))
				fail_msg("%s: cut off at %zu: event %u: %s, %s", path, size, i, is,
					 was);
		}
	}
}

static void need_libipt(void)
{
	if (!pt_library())
		skip();
}

static void cases(void **state)
{
	(void)state;
	need_libipt();
	print_message("%s\n", pt_library());
	assert_true(pt_case_each(SOURCE_DIR "/tests/unit/pt", one_case) >= 10);
}

static void cases_cut(void **state)
{
	(void)state;
	need_libipt();
	pt_case_each(SOURCE_DIR "/tests/unit/pt", one_case_cut);
}

static void cases_truncated(void **state)
{
	(void)state;
	need_libipt();
	pt_case_each(SOURCE_DIR "/tests/unit/pt", one_case_truncated);
}

/* What a test of another libipt was made for: that it is another one. */
static void library(void **state)
{
	const char *wanted = getenv("REBLOCK_LIBIPT_WANTED"), *is = pt_library();

	(void)state;
	if (!wanted)
		skip();
	else if (!is)
		fail_msg("no libipt");
	else if (!strstr(is, wanted))
		fail_msg("%s, and not %s", is, wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(cases_cut),
		cmocka_unit_test(cases_truncated),
		cmocka_unit_test(library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
