/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NAME_replay [--loop SECONDS] FILE|FOLDER...: gives each input to a fuzz target, so that regressions run without a fuzzer.
 *
 * --loop gives them again and again for so much CPU time and prints how often in a second: the speed of the target as it is
 * instrumented, without what a fuzzer adds.
 */
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include "drivers/input.h"
#include "fuzz.h"

#pragma weak LLVMFuzzerInitialize

static double cpu_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void replay(const struct inputs *inputs)
{
	for (size_t i = 0; i < inputs->n; i++) {
		const struct input *input = &inputs->at[i];

		printf("%s: %zu bytes\n", input->path, input->size);
		fflush(stdout);
		LLVMFuzzerTestOneInput(input->data, input->size);
	}
	printf("%zu files\n", inputs->n);
}

static void loop(const struct inputs *inputs, double seconds)
{
	double start = cpu_time(), took;
	unsigned long long n = 0;

	do {
		for (size_t i = 0; i < inputs->n; i++)
			LLVMFuzzerTestOneInput(inputs->at[i].data, inputs->at[i].size);
		n += inputs->n;
		took = cpu_time() - start;
	} while (took < seconds);
	printf("%llu executions in %.3f s: %.1f a second\n", n, took, (double)n / took);
}

int main(int argc, char **argv)
{
	struct inputs inputs = { 0 };
	double seconds = 0;
	int first = 1, error = 0;

	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	if (argc > 2 && strcmp(argv[1], "--loop") == 0) {
		seconds = strtod(argv[2], NULL);
		first = 3;
	}
	if (argc <= first || (argv[first][0] == '-' && argv[first][1] == '-')) {
		fprintf(stderr, "usage: %s [--loop SECONDS] FILE|FOLDER...\n", argv[0]);
		return 2;
	}
	for (int i = first; i < argc; i++)
		error |= inputs_add(&inputs, argv[i]);
	if (seconds == 0)
		replay(&inputs);
	else if (inputs.n != 0)
		loop(&inputs, seconds);
	else
		error = 1;
	inputs_free(&inputs);
	return error != 0;
}
