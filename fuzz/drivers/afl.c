/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AFL++'s loop around a target: persistent, and inputs come in shared memory. Compiled by afl-clang-lto or afl-clang-fast,
 * which define the macros. Run by hand, it takes one input from standard input.
 */
#include <unistd.h>
#include "fuzz.h"

#pragma weak LLVMFuzzerInitialize

#define INPUTS \
	100000 /* per process: no target keeps anything, so there is no need for fresh ones */

__AFL_FUZZ_INIT();

int main(int argc, char **argv)
{
	const uint8_t *data;

	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	__AFL_INIT();
	data = __AFL_FUZZ_TESTCASE_BUF; /* after __AFL_INIT and before the loop, says AFL++ */
	while (__AFL_LOOP(INPUTS)) {
		size_t size = (size_t)__AFL_FUZZ_TESTCASE_LEN;

		LLVMFuzzerTestOneInput(data, size);
	}
	return 0;
}
