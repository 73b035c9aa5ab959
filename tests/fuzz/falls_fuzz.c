/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A target with planted faults, for the test of the campaign: one that many inputs reach on different ways and that says
 * another record each time; one that only a sanitizer sees; one that hangs. FALLS=0 leaves them out.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef FALLS
#define FALLS 1
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned sum;

static void step(const uint8_t *data, size_t at, size_t size)
{
	switch (data[at]) {
	case 'a':
		sum += 1;
		break;
	case 'b':
		sum += 3;
		break;
	case 'c':
		sum ^= 7;
		break;
	case '!':
		if (FALLS) {
			fprintf(stderr, "falls: a planted fault at record %zu\n", at);
			abort();
		}
		break;
	case '?':
		if (FALLS && at >= 2) {
			char *copy = malloc(size);

			memcpy(copy, data, size);
			sum += (unsigned char)copy[size + 1 + sum % 3];
			free(copy);
		}
		break;
	case '~':
		while (FALLS)
			sum++;
		break;
	default:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sum = 0;
	for (size_t at = 0; at < size && at < 64; at++)
		step(data, at, size);
	return 0;
}
