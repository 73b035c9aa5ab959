/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "mutator/busy.h"

static unsigned below(struct mutator *mutator, unsigned limit)
{
	return mutator_below(mutator, limit);
}

static uint8_t any(struct mutator *mutator)
{
	return (uint8_t)below(mutator, 256);
}

/* A byte of which each bit is 1 once in 2 to the power of TIMES. */
static uint8_t few_bits(struct mutator *mutator, unsigned times)
{
	unsigned bits = 255;

	while (times--)
		bits &= below(mutator, 256);
	return (uint8_t)bits;
}

void mutator_busy_header(struct mutator *mutator, uint8_t *header)
{
	memset(header, 0, RUN_HEADER);
	header[RUN_VIEW] = below(mutator, 2) ? (uint8_t)below(mutator, SIM_VIEWS) : 0;
	header[RUN_HOST] = few_bits(mutator, 2);
	header[RUN_HYPERVISOR] =
		(uint8_t)(below(mutator, 2) ? 1 + below(mutator, 2) : below(mutator, 30));
	header[RUN_PIN] = below(mutator, 2) ? (uint8_t)below(mutator, 64) : 0;
	header[RUN_PROCESSOR] = below(mutator, 8) ? 0 : (uint8_t)below(mutator, 16);
	header[RUN_TIME] = (uint8_t)below(mutator, 8);
	switch (below(mutator, 6)) {
	case 0:
		for (unsigned i = RUN_EXIT_MISSES; i <= RUN_KINDS_MISS; i++)
			header[i] = few_bits(mutator, 3);
		break;
	case 1: /* little is missing */
		for (unsigned n = 1 + below(mutator, 3); n > 0; n--)
			header[RUN_EXIT_MISSES +
			       below(mutator, RUN_KINDS_MISS - RUN_EXIT_MISSES + 1)] |=
				(uint8_t)(1u << below(mutator, 8));
		break;
	default:
		break;
	}
	/* Without numbers a loss is a record. */
	if ((header[RUN_HOST] & 0x40) && below(mutator, 2))
		header[RUN_EXIT_MISSES + 1] |= REBLOCK_HAS_SEQ >> 8;
	header[RUN_VNMI] = below(mutator, 3) ? 0 : (uint8_t)below(mutator, 4);
	if (below(mutator, 2))
		for (unsigned i = RUN_LEFT; i < RUN_HEADER; i++)
			header[i] = any(mutator);
}

void mutator_busy_pt(struct mutator *mutator, uint8_t *header)
{
	unsigned pt = RUN_PT | below(mutator, 256);

	if (below(mutator, 4))
		pt |= RUN_PT_EVENT_TRACE;
	if (below(mutator, 2))
		pt &= ~(unsigned)RUN_PT_ALONE;
	header[RUN_VNMI] = (uint8_t)(header[RUN_VNMI] & 3) | (uint8_t)(pt & ~3u);
	header[RUN_TIME] = (uint8_t)((header[RUN_TIME] & 7) |
				     (below(mutator, 8) ? 0 : below(mutator, 4) << 3));
}

static void free_cell(struct mutator *mutator, uint8_t *cell)
{
	static const uint8_t comes[] = { SIM_COMES_NOTHING, SIM_COMES_NMI,       SIM_COMES_NMI,
					 SIM_COMES_NMI,     SIM_COMES_INTERRUPT, SIM_COMES_BOTH };
	struct sim_turn turn = { 0 };
	unsigned class = below(mutator, 4);

	turn.who = (uint8_t)(below(mutator, 4) | (below(mutator, 50) ? 0 : SIM_PAUSE));
	turn.steps = below(mutator, 3) ? 0 : any(mutator);
	turn.exit = (uint8_t)(below(mutator, 16) << 4 | (class < 2  ? (unsigned)SIM_CLASS_IRET :
							 class == 2 ? (unsigned)SIM_CLASS_HOST :
								      below(mutator, 16)));
	turn.detail = few_bits(mutator, 2);
	turn.mistake = below(mutator, 2) ? 0 : any(mutator);
	turn.inject = below(mutator, 2) ? comes[below(mutator, sizeof(comes))] : any(mutator);
	turn.between = below(mutator, 3) ? 0 : any(mutator);
	turn.record = below(mutator, 8) ? SIM_RECORD_SEEN : any(mutator);
	memcpy(cell, &turn, RUN_CELL);
}

void mutator_busy_theme(struct mutator *mutator, struct busy_theme *theme)
{
	bool plain = below(mutator, 2);

	free_cell(mutator, theme->cell);
	for (unsigned i = 0; i < RUN_CELL; i++)
		theme->often[i] = plain ? 0 : (uint8_t)below(mutator, 4);
	/* In most runs one vCPU does most. */
	if (below(mutator, 3))
		theme->often[0] = 3;
	if (below(mutator, 4) == 0)
		theme->cell[7] = any(mutator);
}

void mutator_busy_cell(struct mutator *mutator, const struct busy_theme *theme, uint8_t *cell)
{
	free_cell(mutator, cell);
	for (unsigned i = 0; i < RUN_CELL; i++)
		if (below(mutator, 4) < theme->often[i])
			cell[i] = theme->cell[i];
}
