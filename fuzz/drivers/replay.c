/* SPDX-License-Identifier: BSD-2-Clause */
/* Gives each file named on the command line to a fuzz target: runs regressions without a fuzzer. */
#include <errno.h>
#include <string.h>
#include "fuzz.h"

static int replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t size = 0, n;

	if (file == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	do {
		uint8_t *larger = realloc(data, size + 65536);

		FUZZ_CHECK(larger != NULL);
		data = larger;
		n = fread(data + size, 1, 65536, file);
		size += n;
	} while (n == 65536);
	fclose(file);
	printf("%s: %zu bytes\n", path, size);
	fflush(stdout);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++)
		status |= replay(argv[i]);
	printf("%d files\n", argc - 1);
	return status;
}
