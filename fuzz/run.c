/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "run.h"

struct choices {
	struct sim_random random;
	const uint8_t *at, *end; /* what is left of the cell */
	const uint8_t *next;     /* the next cell */
	const uint8_t *data_end;
	bool over; /* a turn has begun for which there is no cell */
};

static unsigned byte(struct choices *choices)
{
	return choices->at < choices->end ? *choices->at++ : 0;
}

static unsigned below(struct sim_random *random, unsigned limit)
{
	struct choices *choices = (struct choices *)random;
	unsigned value = byte(choices);

	if (limit <= 256)
		return value * limit >> 8;
	return (value << 8 | byte(choices)) * limit >> 16;
}

static void turn(struct sim_random *random)
{
	struct choices *choices = (struct choices *)random;
	size_t left = (size_t)(choices->data_end - choices->next);

	choices->over |= !left;
	choices->at = choices->next;
	choices->end = choices->at + (left < RUN_CELL ? left : RUN_CELL);
	choices->next = choices->end;
}

static unsigned thousandths(uint8_t byte)
{
	return byte * 1000u / 255;
}

static void configure(struct run *run, struct sim_config *config, const uint8_t *header)
{
	static const struct sim_view *const views[] = { &sim_view_all, &sim_view_perf,
							&sim_view_perf_old, &sim_view_two };

	sim_config_default(config, 1 + (header[1] & 1), 1 + (header[1] >> 1 & 1));
	config->view = *views[header[0] % 4];
	config->view.lost = header[2] < 128 ? 0 : header[2] - 128u;
	config->policy.miss = thousandths(header[3]);
	config->policy.careless = thousandths(header[4]);
	config->policy.nmi = thousandths(header[5]);
	config->habits.iret_exits = thousandths(header[6]);
	run->options.vnmi = header[0] % 4 ? REBLOCK_VNMI_ON : REBLOCK_VNMI_NOT_ASSUMED;
}

void run_decode(struct run *run, const uint8_t *data, size_t size)
{
	uint8_t header[RUN_HEADER] = { 0 };
	struct choices choices = { .random = { .below = below, .turn = turn } };
	struct sim_config config;

	run->options = (struct reblock_audit_options){ 0 };
	run->n = 0;
	memcpy(header, data, size < RUN_HEADER ? size : RUN_HEADER);
	data += size < RUN_HEADER ? size : RUN_HEADER;
	size -= size < RUN_HEADER ? size : RUN_HEADER;
	if (size > (size_t)RUN_CELLS_MOST * RUN_CELL)
		size = (size_t)RUN_CELLS_MOST * RUN_CELL;
	run->cells = (size + RUN_CELL - 1) / RUN_CELL;
	configure(run, &config, header);
	run->source = sim_source(&config.view);
	/* How the host begins is the header's, too. */
	choices.at = header + RUN_HEADER / 2;
	choices.end = header + RUN_HEADER;
	choices.next = data;
	choices.data_end = data + size;
	sim_start(&run->sim, &config, &choices.random);
	for (;;) {
		uint16_t truth = (uint16_t)sim_next(&run->sim, &run->seen[run->n]);

		if (choices.over || run->n == RUN_RECORDS_MOST)
			return;
		run->truth[run->n++] = truth;
	}
}
