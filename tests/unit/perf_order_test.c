/* SPDX-License-Identifier: BSD-2-Clause */
/* The order of samples: rounds of several buffers, and memory that ends before the round does. */
#include "input/perf_order.h"
#include "input_fixture.h"

#define BUFFERS 5
#define SAMPLES 4000

struct given {
	uint64_t t[SAMPLES];
	uint64_t value[SAMPLES];
	size_t n;
};

static void give(struct perf_order *o, struct given *g)
{
	const struct perf_key *key;

	while ((key = perf_order_next(o)) != NULL) {
		assert_true(g->n < SAMPLES);
		g->t[g->n] = key->t;
		memcpy(&g->value[g->n++], key->sample, sizeof(g->value[0]));
	}
}

/*
 * Buffers as perf fills and empties them: at a time that goes on, each holds what came since it was emptied
 * last. What comes out is in order, all of it, each with its own bytes, and as early as perf's rule allows.
 */
static void rounds(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 200; seed++) {
		static uint8_t stays[SAMPLES][16];
		static struct given g;
		struct perf_order o = { .n = 0 };
		uint64_t random = seed * 0x9e3779b97f4a7c15u, now = 1, emptied[BUFFERS] = { 0 };
		size_t n = 0;
		bool copy = seed % 2;

		g.n = 0;
		while (n < SAMPLES) {
			for (unsigned b = 0; b < BUFFERS && n < SAMPLES; b++) {
				uint64_t t = emptied[b];

				now += fixture_random(&random) % 50;
				while (n < SAMPLES &&
				       (t += 1 + fixture_random(&random) % 40) < now) {
					uint8_t bytes[16];

					memcpy(bytes, &n, 8);
					memcpy(stays[n], &n, 8);
					assert_int_equal(perf_order_add(&o, t,
									copy ? bytes : stays[n], 16,
									copy),
							 0);
					memset(bytes, 0xee, sizeof(bytes));
					n++;
				}
				emptied[b] = now;
			}
			perf_order_round(&o);
			give(&o, &g);
			/* Two rounds' worth waits at most. */
			assert_true(o.n - o.ready < 1000 || n == SAMPLES);
		}
		perf_order_finish(&o);
		give(&o, &g);
		assert_int_equal(g.n, SAMPLES);
		for (size_t i = 1; i < g.n; i++)
			assert_true(g.t[i - 1] <= g.t[i]);
		/* every one once */
		for (size_t i = 0; i < g.n; i++)
			stays[g.value[i]][15] ^= 1;
		for (size_t i = 0; i < g.n; i++) {
			assert_int_equal(stays[i][15], 1);
			stays[i][15] = 0;
		}
		perf_order_free(&o);
	}
}

/* The older half goes when there is no room; those that come later and are older come at once. */
static void overflow(void **state)
{
	for (int copy = 0; copy < 2; copy++) {
		struct perf_order o = { .n = 0 };
		static struct given g;
		static uint64_t value[SAMPLES];
		uint64_t random = 77;
		size_t n = 0, disorder = 0;

		(void)state;
		g.n = 0;
		while (n < SAMPLES) {
			uint64_t t = 1000 * (n / 100) + fixture_random(&random) % 5000;

			value[n] = t;
			assert_int_equal(perf_order_add(&o, t, (const uint8_t *)&value[n], 8, copy),
					 0);
			if (copy)
				value[n] = 0;
			n++;
			if (n % 700 == 0) {
				size_t waiting = o.n - o.ready;

				perf_order_overflow(&o);
				assert_true(o.ready >= waiting / 2);
				give(&o, &g);
			}
		}
		perf_order_finish(&o);
		give(&o, &g);
		assert_int_equal(g.n, SAMPLES);
		for (size_t i = 0; i < g.n; i++) {
			assert_int_equal(g.t[i], g.value[i]);
			disorder += i && g.t[i] < g.t[i - 1];
		}
		assert_true(disorder < 10);
		perf_order_free(&o);
	}
}

/* Copies do not add up over many rounds. */
static void bounded(void **state)
{
	struct perf_order o = { .n = 0 };
	uint8_t bytes[4096] = { 0 };

	(void)state;
	for (uint64_t t = 1; t < 50000; t++) {
		assert_int_equal(perf_order_add(&o, t, bytes, sizeof(bytes), true), 0);
		if (t % 100 == 0) {
			perf_order_round(&o);
			while (perf_order_next(&o))
				;
		}
		assert_true(o.bytes <= (size_t)3 << 20);
		assert_true(o.room <= 256);
	}
	perf_order_free(&o);
}

/* Many of the same time, in whatever order they come, stay in it. */
static void equal_times(void **state)
{
	struct perf_order o = { .n = 0 };
	static uint64_t value[SAMPLES];
	const struct perf_key *key;
	uint64_t last = 0;

	(void)state;
	for (size_t i = 0; i < SAMPLES; i++) {
		value[i] = i + 1;
		perf_order_add(&o, 5, (const uint8_t *)&value[i], 8, false);
		/* what is older begins a new run */
		if (i % 100 == 0)
			perf_order_add(&o, 4, (const uint8_t *)&value[i], 8, false);
	}
	perf_order_overflow(&o);
	while ((key = perf_order_next(&o)) != NULL)
		if (key->t == 5)
			assert_int_equal(*(const uint64_t *)(const void *)key->sample, ++last);
	assert_int_equal(last, SAMPLES);
	perf_order_free(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rounds),
		cmocka_unit_test(overflow),
		cmocka_unit_test(bounded),
		cmocka_unit_test(equal_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
