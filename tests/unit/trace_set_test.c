/* SPDX-License-Identifier: BSD-2-Clause */
/* Traces of bounded size; and what a trace file is not written through or over. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <reblock/trace_set.h>
#include "input_fixture.h"

#define MOST REBLOCK_TRACE_SET_LEAST

static char part_path[80];

static const char *part(unsigned number)
{
	snprintf(part_path, sizeof(part_path), "%s.%06u", fixture_path, number);
	return part_path;
}

static void remove_all(unsigned last)
{
	for (unsigned i = 0; i <= last; i++)
		unlink(part(i));
}

static struct reblock_trace_set *begin(void)
{
	struct reblock_source source = fixture_source();
	struct reblock_trace_set *set;

	assert_int_equal(reblock_trace_set_create(fixture_path, MOST, &source, &set), 0);
	return set;
}

static struct reblock_record record(uint64_t i)
{
	return (struct reblock_record){ .kind = REBLOCK_EXIT,
					.t = 1000 + i,
					.vm = 1 + i % 3,
					.presence = REBLOCK_HAS_SEQ,
					.seq = (uint16_t)i };
}

/* Bytes of all files of the set, numbers up to LAST; *FIRST is the oldest. */
static uint64_t size_of_all(unsigned last, unsigned *first)
{
	uint64_t total = 0;
	struct stat status;

	*first = 0;
	for (unsigned i = 1; i <= last; i++) {
		if (lstat(part(i), &status) != 0)
			continue;
		if (!*first)
			*first = i;
		total += (uint64_t)status.st_size;
		assert_true(status.st_size <= MOST / REBLOCK_TRACE_SET_FILES);
		assert_int_equal(status.st_mode & 07777, 0600);
	}
	return total;
}

/* What was removed is the oldest; each file is whole and names its VMs; together they hold what was said. */
static void bounded(void **state)
{
	const uint64_t many = 60000;
	struct reblock_trace_set *set = begin();
	uint64_t next, held = 0, removed;
	unsigned first, last = 60;

	(void)state;
	for (uint32_t vm = 1; vm <= 3; vm++) {
		struct reblock_record meta = { .kind = REBLOCK_META,
					       .vm = vm,
					       .vcpu = REBLOCK_NO_VCPU,
					       .cpu = REBLOCK_NO_CPU };

		reblock_record_set_name(&meta, "guest");
		assert_int_equal(reblock_trace_set_write(set, &meta, 1), 0);
	}
	for (uint64_t i = 0; i < many; i++) {
		struct reblock_record r = record(i);

		assert_int_equal(reblock_trace_set_write(set, &r, 1), 0);
		/* Small chunks cost room, too. */
		if (i % 7 == 0 && i < many / 2)
			assert_int_equal(reblock_trace_set_flush(set), 0);
		if (i % 5000 == 0)
			assert_true(size_of_all(last, &first) <= MOST);
	}
	assert_int_equal(reblock_trace_set_flush(set), 0);
	assert_int_equal(reblock_trace_set_written(set), many + 3);
	removed = reblock_trace_set_removed(set);
	assert_true(removed > many / 2);
	assert_int_equal(reblock_trace_set_close(set), 0);
	assert_true(size_of_all(last, &first) <= MOST);
	assert_true(size_of_all(last, &first) > MOST / 2);
	assert_true(first > 1);

	next = removed - 3;
	for (unsigned i = first; lstat(part(i), &(struct stat){ 0 }) == 0; i++) {
		struct fixture_result r = fixture_read_all(part(i));
		unsigned named = 0;

		assert_int_equal(r.damages, 0);
		assert_string_equal(r.source.host, fixture_source().host);
		for (size_t k = 0; k < r.n; k++) {
			const struct reblock_record *each = &r.records[k];

			if (each->kind == REBLOCK_META) {
				named |= 1u << each->vm;
				continue;
			}
			assert_true(named >> each->vm & 1);
			assert_int_equal(each->t, 1000 + next);
			next++;
			held++;
		}
		assert_int_equal(named, 7 << 1);
		free(r.records);
	}
	assert_int_equal(next, many);
	assert_int_equal(held + removed, many + 3);
	remove_all(last);
}

/* What an earlier run left belongs to the set; other files beside it do not. */
static void earlier(void **state)
{
	char other[96];
	struct reblock_trace_set *set;
	struct stat status;

	(void)state;
	for (unsigned i = 41; i <= 48; i++) {
		int fd = open(part(i), O_WRONLY | O_CREAT, 0600);

		assert_int_equal(ftruncate(fd, MOST / 8), 0);
		close(fd);
	}
	snprintf(other, sizeof(other), "%s.00004x", fixture_path);
	close(open(other, O_WRONLY | O_CREAT, 0600));
	set = begin();
	assert_int_not_equal(lstat(part(41), &status), 0);
	assert_int_equal(lstat(part(42), &status), 0);
	assert_int_equal(lstat(part(49), &status), 0);
	assert_int_equal(reblock_trace_set_removed(set), 0);
	assert_int_equal(reblock_trace_set_close(set), 0);
	assert_int_equal(unlink(other), 0);
	remove_all(49);
}

static void refused(void **state)
{
	struct reblock_source source = fixture_source();
	struct reblock_trace_set *set;

	(void)state;
	assert_int_equal(reblock_trace_set_create(fixture_path, MOST - 1, &source, &set), -EINVAL);
	assert_int_equal(reblock_trace_set_create("/no/such/folder/t", MOST, &source, &set),
			 -ENOENT);
	reblock_trace_set_close(NULL);
}

/* A disk that is full ends it; what was said to be written is there. */
static void full_disk(void **state)
{
	struct fixture_result r;
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		struct reblock_source source = fixture_source();
		struct reblock_trace_set *set;
		uint64_t written = 0;
		int err = 0;

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 40000, 40000 });
		if (reblock_trace_set_create(fixture_path, MOST, &source, &set))
			_exit(255);
		for (uint64_t i = 0; !err && i < 1000; i++) {
			struct reblock_record one = record(i);

			err = reblock_trace_set_write(set, &one, 1);
			if (!err && i % 10 == 9)
				err = reblock_trace_set_flush(set);
			if (!err)
				written = reblock_trace_set_written(set);
		}
		if (err != -EFBIG || written != reblock_trace_set_written(set) ||
		    reblock_trace_set_close(set) != err)
			_exit(254);
		_exit((int)(written / 10));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) > 30 && WEXITSTATUS(status) < 200);
	r = fixture_read_all(part(1));
	assert_int_equal(r.damages, 1); /* no end mark */
	/* one record for the damage */
	assert_int_equal(r.n, 10 * WEXITSTATUS(status) + 1);
	free(r.records);
	remove_all(2);
}

/* Other names of a file, and the files of others, stay as they are; so does what another's link leads to. */
static void replaced(void **state)
{
	struct reblock_source source = fixture_source();
	struct reblock_trace_writer *w;
	char other[96];
	struct stat status;

	(void)state;
	snprintf(other, sizeof(other), "%s.other", fixture_path);
	fixture_write("keep", 4);
	assert_int_equal(chmod(fixture_path, 0644), 0);
	assert_int_equal(link(fixture_path, other), 0);
	assert_int_equal(reblock_trace_create(fixture_path, &source, &w), 0);
	assert_int_equal(reblock_trace_close(w), 0);
	assert_int_equal(stat(other, &status), 0);
	assert_int_equal(status.st_size, 4);
	assert_int_equal(stat(fixture_path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_true(status.st_size > 64);

	/* The caller's own, alone: used again, with mode 0600. */
	assert_int_equal(chmod(fixture_path, 0666), 0);
	assert_int_equal(reblock_trace_create(fixture_path, &source, &w), 0);
	assert_int_equal(reblock_trace_close(w), 0);
	assert_int_equal(stat(fixture_path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);

	/* The caller's own link is followed, another user's is not. */
	assert_int_equal(unlink(fixture_path), 0);
	assert_int_equal(symlink(other, fixture_path), 0);
	if (geteuid() == 0) {
		assert_int_equal(lchown(fixture_path, 12345, 12345), 0);
		assert_int_equal(reblock_trace_create(fixture_path, &source, &w), -ELOOP);
		assert_int_equal(stat(other, &status), 0);
		assert_int_equal(status.st_size, 4);
		assert_int_equal(lchown(fixture_path, 0, 0), 0);
	}
	assert_int_equal(reblock_trace_create(fixture_path, &source, &w), 0);
	assert_int_equal(reblock_trace_close(w), 0);
	assert_int_equal(stat(other, &status), 0);
	assert_true(status.st_size > 64);
	assert_int_equal(unlink(other), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounded),   cmocka_unit_test(earlier),  cmocka_unit_test(refused),
		cmocka_unit_test(full_disk), cmocka_unit_test(replaced),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
