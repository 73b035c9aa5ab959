/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.dat, version 6 or 7. The input is HEAD bytes that say what to do, and a file whose outer shape is mended: words, sizes
 * and counts of its parts, places, heads of pages, lengths of events.
 *
 * The same file with the pages of its CPUs compressed gives the same.
 */
#include "fuzz.h"
#include "reading/reading.h"
#include "tracedat/shape.h"

#define HEAD 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reading reading;
	const struct reading_input input = reading_split(data, size, HEAD);
	const uint8_t *head = input.head;
	struct dat_shape shape = { .at = reading_room,
				   .room = READING_BYTES,
				   .size = reading_place(&input, READING_BYTES / 4),
				   .leave = head[0] };

	dat_mend(&shape);
	reading_of_room(&reading, shape.size);
	reading_piped_same(&reading, shape.size, head[2], 0xe0);
	if (reading.opened)
		return 0;
	reading_audit(&reading, NULL);
	if (!reading.damages && head[1] >= 0x80 && dat_pack(&shape, head[1]))
		reading_packed_same(&reading, shape.size);
	reading_again_if(&reading, head[3], head[4]);
	return 0;
}
