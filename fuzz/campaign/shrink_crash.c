/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NAME_shrink SECONDS RUN OUT: makes a run over which the target fails as short and plain as it can be while the target fails
 * for the same reason, in at most about SECONDS. Each try is a child process, so that an abort ends that alone.
 *
 * Exit status: 0 OUT is written; 1 the target does not fail over RUN, or something could not be read or written; 2 bad usage.
 */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "fuzz.h"
#include "run.h"
#include "shrink.h"

#pragma weak LLVMFuzzerInitialize

#define RUN_SIZE_MOST (RUN_HEADER + RUN_CELLS_MOST * RUN_CELL)
#define TRY_SECONDS 5
#define SAID_MOST 65536 /* bytes of what a try says */

struct wanted {
	char reason[512];
	time_t end;
};

static uint8_t bytes[RUN_SIZE_MOST];

static bool word_numbers(const char *text, size_t end)
{
	static const char *const words[] = { "record", "byte", "cell", "turn",   "entry",
					     "exit",   "at",   "size", "offset", "vcpu",
					     "vm",     "line", "run",  "piece",  "t" };
	size_t start;

	while (end && strchr(" =#", text[end - 1]))
		end--;
	for (start = end; start && isalpha((unsigned char)text[start - 1]); start--)
		;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t length = strlen(words[i]);

		if (strncmp(text + start, words[i], length) == 0 &&
		    (end - start == length || (end - start == length + 1 && text[end - 1] == 's')))
			return true;
	}
	return false;
}

/* What a campaign tells reasons apart by (key_of): places and large numbers do not count. */
static void without_numbers(const char *line, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; line[i] != '\0' && line[i] != '\n' && n + 1 < size;) {
		bool hex = line[i] == '0' && line[i + 1] == 'x';
		size_t digits = hex ? 2 + strspn(line + i + 2, "0123456789abcdefABCDEF") :
				      strspn(line + i, "0123456789");

		if (digits == 0) {
			out[n++] = line[i++];
		} else if (hex || digits >= 3 || word_numbers(line, i)) {
			out[n++] = 'N';
			i += digits;
		} else {
			out[n++] = line[i++];
		}
	}
	out[n] = '\0';
}

/* Finds the line that is the reason: the target's own (fuzz_fail), or a sanitizer's. */
static const char *reason_line(const char *said)
{
	const char *own = NULL, *other = NULL;

	for (const char *line = said; line != NULL && *line != '\0';) {
		const char *end = strchr(line, '\n');
		size_t length = end != NULL ? (size_t)(end - line) : strlen(line);
		const char *colon = memchr(line, ':', length);

		if (own == NULL && colon != NULL && colon > line && colon[1] == ' ' &&
		    line[0] != ' ' && memchr(line, ' ', (size_t)(colon - line)) == NULL)
			own = line;
		if (other == NULL && (strncmp(line, "SUMMARY: ", 9) == 0 ||
				      memmem(line, length, ": runtime error: ", 17) != NULL))
			other = line;
		line = end != NULL ? end + 1 : NULL;
	}
	return other != NULL ? other : own;
}

static _Noreturn void try_in_child(int out, const uint8_t *data, size_t size)
{
	struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	if (dup2(out, STDERR_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(0);
	alarm(TRY_SECONDS);
	LLVMFuzzerTestOneInput(data, size);
	_exit(0);
}

/* Returns whether the target fails; its reason, without numbers, goes to REASON. */
static bool fails(const uint8_t *data, size_t size, char *reason, size_t reason_size)
{
	static char said[SAID_MOST];
	int ends[2], status;
	size_t n = 0;
	ssize_t got;
	const char *line;
	pid_t child;

	if (pipe(ends) != 0)
		return false;
	fflush(NULL);
	child = fork();
	if (child == 0)
		try_in_child(ends[1], data, size);
	close(ends[1]);
	while (child > 0 && (got = read(ends[0], said + n, sizeof(said) - 1 - n)) > 0)
		n += (size_t)got;
	close(ends[0]);
	if (child < 0 || waitpid(child, &status, 0) != child)
		return false;
	if (WIFEXITED(status) ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGALRM)
		return false;
	said[n] = '\0';
	line = reason_line(said);
	if (line != NULL)
		without_numbers(line, reason, reason_size);
	else
		snprintf(reason, reason_size, "status %d", status);
	return true;
}

static bool fails_likewise(void *context, const uint8_t *data, size_t size)
{
	const struct wanted *wanted = context;
	char reason[sizeof(wanted->reason)];

	return time(NULL) < wanted->end && fails(data, size, reason, sizeof(reason)) &&
	       strcmp(reason, wanted->reason) == 0;
}

static int complain(const char *path)
{
	fprintf(stderr, "shrink: %s: %s\n", path, strerror(errno));
	return 1;
}

int main(int argc, char **argv)
{
	struct wanted wanted;
	FILE *file;
	size_t size;

	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	if (argc != 4 || strtol(argv[1], NULL, 10) <= 0) {
		fprintf(stderr, "usage: NAME_shrink SECONDS RUN OUT\n");
		return 2;
	}
	wanted.end = time(NULL) + strtol(argv[1], NULL, 10);
	file = fopen(argv[2], "rb");
	if (file == NULL)
		return complain(argv[2]);
	size = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	if (!fails(bytes, size, wanted.reason, sizeof(wanted.reason))) {
		fprintf(stderr, "shrink: the target does not fail over %s\n", argv[2]);
		return 1;
	}
	shrink_run(bytes, &size, fails_likewise, &wanted);
	file = fopen(argv[3], "wb");
	if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
		return complain(argv[3]);
	return 0;
}
