/* SPDX-License-Identifier: BSD-2-Clause */
#include "mutator/fields.h"
#include "run.h"

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

#define POLICIES 24 /* of reblock/policies.h */

static const uint8_t one_bit[] = { 1, 2, 4, 8, 16, 32, 64, 128 };
static const uint8_t numbers[] = { 1, 2, 3, 4, 16, 128, 255 };
static const uint8_t odd[] = { 1, 2, 4, 8 };
/* What Intel PT is recorded with. */
#define PT(bits) ((bits) >> 2)
static const uint8_t pt[] = {
	PT(RUN_PT | RUN_PT_IMAGE | RUN_PT_L2),
	PT(RUN_PT | RUN_PT_EVENT_TRACE | RUN_PT_IMAGE | RUN_PT_L2),
	PT(RUN_PT | RUN_PT_EVENT_TRACE | RUN_PT_L2 | RUN_PT_ALONE),
	PT(RUN_PT | RUN_PT_IMAGE | RUN_PT_LOSSY),
	PT(RUN_PT | RUN_PT_EVENT_TRACE | RUN_PT_IMAGE | RUN_PT_LOSSY),
	PT(RUN_PT | RUN_PT_EVENT_TRACE | RUN_PT_ALONE | RUN_PT_LOSSY),
};
static const uint8_t again[] = { 1, 2, 4, 12 }; /* and how PT shows it */
static const uint8_t pins[] = { 1, 2, 3, 5 };   /* run_pins has some twice */

static const struct run_field header[] = {
	FIRST("view", RUN_VIEW, 0, 8, SIM_VIEWS - 1),
	FIRST("vcpus", RUN_HOST, 0, 2, 1),
	BIT("vms", RUN_HOST, 2),
	BIT("nested", RUN_HOST, 3),
	FIRST("guests", RUN_HOST, 4, 2, 3),
	BIT("lossy", RUN_HOST, 6),
	BIT("early", RUN_HOST, 7),
	FIRST("hypervisor", RUN_HYPERVISOR, 0, 8, 2 + POLICIES),
	SOME("pin", RUN_PIN, 0, 3, pins),
	SOME("pin2", RUN_PIN, 3, 3, pins),
	SOME("odd", RUN_PROCESSOR, 0, 4, odd),
	FIRST("time", RUN_TIME, 0, 3, 7),
	FIRST("pt-base", RUN_TIME, 3, 2, 3),
	SOME("exit-misses", RUN_EXIT_MISSES, 0, 8, one_bit),
	SOME("exit-misses2", RUN_EXIT_MISSES + 1, 0, 8, one_bit),
	SOME("entry-misses", RUN_ENTRY_MISSES, 0, 8, one_bit),
	SOME("entry-misses2", RUN_ENTRY_MISSES + 1, 0, 8, one_bit),
	SOME("kinds-miss", RUN_KINDS_MISS, 0, 8, one_bit),
	FIRST("vnmi", RUN_VNMI, 0, 2, 3),
	SOME("pt", RUN_VNMI, 2, 6, pt),
	SOME("left", RUN_LEFT, 0, 8, numbers),
	SOME("left2", RUN_LEFT + 1, 0, 8, numbers),
	SOME("left3", RUN_LEFT + 2, 0, 8, numbers),
	SOME("left4", RUN_LEFT + 3, 0, 8, numbers),
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
	FIRST("mistake", 4, 0, 4, SIM_MISTAKES - 1),
	SOME("again", 4, 4, 4, again),
	FIRST("comes", 5, 0, 3, 6),
	BIT("reflect", 5, 3),
	FIRST("vector", 5, 4, 4, 1),
	FIRST("between", 6, 0, 4, SIM_BETWEENS - 1),
	FIRST("how", 6, 4, 2, 1),
	FIRST("pt-misses", 6, 6, 2, 3),
	FIRST("loses", 7, 0, 3, 6),
	BIT("late", 7, 3),
	FIRST("absent", 7, 4, 3, 7),
	BIT("seen", 7, 7),
};

const struct run_fields run_header_fields = { LENGTH(header), header };
const struct run_fields run_cell_fields = { LENGTH(cell), cell };
