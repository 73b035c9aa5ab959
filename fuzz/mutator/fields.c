/* SPDX-License-Identifier: BSD-2-Clause */
#include "mutator/fields.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
/* A field of BITS bits, all of whose values are of interest but 0, or the first N. */
#define FIRST(name_, byte_, shift_, bits_, n_) \
	{ \
		.name = (name_), .byte = (byte_), .shift = (shift_), .bits = (bits_), .n = (n_) \
	}
#define BIT(name_, byte_, shift_) FIRST(name_, byte_, shift_, 1, 1)
#define SOME(name_, byte_, shift_, bits_, values_) \
	{ \
		.name = (name_), .byte = (byte_), .shift = (shift_), .bits = (bits_), \
		.n = LENGTH(values_), .values = (values_) \
	}

static const uint8_t numbers[] = { 1, 2, 3, 4, 16, 128, 255 };

static const struct run_field header[] = {
	SOME("0", 0, 0, 8, numbers),   SOME("1", 1, 0, 8, numbers),   SOME("2", 2, 0, 8, numbers),
	SOME("3", 3, 0, 8, numbers),   SOME("4", 4, 0, 8, numbers),   SOME("5", 5, 0, 8, numbers),
	SOME("6", 6, 0, 8, numbers),   SOME("7", 7, 0, 8, numbers),   SOME("8", 8, 0, 8, numbers),
	SOME("9", 9, 0, 8, numbers),   SOME("10", 10, 0, 8, numbers), SOME("11", 11, 0, 8, numbers),
	SOME("12", 12, 0, 8, numbers), SOME("13", 13, 0, 8, numbers), SOME("14", 14, 0, 8, numbers),
	SOME("15", 15, 0, 8, numbers),
};

static const struct run_field cell[] = {
	FIRST("vcpu", 0, 0, 2, 1),
	BIT("pause", 0, 7),
	FIRST("step", 1, 0, 2, 3),
	FIRST("step2", 1, 2, 2, 3),
	FIRST("step3", 1, 4, 2, 3),
	FIRST("step4", 1, 6, 2, 3),
	FIRST("exit", 2, 0, 4, 15),
	FIRST("which", 2, 4, 4, 15),
	BIT("undefined", 3, 0),
	BIT("idtv12", 3, 1),
	BIT("sti", 3, 2),
	BIT("mov-ss", 3, 3),
	BIT("write", 3, 4),
	BIT("reason", 3, 5),
	FIRST("where", 3, 6, 2, 3),
	FIRST("mistake", 4, 0, 4, 13),
	FIRST("again", 4, 4, 4, 1),
	FIRST("comes", 5, 0, 3, 6),
	BIT("reflect", 5, 3),
	FIRST("vector", 5, 4, 4, 1),
	FIRST("between", 6, 0, 4, 12),
	FIRST("how", 6, 4, 4, 1),
	FIRST("loses", 7, 0, 3, 6),
	BIT("late", 7, 3),
	FIRST("absent", 7, 4, 3, 7),
	BIT("seen", 7, 7),
};

const struct run_fields run_header_fields = { LENGTH(header), header };
const struct run_fields run_cell_fields = { LENGTH(cell), cell };
