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

static void packed(struct perf_shape *s, const struct reading *reading, uint32_t seed)
{
	static struct reading again;

	if (!perf_pack(s, seed))
		return;
	reading_of_room(&again, s->size);
	if (again.opened)
		fuzz_fail("compressed: it cannot be opened");
	if (again.damages)
		fuzz_fail("compressed: it is called damaged");
	if (again.n != reading->n || again.sum != reading->sum)
		fuzz_fail("compressed: other records");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reading reading, piped;
	uint8_t head[HEAD] = { 0 };
	struct perf_shape shape;
	bool whole;

	memcpy(head, data, size < HEAD ? size : HEAD);
	data += size < HEAD ? size : HEAD;
	size -= size < HEAD ? size : HEAD;
	shape.at = reading_room;
	shape.room = READING_BYTES;
	shape.size = size < READING_BYTES / 4 ? size : READING_BYTES / 4;
	shape.leave = head[0] & PERF_LEAVE_ALL;
	memcpy(shape.at, data, shape.size);
	perf_mend(&shape);
	whole = mended_whole(&shape);
	reading_of_room(&reading, shape.size);
	if (head[2] >= 0xe0 && reading_of_pipe(&piped, shape.size, (size_t)16 << head[2] % 9))
		reading_expect_same(&reading, &piped, "through a pipe");
	if (reading.opened)
		return 0;
	/* A pipe's stream may end at any time, also in the middle of a round. */
	if (whole && reading.damages > shape.pipe)
		fuzz_fail("what is in order is called damaged");
	reading_audit(&reading, NULL);
	if (whole && head[1] >= 0x80)
		packed(&shape, &reading, head[1]);
	if (head[3] >= 0xc0)
		reading_again_as_json(&reading, 64);
	if (head[4] >= 0xc0)
		reading_again_as_trace(&reading);
	return 0;
}
