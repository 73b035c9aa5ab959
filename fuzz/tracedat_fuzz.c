/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.dat, version 6 or 7. The input is HEAD bytes that say what to do, and a file whose outer shape is mended: words, sizes
 * and counts of its parts, places, heads of pages, lengths of events.
 *
 * The same file with the pages of its CPUs compressed gives the same.
 */
#include <string.h>
#include "fuzz.h"
#include "reading/reading.h"
#include "tracedat/shape.h"

#define HEAD 8

static void packed(struct dat_shape *s, const struct reading *reading, uint32_t seed)
{
	static struct reading again;

	if (!dat_pack(s, seed))
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
	struct dat_shape shape;

	memcpy(head, data, size < HEAD ? size : HEAD);
	data += size < HEAD ? size : HEAD;
	size -= size < HEAD ? size : HEAD;
	shape.at = reading_room;
	shape.room = READING_BYTES;
	shape.size = size < READING_BYTES / 4 ? size : READING_BYTES / 4;
	shape.leave = head[0];
	memcpy(shape.at, data, shape.size);
	dat_mend(&shape);
	reading_of_room(&reading, shape.size);
	if (head[2] >= 0xe0 && reading_of_pipe(&piped, shape.size, (size_t)16 << head[2] % 9))
		reading_expect_same(&reading, &piped, "through a pipe");
	if (reading.opened)
		return 0;
	reading_audit(&reading, NULL);
	if (!reading.damages && head[1] >= 0x80)
		packed(&shape, &reading, head[1]);
	if (head[3] >= 0xc0)
		reading_again_as_json(&reading, 64);
	if (head[4] >= 0xc0)
		reading_again_as_trace(&reading);
	return 0;
}
