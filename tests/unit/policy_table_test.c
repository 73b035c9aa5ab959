/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the models do in each situation, computed by running them, against tests/unit/tables/policies.table,
 * which was written from readings of the hypervisors' sources. Where the two differ on purpose,
 * docs/policies.md has to explain it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <reblock/policies.h>

static unsigned wrong;

/* The column of that name; the test ends where there is none. */
static size_t column_of(const char *name, unsigned number)
{
	const char *column;
	size_t i;

	for (i = 0; (column = reblock_situation_name(i)); i++)
		if (strcmp(column, name) == 0)
			return i;
	fail_msg("policies.table:%u: no column %s", number, name);
	return 0;
}

/* A line of the table under "Differences": "| policy | column |". */
static int explained(const char *policy, const char *column)
{
	FILE *file = fopen(SOURCE_DIR "/docs/policies.md", "r");
	char begin[96];
	char line[1024];
	int found = 0;

	assert_non_null(file);
	(void)snprintf(begin, sizeof(begin), "| %s | %s |", policy, column);
	while (fgets(line, sizeof(line), file))
		found |= strncmp(line, begin, strlen(begin)) == 0;
	(void)fclose(file);
	return found;
}

static void check_word(const struct reblock_policy *policy, const char *word, unsigned number)
{
	const char *equals = strchr(word, '=');
	char name[8];
	char computed;
	char want;

	if (!equals || equals - word >= (long)sizeof(name) || !equals[1])
		fail_msg("policies.table:%u: %s is no COLUMN=LETTER", number, word);
	(void)snprintf(name, sizeof(name), "%.*s", (int)(equals - word), word);
	computed = reblock_cell_letter(reblock_situation_ask(policy, column_of(name, number)));
	want = equals[2] == '!' ? equals[3] : equals[1];
	if (computed != want) {
		print_message("%s: %s is %c, not %c\n", policy->name, name, computed, want);
		wrong++;
	}
	if (equals[2] == '!' && !explained(policy->name, name)) {
		print_message("%s: docs/policies.md does not explain the difference in %s\n",
			      policy->name, name);
		wrong++;
	}
}

static unsigned check_line(char *line, unsigned number)
{
	static const char *const required[] = { "Flt=", "DF=",  "IDTV=", "Ctl=", "EPT=",
						"PML=", "NTF=", "Dual=", "m12=" };
	const struct reblock_policy *policy;
	char *save = NULL;
	char *word;
	size_t i;

	for (i = 0; i < sizeof(required) / sizeof(required[0]); i++)
		if (!strstr(line, required[i]))
			fail_msg("policies.table:%u: no %s", number, required[i]);
	word = strtok_r(line, " \n", &save);
	policy = reblock_policy_find(word);
	if (!policy)
		fail_msg("policies.table:%u: no policy %s", number, word);
	while ((word = strtok_r(NULL, " \n", &save)))
		check_word(policy, word, number);
	return 1;
}

static void models_are_as_read(void **state)
{
	FILE *file = fopen(SOURCE_DIR "/tests/unit/tables/policies.table", "r");
	char line[512];
	unsigned number = 0;
	size_t lines = 0;

	(void)state;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		number++;
		if (line[0] != '#' && line[0] != '\n')
			lines += check_line(line, number);
	}
	(void)fclose(file);
	assert_int_equal(wrong, 0);
	/* Each policy has its line. */
	assert_null(reblock_policy_at(lines));
	assert_non_null(reblock_policy_at(lines - 1));
}

/* The list itself: names that --policy and reports can use, each once, and a source for each. */
static void list_is_sound(void **state)
{
	const struct reblock_policy *p;
	size_t i;

	(void)state;
	for (i = 0; (p = reblock_policy_at(i)); i++) {
		assert_ptr_equal(reblock_policy_find(p->name), p);
		assert_int_equal(p->abi, REBLOCK_POLICY_ABI);
		assert_int_equal(p->size, sizeof(*p));
		assert_true(strlen(p->name) <= REBLOCK_POLICY_NAME_MAX);
		assert_true(strlen(p->source) > 4 && strlen(p->summary) > 10);
		assert_true(p->state_size <= REBLOCK_POLICY_STATE_MAX);
		assert_true(p->initial_states <= REBLOCK_POLICY_INITIAL_MAX);
		assert_int_equal(p->pin_on & p->pin_off, 0);
		assert_non_null(p->exit);
	}
	assert_null(reblock_policy_find("no-such"));
	assert_string_equal(reblock_policy_at(0)->name, "sdm");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(models_are_as_read),
					    cmocka_unit_test(list_is_sound) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
