/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run_to_trace RUN TRACE: writes what the recorder of a run (run.h) has seen as a trace in the own format, so that reblock
 * audit and reblock explain can be asked about a fuzzer's input. Prints the options that they need for it.
 *
 * Exit status: 0 written; 1 it could not be; 2 bad usage.
 */
#include <errno.h>
#include <string.h>
#include <reblock/policy.h>
#include <reblock/trace.h>
#include "fuzz.h"
#include "run.h"

static struct run run;
/* A byte more than a run can be, to see that the rest was left alone. */
static uint8_t bytes[RUN_HEADER + RUN_CELLS_MOST * RUN_CELL + 1];

static int complain(const char *path, int error)
{
	fprintf(stderr, "run_to_trace: %s: %s\n", path, strerror(error));
	return 1;
}

static int write_trace(const char *path)
{
	struct reblock_trace_writer *writer;
	int error = reblock_trace_create(path, &run.source, &writer), closed;

	if (error)
		return complain(path, -error);
	error = reblock_trace_write(writer, run.seen, run.n);
	closed = reblock_trace_close(writer);
	if (error || closed)
		return complain(path, error ? -error : -closed);
	return 0;
}

static void print_options(void)
{
	if (run.options.vnmi != REBLOCK_VNMI_NOT_ASSUMED)
		printf("--vnmi %s", run.options.vnmi == REBLOCK_VNMI_ON ? "on" : "off");
	printf("\n");
}

int main(int argc, char **argv)
{
	FILE *file;
	size_t size;
	int error;

	if (argc != 3) {
		fprintf(stderr, "usage: run_to_trace RUN TRACE\n");
		return 2;
	}
	file = fopen(argv[1], "rb");
	if (file == NULL)
		return complain(argv[1], errno);
	size = fread(bytes, 1, sizeof(bytes), file);
	error = ferror(file) ? EIO : 0;
	fclose(file);
	if (error)
		return complain(argv[1], error);
	run_decode(&run, bytes, size);
	if (write_trace(argv[2]))
		return 1;
	print_options();
	return 0;
}
