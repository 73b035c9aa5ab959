/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run: what a fuzzer's bytes mean. A simulated host runs guests for as many turns as there are cells, and the
 * audit gets what a recorder sees of it.
 *
 * Every byte string is a valid run. A header says what kind of host, hypervisor and recorder it is; after it each
 * cell is one turn of one vCPU, from its last entry over an exit to the next entry. A cell's choices come from its own
 * bytes alone, those beyond them are 0, and so are missing header bytes: what is changed in a cell changes that
 * turn, and later ones only as far as the guest's state does.
 */
#ifndef RUN_H
#define RUN_H

#include <stddef.h>
#include <reblock/audit.h>
#include "sim/sim.h"

#define RUN_HEADER 16 /* bytes */
#define RUN_CELL 8
#define RUN_CELLS_MOST 1024 /* the rest of an input is left alone */
#define RUN_RECORDS_MOST (RUN_CELLS_MOST * SIM_TURN_MOST + SIM_VCPUS_MOST)

struct run {
	struct reblock_source source;
	/* What the audit has to be told of this recording; its callbacks are NULL. */
	struct reblock_audit_options options;
	size_t n, cells;
	struct reblock_record seen[RUN_RECORDS_MOST]; /* the stream */
	uint16_t truth[RUN_RECORDS_MOST];             /* enum sim_truth, of each record */
	struct sim sim;
};

/* Runs the SIZE bytes at DATA. *RUN is filled whole, whatever was in it before; nothing is allocated. */
void run_decode(struct run *run, const uint8_t *data, size_t size);

#endif
