/* SPDX-License-Identifier: BSD-2-Clause */
/* What all fuzz targets share. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Ends the target: prints "TARGET: " and the reason as one line on stderr, and aborts. TARGET is the program's name without
 * what follows its last '_', so that all drivers of a target give the same line. Crashes are told apart by it: say what does
 * not hold, and where, but no address and nothing that is as long as the input.
 */
_Noreturn void fuzz_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A property that must hold for any input; unlike assert, in every build. */
#define FUZZ_CHECK(condition) \
	do { \
		if (!(condition)) \
			fuzz_fail("%s:%d: %s", __FILE__, __LINE__, #condition); \
	} while (0)

/* The names are libFuzzer's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv); /* a target has it or not */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

#endif
