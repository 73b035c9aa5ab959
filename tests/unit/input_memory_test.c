/* SPDX-License-Identifier: BSD-2-Clause */
/* An input in memory reads as the file of the same bytes does, whatever its format. */
#include <errno.h>
#include <glob.h>
#include "input_fixture.h"

struct said {
	size_t n;
	char text[4096];
};

static void keep_damage(void *context, const char *message)
{
	struct said *said = context;
	size_t at = strlen(said->text);

	/* What stands before the first colon is the name. */
	snprintf(said->text + at, sizeof(said->text) - at, "%s\n", strchr(message, ':'));
	said->n++;
}

static void expect_as_file(const void *data, size_t size)
{
	static struct said of_file, of_memory;
	const struct reblock_record *left, *right;
	struct reblock_input *file, *memory;
	char *why_file, *why_memory;
	long n;
	int opened;

	memset(&of_file, 0, sizeof(of_file));
	memset(&of_memory, 0, sizeof(of_memory));
	fixture_write(data, size);
	opened = reblock_input_open(fixture_path, keep_damage, &of_file, &file, &why_file);
	assert_int_equal(reblock_input_open_memory("memory", data, size, keep_damage, &of_memory,
						   &memory, &why_memory),
			 opened);
	if (opened) {
		assert_string_equal(strchr(why_memory, ':'), strchr(why_file, ':'));
		free(why_file);
		free(why_memory);
		return;
	}
	assert_int_equal(reblock_input_format(memory), reblock_input_format(file));
	assert_memory_equal(reblock_input_source(memory), reblock_input_source(file),
			    sizeof(struct reblock_source));
	do {
		n = reblock_input_next(file, &left);
		assert_int_equal(reblock_input_next(memory, &right), n);
		assert_true(n >= 0);
		assert_memory_equal(left, right, (size_t)n * sizeof(*left));
	} while (n);
	assert_string_equal(of_memory.text, of_file.text);
	reblock_input_close(file);
	reblock_input_close(memory);
}

static void every_format(void **state)
{
	glob_t files;

	(void)state;
	assert_int_equal(glob(SOURCE_DIR "/corpus/fuzz/input/*", 0, NULL, &files), 0);
	assert_true(files.gl_pathc > 4);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		FILE *f = fopen(files.gl_pathv[i], "rb");
		uint8_t *data = malloc(1 << 20);
		size_t size;

		assert_non_null(f);
		assert_non_null(data);
		size = fread(data, 1, 1 << 20, f);
		fclose(f);
		expect_as_file(data, size);
		expect_as_file(data, size - size / 3); /* and cut off */
		free(data);
	}
	globfree(&files);
}

static void what_is_no_input(void **state)
{
	static const _Alignas(8) char text[] = "{\"event\":\"lost\"}\n no trace";
	struct reblock_input *input;
	char *error;

	(void)state;
	assert_int_equal(reblock_input_open_memory("m", text, 0, NULL, NULL, &input, &error),
			 -EINVAL);
	assert_null(input);
	assert_non_null(strstr(error, "m: this is empty"));
	free(error);
	assert_int_equal(reblock_input_open_memory("m", text + 17, 9, NULL, NULL, &input, &error),
			 -EINVAL);
	assert_null(input);
	free(error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_format, fixture_setup, fixture_teardown),
		cmocka_unit_test(what_is_no_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
