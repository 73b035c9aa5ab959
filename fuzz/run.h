/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The run: what a fuzzer's bytes mean. A simulated host runs guests for as many turns as there are cells, and the
 * audit gets what a recorder sees of it.
 *
 * Every byte string is a valid run. A header says what kind of host, hypervisor and recorder it is; after it each
 * cell is one turn of one vCPU, from its last entry over an exit to the next entry: a struct sim_turn, byte by byte
 * (sim/sim_turn.h says what each means). Bytes that are missing are 0, which is the plainest of each. Times and CPU
 * numbers follow from the number of turns alone. So what is changed in a cell changes that turn, and later ones only as far as
 * the guest's and the hypervisor's state does.
 */
#ifndef RUN_H
#define RUN_H

#include <stddef.h>
#include <reblock/audit.h>
#include "sim/sim.h"

#define RUN_HEADER 16 /* bytes */
#define RUN_CELL 8
#define RUN_CELLS_MOST 1024 /* the rest of an input is left alone */
/* A run ends here, too: before a turn that might not have room. */
#define RUN_RECORDS_MOST 8192

/* The header's bytes. What has fewer values than a byte is taken modulo their number. */
enum run_header {
	RUN_VIEW, /* the recorder: one of sim_views */
	/*
	 * Bits 1:0: vCPUs of each VM, less one. 2: two VMs. 3: VMs are hypervisors, with a guest on each vCPU. 5:4: the
	 * guests, enum sim_guest_kind. 6: the recorder loses what turns say.
	 * 7: it shows what sets the mask at an exit before that exit, as KVM's tracepoints do.
	 */
	RUN_HOST,
	/*
	 * What decides on NMI blocking. 0: the sim's own, which does right. 1: the same, and it makes the mistakes that turns
	 * name. 2: likewise, with a copy of its mask, as KVM's. 3 and above: the policies of reblock/policies.h.
	 */
	RUN_HYPERVISOR,
	RUN_PIN, /* bits 2:0: the first VM's pin-based controls, 5:3: the second's; see run_pins */
	RUN_PROCESSOR, /* bits 3:0: enum sim_odd */
	/* bits 2:0: how far turns are apart; see run_steps. 4:3, with Intel PT: whose code has a CS base (struct sim_pt) */
	RUN_TIME,
	/* Fields of exits, then of entries, that are not there: presence bits 0 to 15, two bytes each. */
	RUN_EXIT_MISSES,
	RUN_ENTRY_MISSES = 8,
	RUN_KINDS_MISS =
		10, /* kinds of record that are not there, bits 1 << (enum reblock_kind - 1); exits and entries stay */
	/*
	 * Bits 1:0: what the audit is told of "virtual NMIs", where no record shows it: 0: what is so; else enum reblock_vnmi + 1.
	 * 7:2: Intel PT, enum run_pt.
	 */
	RUN_VNMI,
	RUN_LEFT /* to the last: nothing; a target's own */
};

/* Of the header's RUN_VNMI. Without the first, the others mean nothing. */
enum run_pt {
	RUN_PT = 1 << 2, /* there are witnesses of Intel PT */
	RUN_PT_EVENT_TRACE = 1 << 3,
	RUN_PT_IMAGE = 1 << 4, /* of the guest's memory */
	RUN_PT_L2 = 1 << 5,    /* it is known whose guest it is */
	RUN_PT_ALONE = 1 << 6, /* there are no other records */
	RUN_PT_LOSSY = 1 << 7  /* it misses what turns say (sim/sim_turn.h) */
};

extern const uint16_t
	run_pins[8]; /* of bits 7:0: "NMI exiting", "virtual NMIs", posted interrupts */
extern const uint32_t run_steps[8]; /* ns */

struct run {
	struct reblock_source source;
	/* What the audit has to be told of this recording; its callbacks and its policy are NULL. */
	struct reblock_audit_options options;
	/*
	 * enum reblock_assumption: what an audit may assume, and is not so on this host (REBLOCK_ASSUMES_L2_0,
	 * _VNMI_ON, _VNMI_OFF). The others are a record's: SIM_CAME_BACK, SIM_RETURNS_TO_ITSELF, SIM_FAILED.
	 */
	uint8_t untrue;
	uint8_t left[RUN_HEADER - RUN_LEFT]; /* the header's last bytes */
	size_t n, cells;
	struct reblock_record seen[RUN_RECORDS_MOST]; /* the stream */
	struct reblock_record
		whole[RUN_RECORDS_MOST];  /* the same records with every field that there is */
	uint32_t truth[RUN_RECORDS_MOST]; /* enum sim_truth, of each record */
	uint16_t cell[RUN_RECORDS_MOST + SIM_TURN_MOST +
		      SIM_WITNESSES_MOST]; /* from which cell each comes; 0 for names */
	struct sim sim;
};

/*
 * Runs the SIZE bytes at DATA. Of *RUN all members are filled, and of the arrays the first n places, whatever was in
 * it before; nothing is allocated.
 */
void run_decode(struct run *run, const uint8_t *data, size_t size);

/* The same with HYPERVISOR, which must outlive the run, in place of what the header says; NULL: what it says. */
void run_decode_as(struct run *run, const uint8_t *data, size_t size,
		   const struct reblock_policy *hypervisor);

/* The policy with that number, which is taken modulo how many there are. */
const struct reblock_policy *run_policy(unsigned number);

/* The truths (enum sim_truth), of which one of a finding's records must have one where the finding is true. */
uint32_t run_truth_for(enum reblock_finding_kind kind);

enum run_standing {
	RUN_UNTRUE,
	RUN_TRUE,
	/* it is not true, and an assumption that it names is not, either; or the processor is SIM_ODD_CONTRADICTS */
	RUN_ASSUMED
};

/* How a finding that was seen (not predicted) in RUN's stream, numbered from 0, stands to the truth. */
enum run_standing run_standing_of(const struct run *run, const struct reblock_finding *finding);

#endif
