/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs made shorter: only what is needed stays, whatever lay around it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include <reblock/policies.h>
#include "policy/differences.h"
#include "shrink.h"

#define CELLS 600

static struct run run;

struct wanted {
	const char *policy, *name;
	unsigned asked;
	bool met;
};

static void see(void *context, const struct difference *difference)
{
	struct wanted *w = context;

	w->met |= strcmp(difference->name, w->name) == 0;
}

static bool shows(void *context, const uint8_t *data, size_t size)
{
	struct wanted *w = context;

	w->asked++;
	w->met = false;
	run_decode_as(&run, data, size, reblock_policy_find(w->policy));
	policy_differences(&run, see, w);
	return w->met;
}

/* An NMI comes, then its IRET takes an EPT violation, among turns that do nothing but exit. */
static size_t buried(uint8_t *data, unsigned nmi, unsigned iret, unsigned cells)
{
	size_t size = RUN_HEADER + (size_t)cells * RUN_CELL;

	memset(data, 0, size);
	data[RUN_TIME] = 5;
	for (unsigned i = 0; i < cells; i++)
		data[RUN_HEADER + i * RUN_CELL + offsetof(struct sim_turn, who)] = 0x40;
	data[RUN_HEADER + nmi * RUN_CELL + offsetof(struct sim_turn, inject)] = SIM_COMES_NMI |
										0xf0;
	data[RUN_HEADER + iret * RUN_CELL + offsetof(struct sim_turn, exit)] = SIM_CLASS_IRET |
									       0xa0;
	return size;
}

static void only_what_is_needed(void **state)
{
	static const unsigned cells[] = { 2, 3, 17, 64, CELLS };
	static uint8_t data[RUN_HEADER + CELLS * RUN_CELL];

	(void)state;
	for (unsigned i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		struct wanted w = { .policy = "unaware", .name = "missed-reblock.ept-violation" };
		size_t size = buried(data, (cells[i] - 1) / 3, cells[i] - 1, cells[i]);

		assert_true(shows(&w, data, size));
		shrink_run(data, &size, shows, &w);
		assert_true(shows(&w, data, size));
		/* Two turns, the NMI and the exit, and nothing else that is not 0. */
		assert_true(size > RUN_HEADER + RUN_CELL && size <= RUN_HEADER + 2 * RUN_CELL);
		for (size_t k = 0; k < size; k++)
			assert_true(data[k] == 0 ||
				    k == RUN_HEADER + offsetof(struct sim_turn, inject) ||
				    k == RUN_HEADER + RUN_CELL + offsetof(struct sim_turn, exit));
		assert_int_equal(data[RUN_HEADER + offsetof(struct sim_turn, inject)],
				 SIM_COMES_NMI);
		assert_int_equal(data[RUN_HEADER + RUN_CELL + offsetof(struct sim_turn, exit)],
				 SIM_CLASS_IRET);
		/* By halves, not one by one. */
		assert_true(w.asked < 400);
	}
}

/* What is not there cannot be kept: nothing is touched. */
static void what_is_not_there(void **state)
{
	static uint8_t data[RUN_HEADER + 5 * RUN_CELL], kept[sizeof(data)];
	struct wanted w = { .policy = "sdm", .name = "missed-reblock.ept-violation" };
	size_t size = buried(data, 1, 4, 5);

	(void)state;
	memcpy(kept, data, sizeof(data));
	shrink_run(data, &size, shows, &w);
	assert_int_equal(size, sizeof(data));
	assert_memory_equal(data, kept, sizeof(data));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(only_what_is_needed),
					    cmocka_unit_test(what_is_not_there) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
