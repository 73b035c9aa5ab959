/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change SEED COUNT FOLDER FILE...: writes COUNT files to FOLDER, each one of the given ones with a few random changes. The
 * same seed and files give the same changes. It stands in for a fuzzer where there is none.
 *
 * Exit status: 0 written; 1 something could not be read or written; 2 bad usage.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MOST 65536 /* of a file; the rest is left out */
#define FILES_MOST 4096
#define CHANGES_MOST 8

static uint64_t state;

/* splitmix64, by Sebastiano Vigna: public domain */
static uint64_t random64(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static size_t below(size_t limit)
{
	return limit ? (size_t)(random64() % limit) : 0;
}

static size_t read_file(const char *path, uint8_t *data)
{
	FILE *file = fopen(path, "rb");
	size_t size;

	if (file == NULL) {
		fprintf(stderr, "change: %s: %s\n", path, strerror(errno));
		exit(1);
	}
	size = fread(data, 1, BYTES_MOST, file);
	fclose(file);
	return size;
}

static void write_file(const char *path, const uint8_t *data, size_t size)
{
	FILE *file = fopen(path, "wb");

	if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
		fprintf(stderr, "change: %s: %s\n", path, strerror(errno));
		exit(1);
	}
}

/* A piece of the data is put in once more, somewhere; returns the new size. */
static size_t repeat(uint8_t *data, size_t size)
{
	size_t from = below(size), length = 1 + below(size - from), to = below(size + 1);
	uint8_t piece[64];

	if (length > sizeof(piece))
		length = sizeof(piece);
	if (size + length > BYTES_MOST)
		return size;
	memcpy(piece, data + from, length);
	memmove(data + to + length, data + to, size - to);
	memcpy(data + to, piece, length);
	return size + length;
}

static size_t take_out(uint8_t *data, size_t size)
{
	size_t from = below(size), length = 1 + below(size - from < 64 ? size - from : 64);

	memmove(data + from, data + from + length, size - from - length);
	return size - length;
}

/* Returns the new size. */
static size_t change(uint8_t *data, size_t size)
{
	static const uint8_t telling[] = { 0x00, 0x01, 0x08, 0x7f, 0x80, 0xfe, 0xff };

	if (size == 0) {
		data[0] = (uint8_t)random64();
		return 1;
	}
	switch (below(8)) {
	case 0:
		return repeat(data, size);
	case 1:
		return take_out(data, size);
	case 2:
		return 1 + below(size);
	case 3:
		data[below(size)] = telling[below(sizeof(telling))];
		return size;
	case 4:
		data[below(size)] ^= (uint8_t)(1u << below(8));
		return size;
	case 5:
		data[below(size)] += (uint8_t)(below(2) ? 1 : 255);
		return size;
	default:
		data[below(size)] = (uint8_t)random64();
		return size;
	}
}

int main(int argc, char **argv)
{
	static uint8_t data[BYTES_MOST];
	char path[4096];
	unsigned long count;

	if (argc < 5 || argc > FILES_MOST) {
		fprintf(stderr, "usage: change SEED COUNT FOLDER FILE...\n");
		return 2;
	}
	state = strtoull(argv[1], NULL, 0);
	count = strtoul(argv[2], NULL, 0);
	for (unsigned long i = 0; i < count; i++) {
		size_t size = read_file(argv[4 + below((size_t)argc - 4)], data);

		for (size_t n = 1 + below(CHANGES_MOST); n; n--)
			size = change(data, size);
		if (snprintf(path, sizeof(path), "%s/%06lu", argv[3], i) >= (int)sizeof(path)) {
			fprintf(stderr, "change: %s: the name is too long\n", argv[3]);
			return 1;
		}
		write_file(path, data, size);
	}
	return 0;
}
