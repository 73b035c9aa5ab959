/* SPDX-License-Identifier: BSD-2-Clause */
/* The name in a meta record: its bytes, where it is cut, and names of earlier versions. */
#include <stdbool.h>
#include "input_fixture.h"

static struct reblock_record meta(const char *name)
{
	struct reblock_record r = { .t = 7,
				    .vm = 3,
				    .vcpu = REBLOCK_NO_VCPU,
				    .cpu = REBLOCK_NO_CPU,
				    .kind = REBLOCK_META,
				    .presence = REBLOCK_HAS_ERROR_CODE,
				    .error_code = 0xdeadbeef };

	reblock_record_set_name(&r, name);
	return r;
}

static void assert_name(const struct reblock_record *r, const char *expected)
{
	char name[REBLOCK_NAME_LENGTH + 1];

	reblock_record_name(r, name);
	assert_string_equal(name, expected);
}

/* Every length fits where it says, and nothing but the name's fields is touched. */
static void lengths(void **state)
{
	static const char all[] = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH";
	const struct reblock_record none = meta("");

	(void)state;
	for (size_t n = 0; n < sizeof(all); n++) {
		char name[sizeof(all)], text[REBLOCK_JSON_RECORD_MAX], why[256];
		size_t kept = n < 36 ? n : 36;
		struct reblock_record r, back;
		struct reblock_source source;

		memcpy(name, all, n);
		name[n] = 0;
		r = meta(name);
		name[kept] = 0;
		assert_name(&r, name);
		assert_int_equal(r.error_code, 0xdeadbeef);
		assert_memory_equal(&r.vm, &none.vm,
				    sizeof(r) - offsetof(struct reblock_record, vm));
		back = r;
		assert_true(reblock_record_normalize(&back));
		assert_memory_equal(&back, &r, sizeof(r));
		reblock_json_record(&r, text);
		assert_int_equal(reblock_json_parse(text, strlen(text), &back, &source, why,
						    sizeof(why)),
				 REBLOCK_JSON_IS_RECORD);
		assert_memory_equal(&back, &r, sizeof(r));
	}
}

/* A character of 2, 3 or 4 bytes is kept whole or left out, wherever the room ends in it. */
static void cut_between_characters(void **state)
{
	static const char *const characters[] = { "\xc3\xb6", "\xe2\x82\xac", "\xf0\x9f\x90\x84" };

	(void)state;
	for (size_t c = 0; c < sizeof(characters) / sizeof(characters[0]); c++) {
		size_t size = strlen(characters[c]);

		for (size_t before = 30; before <= 36; before++) {
			char name[64] = "", expected[64] = "";
			size_t length = before;
			struct reblock_record r;

			memset(name, 'x', before);
			memcpy(expected, name, before);
			for (size_t i = 0; i < 4; i++)
				memcpy(name + before + i * size, characters[c], size);
			for (; length + size <= 36; length += size)
				memcpy(expected + length, characters[c], size);
			r = meta(name);
			assert_name(&r, expected);
		}
	}
}

/* What is no UTF-8 is cut all the same, and a longer name leaves nothing of itself behind. */
static void hostile(void **state)
{
	char name[100];
	struct reblock_record r;

	(void)state;
	memset(name, 0x80, sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	r = meta(name);
	name[36] = 0;
	assert_name(&r, name);
	reblock_record_set_name(&r, "short");
	assert_name(&r, "short");
	assert_memory_equal(&r, &(struct reblock_record[]){ meta("short") }, sizeof(r));
}

/* A name of 16 bytes in rip and qualification, as earlier versions wrote it, is well formed and the same. */
static void earlier_versions(void **state)
{
	struct reblock_record r = meta(""), normal;

	(void)state;
	memcpy(&r.rip, "CPU 0/KV", 8);
	memcpy(&r.qualification, "M-worker", 8);
	normal = r;
	assert_true(reblock_record_normalize(&normal));
	assert_memory_equal(&normal, &r, sizeof(r));
	assert_name(&r, "CPU 0/KVM-worker");
}

/* Where no name is marked present, its fields mean nothing, and none survives in a record that is read. */
static void absent(void **state)
{
	struct reblock_record r = meta("abcdefghijklmnopqrstuvwxyz0123456789");

	(void)state;
	r.presence &= (uint16_t)~REBLOCK_HAS_RIP;
	assert_true(reblock_record_normalize(&r));
	assert_name(&r, "");
	assert_int_equal(r.error_code, 0xdeadbeef);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths), cmocka_unit_test(cut_between_characters),
		cmocka_unit_test(hostile), cmocka_unit_test(earlier_versions),
		cmocka_unit_test(absent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
