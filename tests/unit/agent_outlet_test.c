/* SPDX-License-Identifier: BSD-2-Clause */
/* Output that nobody reads, that is closed, and that cannot be written: nobody waits, whole lines are lost, and counted. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>
#include "agent/outlet.h"
#include "agent/thread.h"

#define ROOM 4096
#define LINE 100

static bool put_line(struct outlet *o, unsigned number)
{
	char line[LINE + 1];

	(void)snprintf(line, sizeof(line), "%08u %*s\n", number, LINE - 10, "x");
	return outlet_put(o, line, LINE);
}

/* The lines that come out of FD until its end are whole; returns how many. */
static unsigned whole_lines(int fd)
{
	FILE *in = fdopen(fd, "r");
	char line[2 * LINE];
	unsigned n = 0, number, last = 0;

	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		assert_int_equal(strlen(line), LINE);
		assert_int_equal(sscanf(line, "%u", &number), 1);
		assert_true(!n || number > last);
		last = number;
		n++;
	}
	fclose(in);
	return n;
}

static void a_full_pipe_holds_up_nobody(void **state)
{
	struct outlet_state dropped;
	uint64_t begun;
	unsigned taken = 0, lines = 0;
	struct outlet *o;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	o = outlet_new(fds[1], ROOM);
	assert_non_null(o);
	assert_true(fcntl(fds[1], F_SETPIPE_SZ, ROOM) > 0);
	/* Until pipe and buffer are full, and on. */
	while (lines - taken < 1000) {
		bool fits = put_line(o, lines++);

		taken += fits;
		if (fits)
			usleep(100);
	}
	outlet_state(o, &dropped);
	assert_int_equal(dropped.error, 0);
	assert_int_equal(dropped.dropped, lines - taken);
	assert_true(taken < lines);
	/* Ending does not wait for ever either. */
	begun = thread_now();
	assert_true(outlet_end(o, 100));
	assert_true(thread_now() - begun < 2000000000);
	/* What was taken comes out whole once someone reads; the outlet's thread still writes. */
	for (unsigned i = 0; i < taken; i++) {
		char line[LINE];
		size_t got = 0;

		while (got < LINE) {
			ssize_t n = read(fds[0], line + got, LINE - got);

			assert_true(n > 0);
			got += (size_t)n;
		}
		assert_int_equal(line[LINE - 1], '\n');
	}
	close(fds[0]);
}

static void a_reader_that_goes_away_is_noticed(void **state)
{
	struct outlet_state after;
	struct outlet *o;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	close(fds[0]);
	o = outlet_new(fds[1], ROOM);
	for (unsigned i = 0; i < 5; i++)
		assert_true(put_line(o, i));
	do
		outlet_state(o, &after);
	while (after.dropped < 5);
	assert_int_equal(after.error, EPIPE);
	assert_int_equal(after.dropped, 5);
	assert_false(outlet_end(o, 1000));
	close(fds[1]);
}

/* A file that may not grow as it would on a full disk: what is cut off in a line gets an end before the next one. */
static void after_an_error_lines_are_whole_again(void **state)
{
	struct rlimit limit = { LINE / 2, RLIM_INFINITY }, none = { RLIM_INFINITY, RLIM_INFINITY };
	char text[4 * LINE] = "";
	struct outlet_state after;
	FILE *file = tmpfile();
	struct outlet *o;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	o = outlet_new(fileno(file), ROOM);
	assert_true(put_line(o, 1));
	do
		outlet_state(o, &after);
	while (!after.dropped);
	assert_int_equal(after.error, EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_true(put_line(o, 2));
	assert_false(outlet_end(o, 1000));
	assert_int_equal(pread(fileno(file), text, sizeof(text), 0), LINE / 2 + 1 + LINE);
	assert_int_equal(text[LINE / 2], '\n');
	assert_memory_equal(text + LINE / 2 + 1, "00000002 ", 9);
	fclose(file);
}

static void all_is_written_at_the_end(void **state)
{
	int fds[2];
	struct outlet *o;

	(void)state;
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	o = outlet_new(fds[1], 64 * LINE);
	for (unsigned i = 0; i < 60; i++)
		assert_true(put_line(o, i));
	assert_false(outlet_end(o, 5000));
	close(fds[1]);
	assert_int_equal(whole_lines(fds[0]), 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_pipe_holds_up_nobody),
		cmocka_unit_test(a_reader_that_goes_away_is_noticed),
		cmocka_unit_test(after_an_error_lines_are_whole_again),
		cmocka_unit_test(all_is_written_at_the_end),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
