/* SPDX-License-Identifier: BSD-2-Clause */
/* What targets of files have in common: an input's head, and the other ways in which the same file is read. */
#include <string.h>
#include "fuzz.h"
#include "reading/reading.h"

struct reading_input reading_split(const uint8_t *data, size_t size, size_t head)
{
	struct reading_input input = { .data = data, .size = size };
	size_t there = size < head ? size : head;

	memcpy(input.head, data, there);
	input.data += there;
	input.size -= there;
	return input;
}

size_t reading_place(const struct reading_input *input, size_t most)
{
	size_t size = input->size < most ? input->size : most;

	memcpy(reading_room, input->data, size);
	return size;
}

void reading_piped_same(const struct reading *reading, size_t size, unsigned how, unsigned least)
{
	static struct reading piped;

	if (how >= least && reading_of_pipe(&piped, size, (size_t)16 << how % 9))
		reading_expect_same(reading, &piped, "through a pipe");
}

void reading_packed_same(const struct reading *reading, size_t size)
{
	static struct reading packed;

	reading_of_room(&packed, size);
	if (packed.opened)
		fuzz_fail("compressed: it cannot be opened");
	if (packed.damages)
		fuzz_fail("compressed: it is called damaged");
	if (packed.n != reading->n || packed.sum != reading->sum)
		fuzz_fail("compressed: other records");
}
