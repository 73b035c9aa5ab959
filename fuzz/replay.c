/* SPDX-License-Identifier: BSD-2-Clause */
/* Gives each file named on the command line to a fuzz target: runs regressions without a fuzzer. */
#include <errno.h>
#include <string.h>
#include "fuzz.h"

static int replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	size_t size = 0, room = 0, n;

	if (file == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return 1;
	}
	do {
		if (size == room) {
			room = room ? 2 * room : 65536;
			data = realloc(data, room);
			FUZZ_CHECK(data != NULL);
		}
		n = fread(data + size, 1, room - size, file);
		size += n;
	} while (n > 0);
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
