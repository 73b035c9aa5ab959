/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A target with planted faults, for the test of the campaign: one that many inputs reach on different ways, and that names
 * another record each time; one that only a sanitizer sees; with HANGS, one that hangs. Without FALLS there are none.
 * With REPLAY it is a program that runs files.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sum;

#ifdef FALLS
static void fall(const uint8_t *data, size_t at, size_t size)
{
	if (data[at] == '!') {
		fprintf(stderr, "falls: a planted fault at record %zu\n", at);
		abort();
	}
	if (data[at] == '?' && at >= 2) {
		char *copy = malloc(size);

		memcpy(copy, data, size);
		sum += (unsigned char)copy[size + 1];
		free(copy);
	}
#ifdef HANGS
	while (data[at] == '~')
		sum++;
#endif
}
#else
static void fall(const uint8_t *data, size_t at, size_t size)
{
	(void)data, (void)at, (void)size;
}
#endif

/* Something to explore. */
static void step(uint8_t byte)
{
	switch (byte) {
	case 'a':
		sum += 1;
		break;
	case 'b':
		sum += 3;
		break;
	case 'c':
		sum ^= 7;
		break;
	case 'd':
		sum = sum > 40 ? 0 : 2 * sum;
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sum = 0;
	for (size_t at = 0; at < size && at < 64; at++) {
		step(data[at]);
		fall(data, at, size);
	}
	return 0;
}

#ifdef REPLAY
int main(int argc, char **argv)
{
	static uint8_t data[1 << 16];

	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		size_t size;

		if (file == NULL)
			return 1;
		size = fread(data, 1, sizeof(data), file);
		fclose(file);
		printf("%s: %zu bytes\n", argv[i], size);
		fflush(stdout);
		LLVMFuzzerTestOneInput(data, size);
	}
	return 0;
}
#endif
