/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a page shows of a trace, gathered while the trace is audited. Bounded for any size of trace: each
 * vCPU has a fixed number of time buckets, which get wider as time goes on, and whole records
 * are kept only of the beginning and around what matters.
 */
#ifndef REPORT_TIMELINE_H
#define REPORT_TIMELINE_H

#include <stdbool.h>
#include <reblock/audit.h>

#define TIMELINE_LANES 256 /* vCPUs that are shown */
#define TIMELINE_BUCKETS 1024
#define TIMELINE_REASONS 16        /* exit reasons counted apart; the last slot counts all others */
#define TIMELINE_RING 32           /* the last records of a vCPU, out of which context is kept */
#define TIMELINE_CONTEXT 6         /* records kept before and after what matters */
#define TIMELINE_FIRST 8000        /* records kept of the beginning of the trace */
#define TIMELINE_OF_FINDINGS 16000 /* records kept around findings */
#define TIMELINE_OF_OTHERS 8000    /* ... around unblocks, NMIs and losses */
#define TIMELINE_WINDOWS 24        /* places of each such kind kept of a vCPU */
#define TIMELINE_PER_VCPU 100      /* findings of a kind listed of a vCPU */
#define TIMELINE_PER_KIND 250      /* findings of a kind listed in all */
#define TIMELINE_CASES 1500        /* exits that are explained */

/* What a value of blocking is known by. The page has a text for each. */
enum timeline_known {
	TIMELINE_NOT_KNOWN,
	TIMELINE_SAVED,    /* the interruptibility state of the record */
	TIMELINE_UNBLOCK,  /* bit 12, defined and 1: blocked before, not after (rule 1.2) */
	TIMELINE_DELIVERY, /* the exit interrupted an NMI's delivery (rule 1.9) */
	TIMELINE_WINDOW,   /* an NMI-window exit (rule 1.10) */
	TIMELINE_READ,     /* the hypervisor's VMCS read said "not blocked" */
	TIMELINE_INJECTED, /* the entry delivers an NMI (rule 1.1) */
	TIMELINE_JUDGED    /* the audit found evidence */
};

struct timeline_record {
	struct reblock_record record;
	uint64_t number; /* in the stream */
	uint64_t index;  /* among the vCPU's records: one more than its neighbour's */
	uint64_t at;     /* ns since the first record of the trace */
	/* blocking by NMI just before and just after (enum reblock_tri), and how that is known */
	uint8_t before, after, known;
	/* of an exit with its entry: what the rules say of the pair */
	uint8_t paired, row, must;
	bool nmi; /* an entry that injects an NMI, or an exit that interrupted the delivery of one */
	uint8_t judged; /* of an exit: 1 + enum reblock_outcome; 0: no judgement */
	uint8_t cause;
	bool kept;
	uint16_t case_number; /* of an exit: 1 + its place in cases; 0: it is not explained */
};

struct timeline_bucket {
	uint32_t exits, entries, unblocks, nmis, user_exits, operations, witnesses, losses,
		findings;
	/* ns with blocking known to be 1 and to be 0; the rest of the time it is not known */
	uint64_t blocked, open;
	uint32_t reasons[TIMELINE_REASONS];
};

/* What matters, beside findings. */
enum timeline_event { TIMELINE_IS_UNBLOCK, TIMELINE_IS_NMI, TIMELINE_IS_LOSS, TIMELINE_EVENTS };

/* An exit, the entry after it, and what the audit said of both. */
struct timeline_case {
	struct reblock_record exit, entry;
	uint64_t exit_number, entry_number;
	bool has_entry, has_verdict, has_judgement, assumed_pin;
	unsigned between; /* enum reblock_between */
	struct reblock_verdict verdict;
	struct reblock_judgement judgement;
	uint16_t lane;
};

#define TIMELINE_PAIRS 8

struct timeline_lane {
	uint32_t vm;
	uint16_t vcpu;
	uint64_t records;
	struct timeline_record ring[TIMELINE_RING]; /* number `index` is at index % TIMELINE_RING */
	struct timeline_record *kept;               /* in the order of index after timeline_end */
	size_t n_kept, room;
	unsigned keep_next; /* records that follow and are kept too */
	bool keep_for_finding;
	unsigned windows[TIMELINE_EVENTS];
	unsigned listed[REBLOCK_FINDING_KINDS];
	struct timeline_case pairs[TIMELINE_PAIRS]; /* the last, in turn */
	unsigned next_pair;
	struct timeline_bucket *buckets;
};

#define TIMELINE_NO_LANE UINT16_MAX

struct timeline_finding {
	struct reblock_finding finding;
	uint16_t lane;       /* TIMELINE_NO_LANE: its vCPU is not shown */
	unsigned case_index; /* UINT_MAX: its exit is not known any more */
};

struct timeline {
	enum reblock_vnmi vnmi;
	bool events_recorded; /* the source records events writes */
	bool failed;          /* memory was short */
	bool begun;
	uint64_t t0;    /* of the first record that has a time */
	uint64_t last;  /* the latest place */
	uint64_t width; /* ns of a bucket, the same for all vCPUs */
	uint64_t records, untimed;
	uint64_t kept_first, kept_findings, kept_others;
	struct timeline_lane *lanes[TIMELINE_LANES];
	unsigned n_lanes;
	uint16_t slots[4 * TIMELINE_LANES]; /* hash of vm and vcpu to lane + 1 */
	uint64_t unshown;                   /* records of vCPUs that have no lane */
	uint32_t reasons[TIMELINE_REASONS - 1];
	unsigned n_reasons;
	struct timeline_finding *findings;
	size_t n_findings, findings_room;
	uint64_t listed[REBLOCK_FINDING_KINDS], found[REBLOCK_FINDING_KINDS];
	struct timeline_case *cases;
	size_t n_cases;
};

/* Begins an empty timeline in *T, to be ended by timeline_free. */
void timeline_begin(struct timeline *t, const struct reblock_source *source,
		    enum reblock_vnmi vnmi);

/* Takes the next record; to be called before the audit is fed with it. */
void timeline_record(struct timeline *t, uint64_t number, const struct reblock_record *r);

/* What the audit says, as it says it. */
void timeline_pair(struct timeline *t, const struct reblock_pair *pair);
void timeline_judgement(struct timeline *t, const struct reblock_judgement *judgement);
void timeline_finding(struct timeline *t, const struct reblock_finding *finding);

/* After the audit's end: puts the kept records in order. Returns false where memory was short. */
bool timeline_end(struct timeline *t);

void timeline_free(struct timeline *t);

/* Of a vCPU; MAKE: a new one, where there is room. NULL: it is not shown, or memory is short. */
struct timeline_lane *timeline_lane_of(struct timeline *t, uint32_t vm, uint16_t vcpu, bool make,
				       uint16_t *number);
/* The last record of a vCPU (BACK 0), or one before; NULL where it is not in the ring. */
struct timeline_record *timeline_last(struct timeline_lane *lane, uint64_t back);
struct timeline_record *timeline_find(struct timeline_lane *lane, uint64_t number);
/* To be called after a record in the ring was changed: what is kept are copies. */
void timeline_changed(struct timeline_lane *lane, const struct timeline_record *r);
/* Keeps the last COUNT records and those that follow. */
void timeline_keep_around(struct timeline *t, struct timeline_lane *lane, uint64_t count,
			  bool finding);

/* timeline_blocking.c: fills in what R says of blocking, given the state after the record before it. */
void timeline_blocking(struct timeline_record *r, enum reblock_tri so_far, bool events_recorded);

/* timeline_buckets.c */
void timeline_count(struct timeline *t, struct timeline_lane *lane,
		    const struct timeline_record *r);
void timeline_span(struct timeline *t, struct timeline_lane *lane,
		   const struct timeline_record *from, const struct timeline_record *to);
struct timeline_bucket *timeline_bucket_at(struct timeline *t, struct timeline_lane *lane,
					   uint64_t at);
/* Adds FROM to INTO. */
void timeline_bucket_add(struct timeline_bucket *into, const struct timeline_bucket *from);
/* Makes all buckets wide enough that AT has one. */
void timeline_reach(struct timeline *t, uint64_t at);

#endif
