/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * audit_runs SECONDS FILE|FOLDER...: the audit's own speed on what fuzz inputs (fuzz/run.h) decode to: they are decoded once, and
 * audited again and again for that much CPU time. Prints records and seconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "drivers/input.h"
#include "run.h"

struct decoded {
	struct reblock_source source;
	struct reblock_audit_options options;
	struct reblock_record *records;
	size_t n;
};

static double cpu_time(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void die(const char *what)
{
	fprintf(stderr, "audit_runs: %s\n", what);
	exit(1);
}

static void decode(struct decoded *decoded, const struct input *input)
{
	static struct run run;

	run_decode(&run, input->data, input->size);
	*decoded = (struct decoded){ .source = run.source, .options = run.options, .n = run.n };
	decoded->records = malloc(run.n * sizeof(*run.seen) + 1);
	if (decoded->records == NULL)
		die("no memory");
	memcpy(decoded->records, run.seen, run.n * sizeof(*run.seen));
}

static void audit(const struct decoded *decoded)
{
	struct reblock_audit *a = reblock_audit_new(&decoded->source, &decoded->options);

	if (a == NULL || reblock_audit_feed(a, 0, decoded->records, decoded->n) != 0 ||
	    reblock_audit_finish(a) != 0)
		die("the audit failed");
	reblock_audit_free(a);
}

int main(int argc, char **argv)
{
	struct inputs inputs = { 0 };
	struct decoded *decoded;
	unsigned long long records = 0;
	double seconds, start, took;

	if (argc < 3)
		die("usage: audit_runs SECONDS FILE|FOLDER...");
	seconds = strtod(argv[1], NULL);
	for (int i = 2; i < argc; i++) {
		if (inputs_add(&inputs, argv[i]) != 0)
			return 1;
	}
	decoded = calloc(inputs.n + 1, sizeof(*decoded));
	if (decoded == NULL || inputs.n == 0)
		die("no inputs");
	for (size_t i = 0; i < inputs.n; i++)
		decode(&decoded[i], &inputs.at[i]);
	start = cpu_time();
	do {
		for (size_t i = 0; i < inputs.n; i++) {
			audit(&decoded[i]);
			records += decoded[i].n;
		}
		took = cpu_time() - start;
	} while (took < seconds);
	printf("%llu %.6f\n", records, took);
	return 0;
}
