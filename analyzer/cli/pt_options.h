/* SPDX-License-Identifier: BSD-2-Clause */
/* Options for Intel PT beside a trace, and opening an input with them. */
#ifndef CLI_PT_OPTIONS_H
#define CLI_PT_OPTIONS_H

#include <getopt.h>
#include <reblock/pt.h>

#define CLI_PT_FILES 1024

enum { CLI_PT = 0x1000, CLI_PT_CPU, CLI_PT_CLOCK, CLI_PT_IMAGE };

/* For a table of getopt_long. */
#define CLI_PT_LONGS \
	{ "pt", required_argument, NULL, CLI_PT }, \
		{ "pt-cpu", required_argument, NULL, CLI_PT_CPU }, \
		{ "image", required_argument, NULL, CLI_PT_IMAGE }, \
		{ "guest-kernel", required_argument, NULL, CLI_PT_IMAGE }, \
	{ \
		"pt-clock", required_argument, NULL, CLI_PT_CLOCK \
	}

/* For --help. */
#define CLI_PT_HELP \
	"  --pt FILE         take raw Intel PT of one CPU from FILE, with the trace or alone; may be repeated, each with\n" \
	"  --pt-cpu N        the host CPU that FILE is from; N:FAMILY/MODEL/STEPPING also says what processor that is\n" \
	"  --pt-clock SHIFT,MULT,ZERO\n" \
	"                    how its time-stamp counter becomes the trace's time (time_shift, time_mult and time_zero\n" \
	"                    of perf_event_open); without, and with a trace whose clock is not tsc, PT stands for itself\n" \
	"  --guest-kernel FILE[@MOVED]\n" \
	"                    the guests' vmlinux, MOVED bytes from where it was linked (KASLR): says whether PT shows an\n" \
	"                    exit at an IRET; as Linux changes its code, instructions are not followed in it\n" \
	"  --image FILE[@ADDRESS]\n" \
	"                    the guests' memory: a core file (a guest's kcore, as perf record --kcore leaves, or a dump by\n" \
	"                    QEMU's dump-guest-memory -p), or raw bytes, the first at ADDRESS: says the same, and without\n" \
	"                    Event Trace the instructions are followed and show the IRETs that complete; both may be repeated\n"

struct cli_pt {
	struct reblock_pt_file files[CLI_PT_FILES];
	size_t n, n_cpus; /* each has its own list: the nth CPU is the nth file's */
	struct reblock_pt_clock clock;
	bool has_clock;
	struct guest_memory *memory; /* NULL: none; it stays as long as the program runs */
};

/* Takes option C with its value. Returns false, having said what is wrong with it. */
bool cli_pt_option(struct cli_pt *pt, const char *command, int c, const char *value);

/* Whether each file has its CPU; else says so. */
bool cli_pt_complete(const struct cli_pt *pt, const char *command);

/*
 * As reblock_input_open, of PATH with the PT files, or of these alone where PATH is NULL; JOBS threads decode PT. Says what is
 * wrong, if anything, and returns false.
 */
bool cli_pt_open(const struct cli_pt *pt, const char *command, const char *path, unsigned jobs,
		 reblock_damage_fn *damage, void *context, struct reblock_input **input);

#endif
