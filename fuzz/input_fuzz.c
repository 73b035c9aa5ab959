/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as an input: read, written and read again, and audited, with a policy replayed beside the audit (which one, the
 * input's size says). Nothing is mended here; the targets own, jsonl, perf and tracedat know their formats.
 */
#include <string.h>
#include <reblock/policies.h>
#include "fuzz.h"
#include "reading/reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reading reading, piped;

	if (size > READING_BYTES)
		return 0;
	memcpy(reading_room, data, size);
	reading_of_room(&reading, size);
	/* A pipe gives the same in the same words, however it comes. */
	if (size % 16 == 1 && reading_of_pipe(&piped, size, 4096))
		reading_expect_same(&reading, &piped, "through a pipe");
	if (reading.opened)
		return 0;
	reading_audit(&reading, reblock_policy_at(size % 32));
	reading_again_as_json(&reading, READING_RECORDS);
	reading_again_as_trace(&reading);
	return 0;
}
