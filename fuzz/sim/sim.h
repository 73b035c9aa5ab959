/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A simulated host: virtual processors, guests with NMI handlers, a hypervisor that re-blocks or
 * forgets to, and a recorder that sees much or little of it. It gives records as a source would, and
 * with each the truth.
 *
 * All choices are in struct sim_turn, so a run can be repeated. Nothing is allocated. Times and CPU numbers
 * follow from how many turns there were: a turn that is changed changes no other's.
 */
#ifndef SIM_H
#define SIM_H

#include <reblock/filter.h>
#include "sim/sim_truth.h"
#include "sim/sim_view.h"

#define SIM_VCPUS_MOST 64
#define SIM_VMS_MOST 64
/* Records from an exit to the next entry: these two, and the operations between. */
#define SIM_TURN_MOST (SIM_OPERATIONS + 2)
/* What Intel PT shows of a turn, beside them: entry, events, an event whose delivery exits, exit, gap. */
#define SIM_WITNESSES_MOST (SIM_SHOWN_MOST + 4)

/* How often things happen in turns that a seed gives, of 1000. */
struct sim_habits {
	unsigned iret_exits;     /* an IRET's memory access exits */
	unsigned delivery_exits; /* the same for a memory access of event delivery */
	unsigned fault;          /* code takes a fault that the guest handles itself */
	unsigned task_switch;    /* an IRET or an NMI switches tasks */
	unsigned nmi;            /* an NMI comes that the VMM does not take ("NMI exiting" 0) */
	unsigned odd;            /* an IRET's fault, breakpoint or double fault */
	unsigned pause;          /* more than 100 ms go by */
};

struct sim_config {
	unsigned vms, vcpus; /* vcpus: of each VM; at most SIM_VCPUS_MOST in all */
	struct sim_view view;
	struct sim_habits habits; /* of seeded turns */
	struct sim_policy policy; /* likewise */
	/* What decides on NMI blocking; NULL: the sim's own hypervisor. It must outlive the run. */
	const struct reblock_policy *hypervisor;
	bool does_right;            /* the sim's own makes no mistake, whatever a turn says */
	bool caches;                /* the sim's own keeps a copy of its mask, as KVM does */
	bool nested;                /* VMs are hypervisors, with a guest each on every vCPU */
	uint8_t odd;                /* enum sim_odd, of all processors */
	uint8_t guests;             /* enum sim_guest_kind */
	uint32_t step;              /* ns from turn to turn */
	uint16_t pin[SIM_VMS_MOST]; /* pin-based controls, before those that a policy insists on */
};

/* Fills *CONFIG with a busy host of VMS VMs that does everything right. */
void sim_config_default(struct sim_config *config, unsigned vms, unsigned vcpus);

/* Turns from a seed: the same everywhere, as often of each kind as the configuration says. */
struct sim_seeded {
	struct sim_random random;
	uint64_t state;
};

void sim_seed(struct sim_seeded *seeded, uint64_t seed);

/* A guest with its VMCS: the VM, or what runs in it. */
struct sim_side {
	struct sim_processor processor;
	struct sim_guest guest;
	struct sim_hypervisor hypervisor;
	struct sim_wants wants;
	uint64_t entry_rip; /* of the last entry */
	bool failed;        /* that */
};

struct sim_vcpu {
	struct sim_side sides[2]; /* [1]: the guest's guest */
	struct reblock_filter filter;
	uint64_t t; /* of its last record */
	uint32_t vm;
	uint16_t vcpu, cpu, seq;
	uint8_t side;  /* that was entered last */
	bool left_out; /* before its next record */
};

/* Which fields a recorder sees, as a record with all the bits that it can have. */
struct sim_mask {
	uint64_t word[8];
};

/* What Intel PT shows of the last turn; where nothing is shown, nothing of it is read or written. */
struct sim_witnesses {
	unsigned n;
	struct reblock_record records[SIM_WITNESSES_MOST];
	uint32_t truth[SIM_WITNESSES_MOST];
	struct sim_shown shown[SIM_VCPUS_MOST][2];
};

struct sim {
	struct sim_config config;
	struct sim_random *random;
	unsigned n_vcpus, named;
	uint64_t turns;
	uint64_t t;
	bool entered_nested; /* a guest's guest was */
	/* A turn that comes again, as nothing is done about its exit. */
	unsigned again;
	struct sim_turn turn;
	/* What the last turn gave and is not taken yet. */
	unsigned first, n;
	/* What is seen of a record follows from its kind alone, and sim_record_all is called for all in the end. */
	bool plain;
	/* Where these go to: room for sim_turn_most each, which may be moved on between turns. */
	struct reblock_record *whole, *seen;
	uint32_t *truth;
	struct sim_mask masks[REBLOCK_KINDS];
	struct sim_mask entry_told; /* of entries whose event was seen by itself */
	struct sim_vcpu vcpus[SIM_VCPUS_MOST];
	struct reblock_record own_whole[SIM_TURN_MOST + SIM_WITNESSES_MOST];
	struct reblock_record own_seen[SIM_TURN_MOST + SIM_WITNESSES_MOST];
	uint32_t own_truth[SIM_TURN_MOST + SIM_WITNESSES_MOST];
	struct sim_witnesses witnesses;
};

/* Records that a turn has at most. */
static inline unsigned sim_turn_most(const struct sim *sim)
{
	return SIM_TURN_MOST + (sim->config.view.pt.on ? SIM_WITNESSES_MOST : 0);
}

/*
 * Starts *SIM; *RANDOM must live as long. ALL: whoever takes the turns calls sim_record_all in the end, where
 * sim->plain says that this is enough.
 */
void sim_start_all(struct sim *sim, const struct sim_config *config, struct sim_random *random,
		   bool all);

/* Starts *SIM; *RANDOM must live as long. */
void sim_start(struct sim *sim, const struct sim_config *config, struct sim_random *random);

/* Gives the next record and returns what is true of it, bits of enum sim_truth. It never ends. */
unsigned sim_next(struct sim *sim, struct reblock_record *record);

/*
 * Runs one turn (RANDOM is asked for it, unless one comes again). The records of it are sim->seen, with every field in
 * sim->whole, what is true of each in sim->truth; returns how many they are, which can be 0.
 */
unsigned sim_turn(struct sim *sim);

/* The records that name the VMs, in the same places; none where the recorder gives none. */
unsigned sim_names(struct sim *sim);

/* For sim_turn: one record of V, or what becomes of all of them when they are there. */
struct reblock_record *sim_record(struct sim *sim, struct sim_vcpu *v, enum reblock_kind kind,
				  unsigned truth);
void sim_record_masks(struct sim *sim);

/* What a plain recorder shows of N records. */
void sim_record_all(const struct sim *sim, const struct reblock_record *whole,
		    struct reblock_record *seen, size_t n);
void sim_record_seen(struct sim *sim, struct sim_vcpu *v, const struct sim_turn *turn);

/*
 * sim_witness.c, with Intel PT alone: what it shows of the turn, whose guest has run and whose exit nothing is done about yet; and
 * that, put before the exit's record, when the turn's records are there.
 */
void sim_witness_ran(struct sim *sim, const struct sim_vcpu *v, const struct sim_turn *turn,
		     const struct sim_before *before, const struct sim_exit *exit);
void sim_witness_put(struct sim *sim);

#endif
