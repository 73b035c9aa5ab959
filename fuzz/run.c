/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <reblock/policies.h>
#include "run.h"

_Static_assert(sizeof(struct sim_turn) == RUN_CELL, "a cell is a turn");

#define NMI REBLOCK_PIN_NMI_EXITING
#define VIRTUAL REBLOCK_PIN_VIRTUAL_NMIS
#define POSTED REBLOCK_PIN_POSTED_INTERRUPTS

const uint16_t run_pins[8] = {
	NMI | VIRTUAL, NMI | VIRTUAL | POSTED, NMI,           0,
	NMI | VIRTUAL, NMI | POSTED,           NMI | VIRTUAL, NMI | VIRTUAL | POSTED,
};

const uint32_t run_steps[8] = {
	5000, 1000, 100000, 1000000, 9000000, 30000000, 60000000, 120000000
};

struct cells {
	struct sim_random random;
	const uint8_t *next, *end;
};

static void turn(struct sim_random *random, const struct sim_config *config, struct sim_turn *turn)
{
	struct cells *cells = (struct cells *)random;
	size_t left = (size_t)(cells->end - cells->next);
	uint8_t cell[RUN_CELL] = { 0 };

	(void)config;
	left = left < RUN_CELL ? left : RUN_CELL;
	memcpy(cell, cells->next, left);
	memcpy(turn, cell, RUN_CELL);
	cells->next += left;
}

const struct reblock_policy *run_policy(unsigned number)
{
	size_t n = 1;

	while (reblock_policy_at(n))
		n++;
	return reblock_policy_at(number % n);
}

static unsigned misses(const uint8_t *header)
{
	return header[0] | (unsigned)header[1] << 8;
}

static struct sim_pt pt_of(const uint8_t *header)
{
	unsigned bits = header[RUN_VNMI];

	if (!(bits & RUN_PT))
		return (struct sim_pt){ .on = false };
	return (struct sim_pt){ .on = true,
				.event_trace = bits & RUN_PT_EVENT_TRACE,
				.image = bits & RUN_PT_IMAGE,
				.l2 = bits & RUN_PT_L2,
				.alone = bits & RUN_PT_ALONE,
				.lossy = bits & RUN_PT_LOSSY,
				.based = header[RUN_TIME] >> 3 & 3 };
}

static void configure(struct sim_config *config, const uint8_t *header)
{
	unsigned host = header[RUN_HOST], kinds = (unsigned)header[RUN_KINDS_MISS] << 1;

	sim_config_default(config, 1 + (host >> 2 & 1), 1 + (host & 3));
	config->view = sim_views[header[RUN_VIEW] % SIM_VIEWS];
	config->view.exit &= (uint16_t)~misses(header + RUN_EXIT_MISSES);
	config->view.entry &= (uint16_t)~misses(header + RUN_ENTRY_MISSES);
	/* Without its numbers in one kind, a recorder numbers none. */
	if (misses(header + RUN_EXIT_MISSES) & REBLOCK_HAS_SEQ)
		config->view.others &= (uint16_t)~REBLOCK_HAS_SEQ;
	config->view.kinds &= ~(kinds & ~(1u << REBLOCK_EXIT | 1u << REBLOCK_ENTRY));
	config->view.lost = host >> 6 & 1;
	config->view.pt = pt_of(header);
	config->view.early = host >> 7;
	/* Then the exit is recorded after the hypervisor's recovery. */
	if (config->view.early)
		config->view.bare_metal = 0;
	config->nested = host >> 3 & 1;
	config->guests = host >> 4 & 3;
	config->odd = header[RUN_PROCESSOR] & 15;
	config->step = run_steps[header[RUN_TIME] & 7];
	config->pin[0] = (uint16_t)(0x16 | run_pins[header[RUN_PIN] & 7]);
	config->pin[1] = (uint16_t)(0x16 | run_pins[header[RUN_PIN] >> 3 & 7]);
	config->does_right = header[RUN_HYPERVISOR] == 0;
	config->caches = header[RUN_HYPERVISOR] == 2;
	if (header[RUN_HYPERVISOR] > 2)
		config->hypervisor = run_policy(header[RUN_HYPERVISOR] - 3u);
}

/* What no record has to show, as the host's owner would know it. */
static void assume(struct run *run, const uint8_t *header)
{
	unsigned vnmi = header[RUN_VNMI] % 4;
	bool all_on = true, all_off = true;

	for (unsigned i = 0; i < run->sim.n_vcpus; i++) {
		unsigned pin = run->sim.vcpus[i].sides[0].processor.pin;

		all_on = all_on && (pin & (NMI | VIRTUAL)) == (NMI | VIRTUAL);
		all_off = all_off && (pin & (NMI | VIRTUAL)) == NMI;
	}
	run->untrue = (all_on ? 0 : REBLOCK_ASSUMES_VNMI_ON) |
		      (all_off ? 0 : REBLOCK_ASSUMES_VNMI_OFF);
	if (vnmi)
		run->options.vnmi = (enum reblock_vnmi)(vnmi - 1);
	else if (!(run->source.fields & REBLOCK_HAS_PIN))
		run->options.vnmi = all_on  ? REBLOCK_VNMI_ON :
				    all_off ? REBLOCK_VNMI_OFF :
					      REBLOCK_VNMI_NOT_ASSUMED;
}

/* The turn's N records have gone to where they belong; the next ones go behind them. */
static void take(struct run *run, unsigned n, size_t cell)
{
	for (unsigned i = 0; i < n; i++)
		run->cell[run->n + i] = (uint16_t)cell;
	run->n += n;
	run->sim.whole = run->whole + run->n;
	run->sim.seen = run->seen + run->n;
	run->sim.truth = run->truth + run->n;
}

void run_decode(struct run *run, const uint8_t *data, size_t size)
{
	run_decode_as(run, data, size, NULL);
}

void run_decode_as(struct run *run, const uint8_t *data, size_t size,
		   const struct reblock_policy *hypervisor)
{
	uint8_t header[RUN_HEADER] = { 0 };
	size_t head = size < RUN_HEADER ? size : RUN_HEADER;
	struct cells cells = { .random = { .turn = turn }, .next = data + head };
	struct sim_config config;

	if (head)
		memcpy(header, data, head);
	size -= head;
	if (size > (size_t)RUN_CELLS_MOST * RUN_CELL)
		size = (size_t)RUN_CELLS_MOST * RUN_CELL;
	cells.end = cells.next + size;
	configure(&config, header);
	if (hypervisor)
		config.hypervisor = hypervisor;
	sim_start_all(&run->sim, &config, &cells.random, true);
	run->source = sim_source(&config.view);
	run->options = (struct reblock_audit_options){ 0 };
	assume(run, header);
	memcpy(run->left, header + RUN_LEFT, sizeof(run->left));
	run->n = run->cells = 0;
	take(run, 0, 0);
	take(run, sim_names(&run->sim), 0);
	while ((run->sim.again || cells.next < cells.end) &&
	       run->n + sim_turn_most(&run->sim) <= RUN_RECORDS_MOST) {
		if (!run->sim.again)
			run->cells++;
		take(run, sim_turn(&run->sim), run->cells - 1);
	}
	if (run->sim.plain)
		sim_record_all(&run->sim, run->whole, run->seen, run->n);
	if (run->sim.entered_nested)
		run->untrue |= REBLOCK_ASSUMES_L2_0;
}
