/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time-stamp counter, which PT's packets carry, as the clock of a recorder's records.
 */
#ifndef PT_CLOCK_H
#define PT_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pt_clock_kind {
	PT_CLOCK_UNKNOWN, /* there is no way from one to the other */
	PT_CLOCK_PERF,   /* shift, mult and zero, as the mmap page of perf_event_open(2) has them */
	PT_CLOCK_POINTS, /* both clocks were read together now and then */
	PT_CLOCK_TSC     /* the records' times are the counter itself */
};

/* Both clocks at one time. */
struct pt_clock_point {
	uint64_t tsc, t;
};

struct pt_clock {
	enum pt_clock_kind kind;
	uint16_t shift; /* perf's time_shift, time_mult and time_zero; at most 63 */
	uint32_t mult;
	uint64_t zero;
	/* Ascending in both; they stay as long as the clock does. Beyond the ends the nearest two count. */
	const struct pt_clock_point *points;
	size_t n_points; /* at least 2 */
	uint64_t error;  /* by so many ns a time that this gives may be wrong */
};

/*
 * Returns the time at TSC in ns (in ticks for PT_CLOCK_TSC), or REBLOCK_NO_TIME where the clock is not known.
 * PT_CLOCK_PERF: zero + (tsc >> shift) * mult + (((tsc & (2^shift - 1)) * mult) >> shift), modulo 2^64, as
 * linux/perf_event.h says at cap_user_time_zero; zero is often "negative".
 */
uint64_t pt_clock_time(const struct pt_clock *clock, uint64_t tsc);

/* Whether CLOCK can be used: known, its shift in range, its points ascending and at least two. */
bool pt_clock_usable(const struct pt_clock *clock);

#endif
