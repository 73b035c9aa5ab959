/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perf.data, as a file or as a pipe's stream. The input is HEAD bytes that say what to do, and a file whose outer shape is
 * mended: sections, attrs, the sizes of records, whose event a sample is, and the order of time.
 *
 * What is mended whole is read without damage; and the same with all records compressed gives the same.
 */
#include <string.h>
#include "fuzz.h"
#include "perf/shape.h"
#include "reading/reading.h"

#define HEAD 8

static uint64_t sum_of(const struct perf_shape *s)
{
	uint64_t sum = s->size, word;

	for (size_t at = 0; at + 8 <= s->size; at += 8) {
		memcpy(&word, s->at + at, 8);
		sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
		sum ^= sum >> 29;
	}
	return sum;
}

/* Whether nothing is left to mend: parts of a file may lie one over the other, and then it is not. */
static bool mended_whole(struct perf_shape *s)
{
	uint64_t sum = sum_of(s);

	if (s->leave || !s->has_form || s->mixed || !s->plain)
		return false;
	perf_mend(s);
	return sum_of(s) == sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reading reading;
	const struct reading_input input = reading_split(data, size, HEAD);
	const uint8_t *head = input.head;
	struct perf_shape shape = { .at = reading_room,
				    .room = READING_BYTES,
				    .size = reading_place(&input, READING_BYTES / 4),
				    .leave = head[0] & PERF_LEAVE_ALL };
	bool whole;

	perf_mend(&shape);
	whole = mended_whole(&shape);
	reading_of_room(&reading, shape.size);
	reading_piped_same(&reading, shape.size, head[2], 0xe0);
	if (reading.opened)
		return 0;
	/* A pipe's stream may end at any time, also in the middle of a round. */
	if (whole && reading.damages > shape.pipe)
		fuzz_fail("what is in order is called damaged");
	reading_audit(&reading, NULL);
	if (whole && head[1] >= 0x80 && perf_pack(&shape, head[1]))
		reading_packed_same(&reading, shape.size);
	reading_again_if(&reading, head[3], head[4]);
	return 0;
}
