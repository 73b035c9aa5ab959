/* SPDX-License-Identifier: BSD-2-Clause */
#include <reblock/record.h>
#include "pt/clock.h"

static uint64_t by_perf(const struct pt_clock *c, uint64_t tsc)
{
	uint64_t whole = tsc >> c->shift, rest = tsc & (((uint64_t)1 << c->shift) - 1);

	/* The product of the rest may need more than 64 bits where the shift is above 32. */
	return c->zero + whole * c->mult +
	       (uint64_t)((unsigned __int128)rest * c->mult >> c->shift);
}

/* The first of the two points between which TSC lies, or that are nearest. */
static size_t segment(const struct pt_clock *c, uint64_t tsc)
{
	size_t low = 0, high = c->n_points - 1; /* the answer is from LOW on and before HIGH */

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (c->points[middle].tsc <= tsc)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static uint64_t by_points(const struct pt_clock *c, uint64_t tsc)
{
	const struct pt_clock_point *p = &c->points[segment(c, tsc)];
	uint64_t ticks = p[1].tsc - p[0].tsc, ns = p[1].t - p[0].t;

	if (tsc < p[0].tsc)
		return p[0].t - (uint64_t)((unsigned __int128)(p[0].tsc - tsc) * ns / ticks);
	return p[0].t + (uint64_t)((unsigned __int128)(tsc - p[0].tsc) * ns / ticks);
}

uint64_t pt_clock_time(const struct pt_clock *c, uint64_t tsc)
{
	switch (c->kind) {
	case PT_CLOCK_PERF:
		return by_perf(c, tsc);
	case PT_CLOCK_POINTS:
		return by_points(c, tsc);
	case PT_CLOCK_TSC:
		return tsc;
	default:
		return REBLOCK_NO_TIME;
	}
}

bool pt_clock_usable(const struct pt_clock *c)
{
	switch (c->kind) {
	case PT_CLOCK_PERF:
		return c->shift < 64 && c->mult;
	case PT_CLOCK_POINTS:
		if (c->n_points < 2)
			return false;
		for (size_t i = 1; i < c->n_points; i++)
			if (c->points[i].tsc <= c->points[i - 1].tsc ||
			    c->points[i].t < c->points[i - 1].t)
				return false;
		return true;
	default:
		return c->kind == PT_CLOCK_TSC;
	}
}
