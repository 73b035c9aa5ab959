/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intel PT of whole programs, made by who knows what ran (pt_walk.h): what is decoded is that and nothing else, and every IRET
 * is seen where the instructions are followed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include "pt/image.h"
#include "pt/stream.h"
#include "pt_walk.h"

enum { BYTES = 256 * 1024, IRETS_MOST = 4096 };

struct ran {
	uint8_t bytes[BYTES + PT_WALK_STEP_MOST];
	size_t size;
	struct pt_walk walk;
	struct pt_walk_iret irets[IRETS_MOST];
};

/* What SEED's way through PROGRAM makes; it takes the place of what was made before. */
static struct ran *run(const struct pt_program *program, uint64_t seed)
{
	static struct ran ran;

	pt_walk_begin(&ran.walk, program, seed, 1000000);
	ran.walk.iret = ran.irets;
	ran.walk.irets_room = IRETS_MOST;
	ran.size = pt_walk_on(&ran.walk, ran.bytes, BYTES);
	return &ran;
}

/* Compares what the stream of CONFIG gives with what ran. */
static void expect(const struct pt_config *config, const struct ran *ran)
{
	struct pt_stream *stream;
	struct pt_event event;
	uint64_t irets = 0, begins = 0;

	assert_int_equal(pt_stream_open(config, ran->bytes, ran->size, &stream), 0);
	while (pt_stream_next(stream, &event) == 1) {
		assert_int_not_equal(event.type, PT_EVENT_GAP);
		assert_int_not_equal(event.type, PT_EVENT_UNFOLLOWED);
		begins += event.begins;
		if (event.type != PT_EVENT_IRET)
			continue;
		assert_true(irets < ran->walk.irets);
		assert_int_equal(event.ip, ran->irets[irets].ip);
		assert_int_equal(event.to, ran->irets[irets].to);
		irets++;
	}
	assert_int_equal(begins, ran->walk.exits + 1);
	assert_int_equal(irets, config->image ? ran->walk.irets : 0);
	assert_int_equal(pt_stream_counts(stream)->wrong_image, 0);
	pt_stream_close(stream);
}

/* By each of libipt's decoders that there is. */
static void expect_all(const struct pt_image *image, const struct ran *ran)
{
	const enum pt_backend backends[] = { PT_BACKEND_EVENTS, PT_BACKEND_PACKETS };

	for (size_t i = 0; i < sizeof(backends) / sizeof(*backends); i++) {
		struct pt_config config = { .mtc_freq = PT_WALK_MTC_FREQ,
					    .cpuid_0x15_eax = 1,
					    .cpuid_0x15_ebx = PT_WALK_TSC_OF_TICK,
					    .image = image,
					    .backend = backends[i] };

		if (pt_has_backend(backends[i]))
			expect(&config, ran);
	}
}

static void guest(void **state)
{
	struct pt_image *image = pt_image_make();
	struct pt_program program;

	(void)state;
	if (!pt_library())
		skip();
	pt_program_make(&program, true);
	assert_non_null(image);
	assert_int_equal(pt_image_put(image, PT_PROGRAM_CODE, program.code, program.size), 0);
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct ran *ran = run(&program, seed);

		assert_in_range(ran->walk.irets, 100, IRETS_MOST);
		assert_in_range(ran->walk.exits, 10, UINT64_MAX);
		expect_all(image, ran);
		expect_all(NULL, ran);
	}
	pt_image_end(image);
	pt_program_free(&program);
}

static void process(void **state)
{
	struct pt_program program;

	(void)state;
	if (!pt_library())
		skip();
	pt_program_make(&program, false);
	expect_all(NULL, run(&program, 1));
	pt_program_free(&program);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guest),
		cmocka_unit_test(process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
