/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes perf.data with Intel PT, as large as one likes. */
#ifndef PT_RECORDING_H
#define PT_RECORDING_H

#include <stdint.h>

enum { PT_RECORDING_CPUS_MOST = 256 };

enum pt_recording_kind {
	/* Of a program that runs in a loop: a packet of 6 branches nearly always, an indirect branch after 36, a PSB after 4 KiB. */
	PT_RECORDING_LOOP,
	/* Of a host whose guests leave and come back every 200 bytes, with Event Trace. */
	PT_RECORDING_GUESTS,
	/* Of a program (pt_program.h), whose code stands in PATH with ".program" behind it. */
	PT_RECORDING_PROGRAM,
	/* Of a guest alone, without Event Trace, that runs such a program; the same. */
	PT_RECORDING_GUEST,
};

/* Writes MEGABYTES of PT, of CPUS processors, to PATH. Returns 0, or a negative errno. */
int pt_recording_write(enum pt_recording_kind kind, uint64_t megabytes, unsigned cpus,
		       const char *path);

/* Writes MEGABYTES of PT alone to PATH, one CPU's, as of PT_RECORDING_GUESTS. The same. */
int pt_recording_write_raw(uint64_t megabytes, const char *path);

/* Writes MEGABYTES to PATH: the PT of the recording FROM again and again, with times that go on. The same. */
int pt_recording_repeat(uint64_t megabytes, const char *from, const char *path);

#endif
