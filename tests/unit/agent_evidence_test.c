/* SPDX-License-Identifier: BSD-2-Clause */
/* The folder of evidence: names, bounds, leftovers, what belongs to others, what cannot be written. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "agent/evidence.h"
#include "agent/evidence_name.h"

#define ANY "reblock-20261122T205901.123456789Z-guest-a-vcpu0-missed-reblock.rbt"

static char folder[64];

static struct capture *capture(const char *label, long ns, size_t records)
{
	struct capture *c = capture_new(records);
	struct told *told = calloc(1, sizeof(*told));
	struct reblock_record r = { .kind = REBLOCK_EXIT, .vm = 1, .cpu = REBLOCK_NO_CPU };

	assert_non_null(c);
	(void)snprintf(c->label, sizeof(c->label), "%s", label);
	told->at = (struct timespec){ 1795381141, ns };
	told->finding.kind = REBLOCK_MISSED_REBLOCK;
	capture_tell(c, told);
	for (size_t i = 0; i < records; i++)
		capture_record(c, i, &r);
	return c;
}

static void in_folder(char path[256], const char *name)
{
	(void)snprintf(path, 256, "%s/%s", folder, name);
}

static void make_file(const char *name, size_t size, time_t modified)
{
	struct timespec times[2] = { { modified, 0 }, { modified, 0 } };
	char path[256];
	int fd;

	in_folder(path, name);
	fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	close(fd);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static bool is_there(const char *name)
{
	char path[256];

	in_folder(path, name);
	return access(path, F_OK) == 0;
}

static unsigned files(void)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	unsigned n = 0;

	while ((entry = readdir(dir)))
		n += entry->d_type != DT_DIR;
	closedir(dir);
	return n;
}

static struct evidence *open_it(uint64_t most)
{
	struct evidence *e;
	char *error;

	assert_int_equal(evidence_open(folder, most, &e, &error), 0);
	assert_null(error);
	return e;
}

static void names_are_told_from_others(void **state)
{
	static const char *const others[] = {
		"",
		"reblock-20261122T205901.123456789Z-guest-a-vcpu0-missed-reblock.rbt~",
		"reblock-20261122T205901.123456789Z-guest-a-vcpu0-missed.rbt",
		"reblock-20261122T205901.123456789Z-guest-a-vcpu-missed-reblock.rbt",
		"reblock-20261122T205901.123456789Z-guest-a-vcpux-missed-reblock.rbt",
		"reblock-20261122T205901.123456789-guest-a-vcpu0-missed-reblock.rbt",
		"reblock-2026112T205901.123456789Z-guest-a-vcpu0-missed-reblock.rbt",
		"reblock-20261122T205901.123456789Z-guest-a-vcpu0-missed-reblock-.rbt",
		"reblock-20261122T205901.123456789Z-guest-a-vcpu0-missed-reblock-x.rbt",
		"reblock-notes.rbt",
		"host.rbt",
		"reblock-vcpu0-missed-reblock.rbt",
	};
	static const char *const labels[] = { "guest-a",
					      "vm-7",
					      "a-vcpu1-b",
					      "../../etc/passwd",
					      "",
					      "-vcpu",
					      "name with spaces; rm -rf *",
					      "\xc3\xa4\xc3\xb6",
					      ".hidden",
					      "a-name-that-is-much-longer-than-what-a-file-needs" };
	char name[EVIDENCE_NAME_MOST];

	(void)state;
	assert_true(evidence_name_is(ANY));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (evidence_name_is(others[i]))
			fail_msg("\"%s\" is taken for evidence", others[i]);
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++) {
		struct capture *c = capture(labels[i], 5, 1);

		for (unsigned copy = 0; copy < 2; copy++)
			for (unsigned kind = 0; kind < REBLOCK_FINDING_KINDS; kind++) {
				c->first->finding.kind = kind;
				evidence_name(c, copy, name);
				assert_null(strpbrk(name, "/ ;*"));
				if (!evidence_name_is(name))
					fail_msg("\"%s\" is not known again", name);
			}
		capture_free(c);
	}
	assert_true(evidence_name_is_temporary(".reblock-evidence-4711.tmp"));
	assert_false(evidence_name_is_temporary(".reblock-evidence-.tmp"));
	assert_false(evidence_name_is_temporary(".reblock-evidence-1.tmp.rbt"));
	assert_false(evidence_name_is_temporary(ANY));
}

static void the_oldest_goes_first_and_nothing_else(void **state)
{
	static const char *const mine[] = {
		"reblock-20200101T000000.000000000Z-b-vcpu0-over-block.rbt",
		"reblock-20300101T000000.000000000Z-a-vcpu0-over-block.rbt", /* the clock was wrong */
	};
	uint64_t size = evidence_file_size(64), most = 6 * size;
	struct capture *last;
	struct evidence *e;
	struct stat st;
	char *file, *files_made[20];
	char path[256];

	(void)state;
	make_file(mine[1], size, 1000);
	make_file(mine[0], size, 2000);
	make_file("notes.txt", 10 * size, 1);
	make_file("reblock-notes.rbt", 10 * size, 1);
	make_file(".reblock-evidence-4711.tmp", 10 * size, 1);
	in_folder(path, "reblock-20190101T000000.000000000Z-b-vcpu0-over-block.rbt");
	assert_int_equal(mkdir(path, 0700), 0); /* no file, whatever it is called */
	e = open_it(most);
	assert_false(is_there(".reblock-evidence-4711.tmp"));
	assert_int_equal(evidence_bytes(e), 2 * size);
	for (unsigned i = 0; i < 20; i++) {
		struct capture *c = capture("x", i < 10 ? 100 - i : 100, 64);

		assert_int_equal(evidence_write(e, c, &files_made[i]), 0);
		assert_true(evidence_bytes(e) <= most);
		assert_int_equal(stat(files_made[i], &st), 0);
		assert_int_equal(st.st_mode & 07777, 0600);
		capture_free(c);
	}
	assert_false(is_there(mine[0]));
	assert_false(is_there(mine[1]));
	/* Those written last are there, though their names sort before; as many as there is room for. */
	assert_int_equal(access(files_made[19], F_OK), 0);
	assert_int_equal(access(files_made[16], F_OK), 0);
	assert_int_equal(access(files_made[1], F_OK), -1);
	assert_int_equal(access(files_made[4], F_OK), -1);
	assert_true(is_there("notes.txt") && is_there("reblock-notes.rbt"));
	assert_int_equal(access(path, F_OK), 0);
	evidence_close(e);
	/* A smaller bound at the next start. */
	e = open_it(2 * size);
	assert_true(evidence_bytes(e) <= 2 * size && evidence_bytes(e) > 0);
	assert_int_equal(access(files_made[19], F_OK), 0);
	assert_true(is_there("notes.txt"));
	last = capture("y", 1, 64);
	assert_int_equal(evidence_write(e, last, &file), 0);
	capture_free(last);
	free(file);
	evidence_close(e);
	for (unsigned i = 0; i < 20; i++)
		free(files_made[i]);
	rmdir(path);
}

static void one_agent_at_a_time(void **state)
{
	struct evidence *e = open_it(1 << 20), *other;
	char *error = NULL;

	(void)state;
	assert_int_equal(evidence_open(folder, 1 << 20, &other, &error), -EBUSY);
	assert_null(other);
	assert_non_null(strstr(error, "another reblock watch"));
	free(error);
	evidence_close(e);
	evidence_close(open_it(1 << 20));
	assert_int_equal(evidence_open("/proc/no/such", 1 << 20, &other, &error), -ENOENT);
	assert_non_null(error);
	free(error);
}

static void what_cannot_be_written_leaves_nothing(void **state)
{
	struct rlimit limit = { 2048, RLIM_INFINITY }, none = { RLIM_INFINITY, RLIM_INFINITY };
	struct evidence *e = open_it(1 << 20);
	struct capture *c = capture("x", 1, 100);
	unsigned before = files();
	uint64_t bytes = evidence_bytes(e);
	char *file = NULL;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(evidence_write(e, c, &file), -EFBIG);
	assert_null(file);
	assert_int_equal(files(), before);
	assert_int_equal(evidence_bytes(e), bytes);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(evidence_write(e, c, &file), 0);
	assert_int_equal(files(), before + 1);
	free(file);
	capture_free(c);
	evidence_close(e);
}

static int make_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/reblock-evidence-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	(void)state;
	while ((entry = readdir(dir)))
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_told_from_others),
		cmocka_unit_test_setup_teardown(the_oldest_goes_first_and_nothing_else, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(one_agent_at_a_time, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(what_cannot_be_written_leaves_nothing, make_folder,
						remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
