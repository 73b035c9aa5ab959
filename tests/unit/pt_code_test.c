/* SPDX-License-Identifier: BSD-2-Clause */
/* The sections that libipt reads a guest's code by: what is made one, and what not; their bytes are for the cases (flow-*.case). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>
#include "pt/code.h"
#include "pt/image.h"

#define BASE 0xffffffff81000000u

/* How many sections there are once ADDRESS is wanted. */
static unsigned wanted(const struct pt_image *image, struct pt_code_view *view, uint64_t address)
{
	struct pt_code *code = pt_image_code(image);

	pt_code_want(code, image, address);
	if (!pt_code_see(code, view))
		skip();
	return view->n;
}

static void sections(void **state)
{
	static uint8_t bytes[3 * PT_CODE_SECTION];
	struct pt_image *image = pt_image_make();
	struct pt_code_view view = { .n = 0 }, other = { .n = 0 };

	(void)state;
	assert_non_null(image);
	assert_int_equal(pt_image_put(image, BASE + 0x100, bytes, sizeof(bytes)), 0);
	assert_int_equal(wanted(image, &view, BASE), 0);
	assert_int_equal(wanted(image, &view, BASE + 0x100), 1);
	assert_int_equal(wanted(image, &view, BASE + PT_CODE_SECTION - 1), 1);
	assert_int_equal(wanted(image, &view, BASE + PT_CODE_SECTION), 2);
	assert_int_equal(wanted(image, &view, BASE + 3 * PT_CODE_SECTION), 3);
	assert_int_equal(wanted(image, &view, BASE + 3 * PT_CODE_SECTION + 0x100), 3);
	assert_int_equal(wanted(image, &other, BASE + 0x100), 3);
	pt_code_view_end(&other);
	pt_code_view_end(&view);
	/* What there was is forgotten with more that comes. */
	assert_int_equal(pt_image_put(image, BASE + 0x200, bytes, 1), 0);
	assert_int_equal(wanted(image, &view, BASE + 0x200), 0);
	assert_int_equal(wanted(image, &view, BASE + 0x1ff), 1);
	assert_int_equal(wanted(image, &view, BASE + 0x201), 2);
	pt_code_view_end(&view);
	pt_image_end(image);
}

static void bounded(void **state)
{
	static uint8_t byte[1];
	struct pt_image *image = pt_image_make();
	struct pt_code_view view = { .n = 0 };

	(void)state;
	assert_non_null(image);
	for (uint64_t i = 0; i < 2 * PT_CODE_SECTIONS; i++)
		assert_int_equal(pt_image_put(image, BASE + 2 * i, byte, 1), 0);
	for (unsigned i = 0; i < 2 * PT_CODE_SECTIONS; i++)
		assert_int_equal(wanted(image, &view, BASE + 2 * i),
				 i < PT_CODE_SECTIONS ? i + 1 : PT_CODE_SECTIONS);
	pt_code_view_end(&view);
	pt_image_end(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sections),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
