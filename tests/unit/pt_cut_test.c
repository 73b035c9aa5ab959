/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a queue is cut into parts: at PSBs alone, also where they touch each other, wherever the pieces end; and nothing
 * is lost or comes twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "pt/cut.h"
#include "pt/split.h"

enum { MOST = 1 << 18, PSBS = 1 << 14 };

struct made {
	uint8_t bytes[MOST];
	size_t size;
	size_t psbs[PSBS];
	size_t n;
};

static void add_psb(struct made *m)
{
	m->psbs[m->n++] = m->size;
	for (int i = 0; i < PT_PSB_SIZE; i++)
		m->bytes[m->size++] = i & 1 ? 0x82 : 0x02;
}

static void add(struct made *m, uint8_t byte, size_t n)
{
	memset(m->bytes + m->size, byte, n);
	m->size += n;
}

static int is_psb(const struct made *m, size_t at)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->psbs[i] == at)
			return 1;
	return 0;
}

/* Cuts M, in pieces of SIZE bytes of which the first has FIRST, and counts the parts. */
static size_t expect_cut(const struct made *m, size_t first, size_t size)
{
	static struct pt_piece pieces[MOST];
	struct pt_queue queue = { .pieces = pieces };
	struct pt_cutter cutter = { .queue = &queue };
	struct pt_part part;
	size_t at = 0, n = 0;

	for (size_t from = 0; from < m->size;) {
		size_t some = from ? size : first;

		some = some < m->size - from ? some : m->size - from;
		/* in memory of its own, so that nothing is read beyond its end */
		pieces[queue.n_pieces].bytes = memcpy(malloc(some), m->bytes + from, some);
		pieces[queue.n_pieces++].size = some;
		from += some;
	}
	while (pt_cut_next(&cutter, &part) == 1) {
		assert_true(part.size && at + part.size <= m->size);
		assert_memory_equal(part.bytes, m->bytes + at, part.size);
		if (at && !is_psb(m, at))
			fail_msg("pieces of %zu and %zu: cut at %zu, where no PSB begins", first,
				 size, at);
		at += part.size;
		n++;
		free(part.own);
	}
	assert_int_equal(at, m->size);
	pt_cut_end(&cutter);
	for (size_t i = 0; i < queue.n_pieces; i++)
		free((void *)pieces[i].bytes);
	memset(pieces, 0, queue.n_pieces * sizeof(*pieces));
	return n;
}

static struct made made;

/* Two PSBs behind each other, then something, then three. */
static void make_touching(void)
{
	memset(&made, 0, sizeof(made));
	add_psb(&made);
	add_psb(&made);
	add(&made, 0x0c, 21);
	add_psb(&made);
	add_psb(&made);
	add_psb(&made);
	add(&made, 0x0c, 4);
}

static void test_touching(void **state)
{
	(void)state;
	make_touching();
	for (size_t first = 1; first <= made.size; first++)
		for (size_t size = 1; size <= made.size; size++)
			assert_true(expect_cut(&made, first, size) >= (first < made.size));
}

/* What begins in the middle of a PSB, or of a packet: up to the first whole one. */
static void test_from_the_middle(void **state)
{
	(void)state;
	memset(&made, 0, sizeof(made));
	add(&made, 0x82, 1);
	add_psb(&made);
	add_psb(&made);
	add(&made, 0x0c, 5);
	add_psb(&made);
	for (size_t first = 1; first <= made.size; first++)
		expect_cut(&made, first, 9);
}

/* Long pieces are cut at the first PSB behind so many bytes, which may be among many that touch. */
static void test_long(void **state)
{
	(void)state;
	for (size_t before = 0; before < PT_PSB_SIZE; before++) {
		memset(&made, 0, sizeof(made));
		add_psb(&made);
		add(&made, 0x0c, before);
		while (made.size < MOST - 64)
			add_psb(&made);
		assert_true(expect_cut(&made, made.size, 1) >= 3);
		assert_true(expect_cut(&made, 70001, 70003) >= 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_touching),
		cmocka_unit_test(test_from_the_middle),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
