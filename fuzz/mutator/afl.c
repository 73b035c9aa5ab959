/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mutator for AFL++ (4.04c and later): AFL_CUSTOM_MUTATOR_LIBRARY=run_mutator.so. Its names and what they take are AFL++'s
 * (docs/custom_mutators.md there); u8, u32 and its state are written without its headers.
 */
#include <stdlib.h>
#include <string.h>
#include "mutator/mutator.h"
#include "mutator/trim.h"

#define TRIM_STEPS 1000000 /* AFL++ asks for a number that ends a trim: nothing comes near it */

struct afl_mutator {
	struct mutator mutator;
	struct trim trim;
	int32_t trimmed; /* steps */
	uint8_t run[MUTATOR_SIZE_MOST];
	char description[256];
};

#define EXPORTED __attribute__((visibility("default")))

EXPORTED void *afl_custom_init(void *afl, unsigned seed);
EXPORTED size_t afl_custom_fuzz(void *data, uint8_t *buffer, size_t size, uint8_t **out,
				uint8_t *other, size_t other_size, size_t most);
EXPORTED const char *afl_custom_describe(void *data, size_t most);
EXPORTED int32_t afl_custom_init_trim(void *data, uint8_t *buffer, size_t size);
EXPORTED size_t afl_custom_trim(void *data, uint8_t **out);
EXPORTED int32_t afl_custom_post_trim(void *data, uint8_t success);
EXPORTED void afl_custom_deinit(void *data);

void *afl_custom_init(void *afl, unsigned seed)
{
	struct afl_mutator *m = calloc(1, sizeof(*m));

	(void)afl;
	if (m != NULL)
		mutator_seed(&m->mutator, seed);
	return m;
}

size_t afl_custom_fuzz(void *data, uint8_t *buffer, size_t size, uint8_t **out, uint8_t *other,
		       size_t other_size, size_t most)
{
	struct afl_mutator *m = data;

	if (most > sizeof(m->run))
		most = sizeof(m->run);
	if (size > most)
		size = most;
	memcpy(m->run, buffer, size);
	*out = m->run;
	return mutator_change(&m->mutator, m->run, size, most, other, other_size);
}

/* Goes into the names of queue files. */
const char *afl_custom_describe(void *data, size_t most)
{
	struct afl_mutator *m = data;

	mutator_describe(&m->mutator, m->description,
			 most < sizeof(m->description) ? most : sizeof(m->description));
	return m->description;
}

int32_t afl_custom_init_trim(void *data, uint8_t *buffer, size_t size)
{
	struct afl_mutator *m = data;

	m->trimmed = 0;
	return trim_start(&m->trim, buffer, size) ? TRIM_STEPS : 0;
}

size_t afl_custom_trim(void *data, uint8_t **out)
{
	struct afl_mutator *m = data;
	size_t size;
	const uint8_t *candidate = trim_candidate(&m->trim, &size);

	/* AFL++ may write to what it is given. */
	memcpy(m->run, candidate, size);
	*out = m->run;
	return size;
}

int32_t afl_custom_post_trim(void *data, uint8_t success)
{
	struct afl_mutator *m = data;

	m->trimmed++;
	return trim_judge(&m->trim, success != 0) ? m->trimmed : TRIM_STEPS;
}

void afl_custom_deinit(void *data)
{
	free(data);
}
