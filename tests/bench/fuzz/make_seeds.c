/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * make_seeds FOLDER CELLS N: N runs (fuzz/run.h) of that many cells, the same each time: what the mutator makes of the plain run,
 * with the hypervisor that makes the mistakes that cells name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "mutator/mutator.h"

static int write_run(const char *path, const struct mutator_run *run)
{
	FILE *file = fopen(path, "wb");
	int failed = file == NULL || fwrite(run->data, 1, run->size, file) != run->size;

	failed |= file != NULL && fclose(file) != 0;
	if (failed)
		perror(path);
	return failed;
}

int main(int argc, char **argv)
{
	static uint8_t data[MUTATOR_SIZE_MOST];
	struct mutator mutator;
	size_t cells, n;

	if (argc != 4) {
		fprintf(stderr, "usage: make_seeds FOLDER CELLS N\n");
		return 2;
	}
	cells = strtoul(argv[2], NULL, 10);
	n = strtoul(argv[3], NULL, 10);
	if (cells == 0 || cells > RUN_CELLS_MOST)
		return 2;
	for (size_t i = 0; i < n; i++) {
		struct mutator_run run = { data, RUN_HEADER, RUN_HEADER + cells * RUN_CELL };
		char path[4096];

		memset(data, 0, RUN_HEADER);
		data[RUN_HYPERVISOR] = 1;
		data[RUN_HEADER - 1] = (uint8_t)i; /* what the target meta does with it */
		mutator_seed(&mutator, i);
		while (run.size < run.most)
			(void)mutator_do(&mutator, MUTATOR_INSERT, &run, NULL, 0);
		snprintf(path, sizeof(path), "%s/%zu", argv[1], i);
		if (write_run(path, &run))
			return 1;
	}
	return 0;
}
