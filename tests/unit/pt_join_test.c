/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intel PT joined with records, by the cases in tests/unit/pt_join; and what the audit makes of it, by those in tests/unit/pt_rules,
 * which go through the rules' table (docs/rules.md, section 2) with and without Event Trace. pt_join_case.h says what they hold.
 *
 * Each case is joined with different numbers of threads, and with the bytes in small pieces: always with the same result.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <reblock/json.h>
#include "audit_seen.h"
#include "input_fixture.h"
#include "pt_join_case.h"

#define RECORDS_MOST 1024

/* What was joined last. */
static struct reblock_record given[RECORDS_MOST];
static size_t n_given;

static const char *name_of(void *context, uint32_t pid, uint32_t tid)
{
	static char name[32];

	(void)context;
	(void)tid;
	snprintf(name, sizeof(name), "process %u", pid);
	return name;
}

/* What comes of C, as text. PIECE: the reader's records are taken so many at a time. */
static char *join(const struct pt_join_case *c, const struct pt_queue *queues, unsigned jobs,
		  size_t some)
{
	struct pt_clock clock = { .kind = c->no_clock ? PT_CLOCK_UNKNOWN : PT_CLOCK_TSC };
	struct pt_join_options o = {
		.queues = queues,
		.n_queues = c->n_queues,
		.clock = &clock,
		.jobs = jobs,
		.has_records = !c->alone,
		.first_vm = 1,
		.has_threads = c->threads,
		.all_cpus = !c->some_cpus,
		.name = name_of,
	};
	struct pt_join *j;
	const struct reblock_record *records;
	size_t taken = 0, size;
	bool ended = false;
	const char *note;
	char *text;
	FILE *f = open_memstream(&text, &size);
	long n;

	n_given = 0;
	assert_int_equal(pt_join_new(&o, &j), 0);
	while ((n = pt_join_give(j, &records)) > 0 || !ended) {
		assert_true(n >= 0);
		for (long i = 0; i < n; i++) {
			struct reblock_record r = records[i];
			char line[REBLOCK_JSON_RECORD_MAX];

			assert_true(reblock_record_normalize(&r));
			assert_memory_equal(&r, &records[i], sizeof(r));
			line[reblock_json_record(&r, line)] = 0;
			fprintf(f, "%s\n", line);
			assert_true(n_given < RECORDS_MOST);
			given[n_given++] = records[i];
		}
		if (n)
			continue;
		n = (long)(c->n_records - taken < some ? c->n_records - taken : some);
		if (n)
			assert_int_equal(pt_join_take(j, c->records + taken, (size_t)n), 0);
		else
			pt_join_end(j);
		ended = !n;
		taken += (size_t)n;
	}
	assert_int_equal(n, 0);
	for (size_t i = 0; (note = pt_join_note(j, i)) != NULL; i++)
		fprintf(f, "note %s\n", note);
	pt_join_free(j);
	fclose(f);
	return text;
}

/* The same bytes in pieces of SIZE bytes, each in memory of its own. */
static void cut_up(const struct pt_join_case *c, struct pt_queue *queues, size_t size)
{
	for (size_t q = 0; q < c->n_queues; q++) {
		const struct pt_queue *from = &c->queues[q];
		struct pt_queue *to = &queues[q];

		*to = *from;
		to->pieces = calloc(PT_JOIN_PIECES, sizeof(*to->pieces));
		to->n_pieces = 0;
		for (size_t i = 0; i < from->n_pieces; i++) {
			const struct pt_piece *p = &from->pieces[i];

			for (size_t at = 0; at < p->size; at += size) {
				struct pt_piece *piece = &to->pieces[to->n_pieces++];
				size_t n = p->size - at < size ? p->size - at : size;
				uint8_t *bytes = malloc(n);

				assert_true(to->n_pieces <= PT_JOIN_PIECES);
				memcpy(bytes, p->bytes + at, n);
				piece->bytes = bytes;
				piece->size = n;
				if (!at)
					piece->flags |= p->flags & (uint32_t)~PT_PIECE_TRUNCATED;
				if (at + n == p->size)
					piece->flags |= p->flags & PT_PIECE_TRUNCATED;
			}
		}
	}
}

static void free_pieces(const struct pt_join_case *c, struct pt_queue *queues)
{
	for (size_t q = 0; q < c->n_queues; q++) {
		for (size_t i = 0; i < queues[q].n_pieces; i++)
			free((void *)queues[q].pieces[i].bytes);
		free(queues[q].pieces);
	}
}

static void expect(const char *path, const char *how, char *text, const char *gives)
{
	if (getenv("REBLOCK_PT_SHOW"))
		fputs(text, stdout);
	if (strcmp(text, gives))
		fail_msg("%s, %s: it gives\n%sand must give\n%s", path, how, text, gives);
	free(text);
}

static char *finds(const struct pt_join_case *c)
{
	const struct reblock_audit_options options = { .vnmi = REBLOCK_VNMI_NOT_ASSUMED };
	struct audit_seen seen = { .n = 0 };
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	audit_seen(&seen, &c->source, &options, given, n_given, true, true);
	for (size_t i = 0; i < seen.n; i++)
		fprintf(f, "%s\n", seen.lines[i]);
	fclose(f);
	return text;
}

static void one_case(const char *path)
{
	static struct pt_join_case c;
	struct pt_queue queues[PT_JOIN_QUEUES];

	pt_join_case_read(&c, path);
	expect(path, "one thread", join(&c, c.queues, 1, 1000), c.gives);
	if (c.has_finds)
		expect(path, "audited", finds(&c), c.finds);
	expect(path, "a record at a time", join(&c, c.queues, 0, 1), c.gives);
	expect(path, "four threads", join(&c, c.queues, 4, 3), c.gives);
	cut_up(&c, queues, 7);
	expect(path, "in pieces", join(&c, queues, 1, 2), c.gives);
	expect(path, "in pieces, two threads", join(&c, queues, 2, 1000), c.gives);
	free_pieces(&c, queues);
	pt_join_case_free(&c);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void cases_in(const char *folder)
{
	struct dirent **names;
	int n = scandir(folder, &names, NULL, by_name), cases = 0;
	const char *only = getenv("PT_JOIN_CASE");

	assert_true(n > 0);
	if (!pt_library()) {
		print_message("this program has no libipt\n");
		skip();
	}
	for (int i = 0; i < n; i++) {
		char path[512];

		if (strstr(names[i]->d_name, ".case") &&
		    (!only || !strcmp(only, names[i]->d_name))) {
			snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
			one_case(path);
			cases++;
		}
		free(names[i]);
	}
	free(names);
	assert_true(only || cases > 0);
}

static void joined(void **state)
{
	(void)state;
	cases_in(SOURCE_DIR "/tests/unit/pt_join");
}

static void rules(void **state)
{
	(void)state;
	cases_in(SOURCE_DIR "/tests/unit/pt_rules");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joined),
		cmocka_unit_test(rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
