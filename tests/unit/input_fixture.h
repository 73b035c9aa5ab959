/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of readers share: records of every kind, files in a folder of their own. */
#ifndef INPUT_FIXTURE_H
#define INPUT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <reblock/input.h>
#include <reblock/json.h>
#include <reblock/trace.h>

static char fixture_path[64];

static inline int fixture_setup(void **state)
{
	char folder[] = "/tmp/reblock-test-XXXXXX";

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(fixture_path, sizeof(fixture_path), "%s/t", folder);
	return 0;
}

static inline int fixture_teardown(void **state)
{
	(void)state;
	unlink(fixture_path);
	*strrchr(fixture_path, '/') = 0;
	return rmdir(fixture_path);
}

static inline void fixture_write(const void *data, size_t size)
{
	FILE *f = fopen(fixture_path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static inline unsigned char *fixture_read(size_t *size)
{
	FILE *f = fopen(fixture_path, "rb");
	unsigned char *data = malloc(1 << 24);

	assert_non_null(f);
	assert_non_null(data);
	*size = fread(data, 1, 1 << 24, f);
	fclose(f);
	return data;
}

/* A small generator of numbers that look random, the same in each run. */
static inline uint64_t fixture_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* A well-formed record of any kind. */
static inline struct reblock_record fixture_record(uint64_t *seed)
{
	struct reblock_record r;
	uint64_t word[8];

	do {
		for (size_t i = 0; i < 8; i++)
			word[i] = fixture_random(seed);
		memcpy(&r, word, sizeof(r));
		r.kind = (uint8_t)(1 + r.kind % (REBLOCK_KINDS - 1));
		if (fixture_random(seed) % 8 == 0)
			r.t = REBLOCK_NO_TIME;
		if (fixture_random(seed) % 8 == 0)
			r.cpu = REBLOCK_NO_CPU;
		if (r.kind == REBLOCK_LOST && fixture_random(seed) % 2)
			r.vcpu = REBLOCK_NO_VCPU;
		if (r.kind == REBLOCK_LOST && fixture_random(seed) % 2)
			r.vm = REBLOCK_NO_VM;
		if (r.kind == REBLOCK_WITNESS)
			r.error_code %= REBLOCK_SAW_KINDS;
		if (r.kind == REBLOCK_META) /* its name ends anywhere */
			((char *)&r)[reblock_name_at(fixture_random(seed) % REBLOCK_NAME_LENGTH)] =
				0;
	} while (!reblock_record_normalize(&r));
	return r;
}

static inline struct reblock_source fixture_source(void)
{
	struct reblock_source s;

	memset(&s, 0, sizeof(s));
	strcpy(s.source, "test \"1\" \\");
	strcpy(s.host, "h\xc3\xb6st");
	strcpy(s.kernel, "6.1.0-test");
	strcpy(s.clock, "monotonic");
	s.presence = (1u << 10) - 1;
	s.family = 6;
	s.model = 85;
	s.stepping = 4;
	s.microcode = 0x2006e05;
	s.tsc_khz = 2100000;
	s.ept = s.vnmi = s.bare_metal = 1;
	s.captures = 1u << REBLOCK_EXIT | 1u << REBLOCK_META;
	s.fields = REBLOCK_HAS_REASON | REBLOCK_HAS_SEQ;
	return s;
}

/* What a reading of the file gave. */
struct fixture_result {
	int opened;      /* of reblock_input_open */
	char first[512]; /* the first damage, or the error */
	uint64_t damages;
	size_t n;
	struct reblock_record *records;
	struct reblock_source source;
};

static inline void fixture_damage(void *context, const char *message)
{
	struct fixture_result *result = context;

	assert_null(strchr(message, '\n'));
	if (!result->first[0])
		snprintf(result->first, sizeof(result->first), "%s", message);
}

static inline struct fixture_result fixture_read_all(const char *path)
{
	struct fixture_result result = { .records = NULL };
	struct reblock_input *in;
	const struct reblock_record *records;
	char *error;
	long n;

	result.opened = reblock_input_open(path, fixture_damage, &result, &in, &error);
	if (result.opened < 0) {
		assert_non_null(error);
		assert_null(strchr(error, '\n'));
		snprintf(result.first, sizeof(result.first), "%s", error);
		free(error);
		return result;
	}
	while ((n = reblock_input_next(in, &records)) > 0) {
		assert_true(n <= REBLOCK_CHUNK_RECORDS);
		result.records = realloc(result.records, (result.n + (size_t)n) * sizeof(*records));
		assert_non_null(result.records);
		memcpy(result.records + result.n, records, (size_t)n * sizeof(*records));
		result.n += (size_t)n;
	}
	assert_int_equal(n, 0);
	result.damages = reblock_input_damages(in);
	result.source = *reblock_input_source(in);
	reblock_input_close(in);
	for (size_t i = 0; i < result.n; i++) {
		struct reblock_record r = result.records[i];

		assert_true(reblock_record_normalize(&r));
		assert_memory_equal(&r, &result.records[i], sizeof(r));
	}
	return result;
}

#endif
