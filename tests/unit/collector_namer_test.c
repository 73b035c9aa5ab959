// SPDX-License-Identifier: BSD-2-Clause
/* Names are asked for beside the stream, which never waits for them. */
#include "collector/namer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

static atomic_bool stuck;

/* PID 0 has no name; the others are called after it, once they may be. */
static size_t find(uint32_t pid, char *name, size_t room)
{
	while (atomic_load(&stuck))
		usleep(1000);
	return pid ? (size_t)snprintf(name, room, "guest-%u", (unsigned)pid) : 0;
}

static struct reblock_record meta(uint32_t vm, uint32_t pid)
{
	struct reblock_record r = { .kind = REBLOCK_META,
				    .vm = vm,
				    .vcpu = REBLOCK_NO_VCPU,
				    .error_code = pid,
				    .presence = REBLOCK_HAS_ERROR_CODE };

	reblock_record_set_name(&r, "qemu");
	return r;
}

static void ask(struct namer *namer, uint32_t vm, uint32_t pid)
{
	struct reblock_record r = meta(vm, pid);

	namer_ask(namer, &r);
}

static void answers(void **state)
{
	struct namer *namer = namer_begin(find);
	char name[REBLOCK_NAME_LENGTH + 1];
	struct reblock_record r = meta(9, 9);

	(void)state;
	assert_non_null(namer);
	assert_false(namer_answer(namer, &r));
	r.presence = 0; /* no process */
	namer_ask(namer, &r);
	ask(namer, 1, 100);
	ask(namer, 2, 0);
	ask(namer, 3, 300);
	namer_wait(namer, 10000);
	for (uint32_t i = 1; i <= 3; i += 2) {
		char expected[16];

		assert_true(namer_answer(namer, &r));
		assert_int_equal(r.vm, i);
		reblock_record_name(&r, name);
		snprintf(expected, sizeof(expected), "guest-%u", (unsigned)(100 * i));
		assert_string_equal(name, expected);
	}
	assert_false(namer_answer(namer, &r));
	namer_end(namer);
}

/* One that never comes back holds up nobody, and not without bound. */
static void holds_up_nobody(void **state)
{
	struct namer *namer = namer_begin(find);
	struct timespec began, end;
	struct reblock_record r;
	unsigned answered = 0;

	(void)state;
	atomic_store(&stuck, true);
	clock_gettime(CLOCK_MONOTONIC, &began);
	for (uint32_t i = 1; i < 100000; i++)
		ask(namer, i, i);
	assert_false(namer_answer(namer, &r));
	namer_wait(namer, 20);
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - began.tv_sec < 10);
	atomic_store(&stuck, false);
	namer_wait(namer, 10000);
	while (namer_answer(namer, &r))
		answered++;
	assert_true(answered >= 100 && answered <= 300);

	/* Ended while it is stuck. */
	atomic_store(&stuck, true);
	ask(namer, 1, 1);
	usleep(20000);
	namer_end(namer);
	atomic_store(&stuck, false);
	usleep(50000);
	namer_end(NULL);
	namer_ask(NULL, &r);
	assert_false(namer_answer(NULL, &r));
}

static void never_asked(void **state)
{
	(void)state;
	namer_end(namer_begin(find));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(holds_up_nobody),
		cmocka_unit_test(never_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
