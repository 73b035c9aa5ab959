/* SPDX-License-Identifier: BSD-2-Clause */
/* Which instruction is an IRET, and what is known of a guest's memory. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "pt/image.h"

#define HIGH 0xffffffff81000000u
#define LOW 0x401000u

static enum reblock_tri look(uint64_t address, const char *bytes, size_t size)
{
	struct pt_image *image = pt_image_make();
	enum reblock_tri is;

	assert_non_null(image);
	assert_int_equal(pt_image_put(image, address, (const uint8_t *)bytes, size), 0);
	is = pt_image_at_iret(image, address);
	pt_image_end(image);
	return is;
}

static void instructions(void **state)
{
	static const struct {
		uint64_t address;
		const char *bytes;
		size_t size;
		enum reblock_tri is;
	} rows[] = {
		{ HIGH, "\x48\xcf", 2, REBLOCK_YES },
		{ HIGH, "\xcf", 1, REBLOCK_YES },
		{ HIGH, "\x66\xcf", 2, REBLOCK_YES },
		{ HIGH, "\x66\x48\xcf", 3, REBLOCK_YES },
		{ LOW, "\xcf", 1, REBLOCK_YES },
		{ LOW, "\x66\xcf", 2, REBLOCK_YES },
		{ LOW, "\x48\xcf", 2, REBLOCK_UNKNOWN }, /* DEC EAX, IRET in 32-bit mode */
		{ LOW, "\x48\x90", 2, REBLOCK_NO },
		{ HIGH, "\x48\x0f\x07", 3, REBLOCK_NO }, /* SYSRET */
		{ HIGH, "\x0f\x01\xca\xcf", 4, REBLOCK_NO },
		{ HIGH, "\xf0\xcf", 2, REBLOCK_NO },
		{ HIGH, "\x48\x48\xcf", 3, REBLOCK_NO },
		{ HIGH, "\x48\x66\xcf", 3, REBLOCK_UNKNOWN },
		{ HIGH, "\x48", 1, REBLOCK_UNKNOWN },
		{ HIGH, "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\xcf", 16,
		  REBLOCK_NO },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (look(rows[i].address, rows[i].bytes, rows[i].size) != rows[i].is)
			fail_msg("row %zu", i);
	assert_int_equal(pt_image_at_iret(NULL, HIGH), REBLOCK_UNKNOWN);
}

static void pieces(void **state)
{
	struct pt_image *image = pt_image_make();

	(void)state;
	assert_non_null(image);
	assert_int_equal(pt_image_put(image, 0x1000, (const uint8_t *)"\x66", 1), 0);
	assert_int_equal(pt_image_at_iret(image, 0x1000), REBLOCK_UNKNOWN);
	/* on both sides of a border */
	assert_int_equal(pt_image_put(image, 0x1001, (const uint8_t *)"\xcf\xcf", 2), 0);
	assert_int_equal(pt_image_at_iret(image, 0x1000), REBLOCK_YES);
	/* the same again, and another */
	assert_int_equal(pt_image_put(image, 0x1002, (const uint8_t *)"\xcf", 1), 0);
	assert_int_equal(pt_image_at_iret(image, 0x1002), REBLOCK_YES);
	assert_int_equal(pt_image_put(image, 0x1002, (const uint8_t *)"\x90", 1), 0);
	assert_int_equal(pt_image_at_iret(image, 0x1002), REBLOCK_UNKNOWN);
	assert_int_equal(pt_image_at_iret(image, 0x1003), REBLOCK_UNKNOWN);
	assert_int_equal(pt_image_at_iret(image, 0xfff), REBLOCK_UNKNOWN);
	/* the end of all addresses */
	assert_int_equal(pt_image_put(image, UINT64_MAX, (const uint8_t *)"\xcf\xcf", 2), -EINVAL);
	assert_int_equal(pt_image_put(image, UINT64_MAX, (const uint8_t *)"\xcf", 1), 0);
	assert_int_equal(pt_image_at_iret(image, UINT64_MAX), REBLOCK_YES);
	pt_image_end(image);
}

/* What is read to follow instructions is of memory alone, and nothing of what is not known. */
static void memory(void **state)
{
	struct pt_image *image = pt_image_make();
	uint8_t bytes[16];

	(void)state;
	assert_false(pt_image_has_memory(NULL));
	assert_false(pt_image_has_memory(image));
	assert_int_equal(pt_image_put_program(image, 0x1000, (const uint8_t *)"\xcf\x90", 2), 0);
	assert_false(pt_image_has_memory(image));
	assert_int_equal(pt_image_read(image, 0x1000, bytes, 2), 0);
	assert_int_equal(pt_image_at_iret(image, 0x1000), REBLOCK_YES);
	assert_int_equal(pt_image_put(image, 0x1001, (const uint8_t *)"\x91\x92\x93", 3), 0);
	assert_true(pt_image_has_memory(image));
	assert_int_equal(pt_image_read(image, 0x1000, bytes, 2), 0);
	/* that the program's file has another byte there does not count */
	assert_int_equal(pt_image_read(image, 0x1001, bytes, 16), 3);
	assert_memory_equal(bytes, "\x91\x92\x93", 3);
	/* over a border, out of the larger of two that lie one over the other, up to where they differ */
	assert_int_equal(pt_image_put(image, 0xff0, (const uint8_t *)"0123456789abcdef", 16), 0);
	assert_int_equal(pt_image_put(image, 0xff2, (const uint8_t *)"2", 1), 0);
	assert_int_equal(pt_image_put(image, 0xff3, (const uint8_t *)"3x", 2), 0);
	assert_int_equal(pt_image_read(image, 0xff0, bytes, 16), 4);
	assert_memory_equal(bytes, "0123", 4);
	assert_int_equal(pt_image_read(image, 0xff3, bytes, 2), 1);
	assert_int_equal(pt_image_read(image, 0xff4, bytes, 16), 0);
	assert_int_equal(pt_image_read(image, 0xff5, bytes, 16), 11);
	assert_int_equal(pt_image_put(image, 0x1000, (const uint8_t *)"\x90", 1), 0);
	assert_int_equal(pt_image_read(image, 0xffe, bytes, 16), 6);
	/* not on at address 0 */
	assert_int_equal(pt_image_put(image, UINT64_MAX, (const uint8_t *)"\xcf", 1), 0);
	assert_int_equal(pt_image_put(image, 0, (const uint8_t *)"\xcf", 1), 0);
	assert_int_equal(pt_image_read(image, UINT64_MAX, bytes, 2), 1);
	pt_image_end(image);
}

/* What of [BEGIN, LAST] around ADDRESS one piece has alone: "BEGIN-LAST: bytes", or "". */
static const char *alone(const struct pt_image *image, uint64_t address, uint64_t begin,
			 uint64_t last)
{
	static char text[96];
	const uint8_t *bytes = pt_image_alone(image, address, &begin, &last);

	text[0] = 0;
	if (bytes)
		snprintf(text, sizeof(text), "%llx-%llx: %.*s", (unsigned long long)begin,
			 (unsigned long long)last, (int)(last - begin + 1), (const char *)bytes);
	return text;
}

static void one_piece_alone(void **state)
{
	struct pt_image *image = pt_image_make();

	(void)state;
	assert_string_equal(alone(image, 0, 0, UINT64_MAX), "");
	assert_int_equal(pt_image_put(image, 0x1000, (const uint8_t *)"0123456789abcdef", 16), 0);
	assert_string_equal(alone(image, 0x1004, 0, UINT64_MAX), "1000-100f: 0123456789abcdef");
	assert_string_equal(alone(image, 0x1004, 0x1004, 0x1004), "1004-1004: 4");
	assert_string_equal(alone(image, 0x1004, 0x1002, 0x1006), "1002-1006: 23456");
	assert_string_equal(alone(image, 0xfff, 0, UINT64_MAX), "");
	assert_string_equal(alone(image, 0x1010, 0, UINT64_MAX), "");
	/* others within it, before and behind it */
	assert_int_equal(pt_image_put(image, 0x1008, (const uint8_t *)"8", 1), 0);
	assert_int_equal(pt_image_put(image, 0xffe, (const uint8_t *)"xy01", 4), 0);
	assert_int_equal(pt_image_put(image, 0x100f, (const uint8_t *)"fg", 2), 0);
	assert_string_equal(alone(image, 0x1004, 0, UINT64_MAX), "1002-1007: 234567");
	assert_string_equal(alone(image, 0x1009, 0, UINT64_MAX), "1009-100e: 9abcde");
	assert_string_equal(alone(image, 0x1008, 0, UINT64_MAX), "");
	assert_string_equal(alone(image, 0x1001, 0, UINT64_MAX), "");
	assert_string_equal(alone(image, 0xfff, 0, UINT64_MAX), "ffe-fff: xy");
	assert_string_equal(alone(image, 0x1010, 0, UINT64_MAX), "1010-1010: g");
	/* a program's file is no memory */
	assert_int_equal(pt_image_put_program(image, 0x1003, (const uint8_t *)"xxxxxxxxxx", 10), 0);
	assert_string_equal(alone(image, 0x1004, 0, UINT64_MAX), "1002-1007: 234567");
	/* a long one before reaches over all of it */
	assert_int_equal(pt_image_put(image, 0xf00, (const uint8_t[0x105]){ 0 }, 0x105), 0);
	assert_string_equal(alone(image, 0x1004, 0, UINT64_MAX), "");
	assert_string_equal(alone(image, 0x1006, 0, UINT64_MAX), "1005-1007: 567");
	pt_image_end(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instructions),
		cmocka_unit_test(pieces),
		cmocka_unit_test(memory),
		cmocka_unit_test(one_piece_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
