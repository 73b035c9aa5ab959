/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NAME_enumerate [--cells N] [--fields N] [--most N] [--base FILE] [--keep FILE]: gives all short runs to a fuzz target: those of
 * up to so many cells (3) that differ in up to so many fields (2) from the run in which nothing happens, but no more than
 * --most. That run's header is the beginning of FILE, else one of a host whose hypervisor makes the mistakes that
 * cells name. Says how many these were, and what was left out. A run that the target fails on goes to FILE, if one is named.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>
#include "drivers/enumeration.h"
#include "drivers/input.h"
#include "fuzz.h"

#pragma weak LLVMFuzzerInitialize

struct progress {
	uint64_t n, most;
};

/* What a signal's handler needs to know. */
static const uint8_t *now_data;
static size_t now_size;
static uint64_t now_number;
static const char *keep;

/* Only what a signal's handler may call. */
static void failed(int number)
{
	char text[] = "run number                     \n";
	char *digit = text + sizeof(text) - 3;
	int fd = keep != NULL ? open(keep, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;

	for (uint64_t left = now_number; left != 0; left /= 10)
		*digit-- = (char)('0' + left % 10);
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0 ||
	    (fd >= 0 && write(fd, now_data, now_size) != (ssize_t)now_size))
		_exit(128 + number);
	signal(number, SIG_DFL);
	raise(number);
}

static bool give(void *context, uint8_t *data, size_t size)
{
	struct progress *progress = context;

	if (progress->n == progress->most)
		return false;
	now_number = ++progress->n;
	now_data = data;
	now_size = size;
	LLVMFuzzerTestOneInput(data, size);
	return true;
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* How many runs differ in exactly FIELDS fields. */
static uint64_t count(const struct enumeration *enumeration, unsigned fields)
{
	uint64_t n = 0;

	for (unsigned cells = 0; cells <= enumeration->cells; cells++)
		n = add(n, enumeration_count(enumeration, cells, fields));
	return n;
}

static void report(const struct enumeration *enumeration, const struct progress *progress)
{
	uint64_t left = progress->n;

	for (unsigned fields = 0; fields <= enumeration->fields; fields++) {
		uint64_t all = count(enumeration, fields), ran = left < all ? left : all;

		printf("%u fields changed: %" PRIu64 " of %" PRIu64 " runs\n", fields, ran, all);
		left -= ran;
	}
	printf("%" PRIu64 " runs of up to %u cells. Left out:", progress->n, enumeration->cells);
	if (enumeration->fields < ENUMERATION_FIELDS_MOST)
		printf(" those with %u fields changed (%" PRIu64 ") and more,",
		       enumeration->fields + 1, count(enumeration, enumeration->fields + 1));
	printf(" longer ones, and values of fields that mean the same as another.\n");
}

static bool number(const char *text, uint64_t most, uint64_t *value)
{
	char *end;

	*value = strtoull(text, &end, 10);
	return *end == '\0' && end != text && *value <= most;
}

static bool read_header(const char *path, uint8_t *header)
{
	struct inputs inputs = { 0 };
	bool good = inputs_add(&inputs, path) == 0 && inputs.n == 1;

	if (good) {
		memset(header, 0, RUN_HEADER);
		if (inputs.at->size != 0)
			memcpy(header, inputs.at->data,
			       inputs.at->size < RUN_HEADER ? inputs.at->size : RUN_HEADER);
	}
	inputs_free(&inputs);
	return good;
}

int main(int argc, char **argv)
{
	struct progress progress = { .most = UINT64_MAX };
	uint64_t cells = 3, fields = 2;
	struct enumeration enumeration = { .header = { [RUN_HYPERVISOR] = 1 },
					   .each = give,
					   .context = &progress };
	bool good = argc % 2 == 1;

	for (int i = 1; good && i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--cells") == 0)
			good = number(argv[i + 1], ENUMERATION_CELLS_MOST, &cells);
		else if (strcmp(argv[i], "--fields") == 0)
			good = number(argv[i + 1], ENUMERATION_FIELDS_MOST, &fields);
		else if (strcmp(argv[i], "--most") == 0)
			good = number(argv[i + 1], UINT64_MAX, &progress.most);
		else if (strcmp(argv[i], "--keep") == 0)
			keep = argv[i + 1];
		else if (strcmp(argv[i], "--base") == 0)
			good = read_header(argv[i + 1], enumeration.header);
		else
			good = false;
	}
	if (!good) {
		fprintf(stderr,
			"usage: %s [--cells N] [--fields N] [--most N] [--base FILE] [--keep FILE]; cells, fields: at most %d\n",
			argv[0], ENUMERATION_CELLS_MOST);
		return 2;
	}
	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	signal(SIGABRT, failed);
	signal(SIGSEGV, failed);
	enumeration.cells = (unsigned)cells;
	enumeration.fields = (unsigned)fields;
	(void)enumerate_runs(&enumeration);
	report(&enumeration, &progress);
	return 0;
}
