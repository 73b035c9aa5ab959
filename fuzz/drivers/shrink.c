/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TARGET_shrink CRASH OUT: makes a run that the target fails on shorter, as long as it fails for the same reason.
 *
 * The reason is the target's one line ("truth: ..."), in which numbers, such as a record's, may change; without such a line the signal that
 * ends it. Exit status: 0 OUT is written; 1 the target does not fail on CRASH; 2 something could not be done.
 */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fuzz.h"
#include "run.h"
#include "shrink.h"

#pragma weak LLVMFuzzerInitialize

#define REASON_MOST 512
#define INPUT_MOST (RUN_HEADER + RUN_CELLS_MOST * RUN_CELL)
#define PATIENCE 20000 /* ms, for one input */

static char name[64]; /* the target's */

_Noreturn static void die(const char *what)
{
	fprintf(stderr, "shrink: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* All that comes from FD until it ends or PATIENCE does; false for the latter. */
static bool read_all(int fd, char *text, size_t size)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	size_t n = 0;

	while (poll(&ready, 1, PATIENCE) > 0) {
		char drop[256];
		bool room = n < size - 1;
		ssize_t got = room ? read(fd, text + n, size - 1 - n) :
				     read(fd, drop, sizeof(drop));

		if (got <= 0) {
			text[n] = '\0';
			return true;
		}
		n += room ? (size_t)got : 0;
	}
	return false;
}

/* The first line of TEXT that a target has ended with ("name: ..."), its numbers taken out. */
static void take_reason(const char *text, char reason[REASON_MOST])
{
	size_t length = strlen(name), n = 0;

	reason[0] = '\0';
	while (*text) {
		if (strncmp(text, name, length) == 0 && text[length] == ':')
			break;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	while (*text && *text != '\n' && n < REASON_MOST - 1) {
		bool digit = isdigit((unsigned char)*text);

		/* One sign for a whole number. */
		if (!digit || n == 0 || reason[n - 1] != '#')
			reason[n++] = digit ? '#' : *text;
		text++;
	}
	reason[n] = '\0';
}

/* The target in a process of its own, which ends with it. */
_Noreturn static void run_target(const uint8_t *data, size_t size, int out)
{
	if (dup2(out, 2) < 0)
		_exit(2);
	(void)close(out);
	LLVMFuzzerTestOneInput(data, size);
	_exit(0);
}

/* Its reason; empty where it does not fail. */
static void reason_of(const uint8_t *data, size_t size, char reason[REASON_MOST])
{
	char text[16384] = "";
	int out[2], status;
	bool ended;
	pid_t pid;

	if (pipe(out) < 0)
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		run_target(data, size, out[1]);
	(void)close(out[1]);
	ended = read_all(out[0], text, sizeof(text));
	if (!ended)
		(void)kill(pid, SIGKILL);
	(void)close(out[0]);
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid");
	reason[0] = '\0';
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	take_reason(text, reason);
	if (!reason[0])
		(void)snprintf(reason, REASON_MOST, "%s %d", ended ? "status" : "no end", status);
}

static bool fails_alike(void *context, const uint8_t *data, size_t size)
{
	char reason[REASON_MOST];

	reason_of(data, size, reason);
	return strcmp(reason, context) == 0;
}

int main(int argc, char **argv)
{
	static uint8_t data[INPUT_MOST];
	const char *base = strrchr(argv[0], '/');
	char reason[REASON_MOST];
	size_t size, before;
	FILE *file;

	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	if (argc != 3) {
		(void)fprintf(stderr, "usage: %s CRASH OUT\n", argv[0]);
		return 2;
	}
	(void)snprintf(name, sizeof(name), "%s", base ? base + 1 : argv[0]);
	name[strcspn(name, "_")] = '\0';
	file = fopen(argv[1], "rb");
	if (!file)
		die(argv[1]);
	before = size = fread(data, 1, sizeof(data), file);
	(void)fclose(file);
	reason_of(data, size, reason);
	if (!reason[0]) {
		fprintf(stderr, "shrink: the target does not fail on %s\n", argv[1]);
		return 1;
	}
	shrink_run(data, &size, fails_alike, reason);
	file = fopen(argv[2], "wb");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
		die(argv[2]);
	printf("%zu bytes, %zu before: %s\n", size, before, reason);
	return 0;
}
