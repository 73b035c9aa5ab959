/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The audit: replays a stream of records, vCPU by vCPU, and reports where NMI
 * blocking was handled wrongly, with the evidence for it.
 *
 * It never guesses. What could not be judged is counted by cause.
 */
#ifndef REBLOCK_AUDIT_H
#define REBLOCK_AUDIT_H

#include <stdbool.h>
#include <reblock/policy.h>
#include <reblock/record.h>
#include <reblock/rules.h>
#include <reblock/source.h>

enum reblock_finding_kind {
	REBLOCK_MISSED_REBLOCK,
	REBLOCK_NMI_IN_NMI,
	REBLOCK_BLOCKING_LOST,
	REBLOCK_UNDEFINED_BIT,
	REBLOCK_REINJECT_BLOCKED,
	REBLOCK_RESERVED_BIT,
	REBLOCK_STALE_MASK,
	REBLOCK_FIELD_CLOBBERED,
	REBLOCK_IRET_LIVELOCK,
	REBLOCK_OVER_BLOCK,
	REBLOCK_HARDWARE,
	REBLOCK_UNREPORTABLE, /* needs Intel PT (docs/rules.md, section 6) */
	REBLOCK_FINDING_KINDS
};

enum reblock_severity { REBLOCK_NOTE, REBLOCK_WARNING, REBLOCK_ERROR };

/* How sure a finding is, weakest first (docs/rules.md, section 4). */
enum reblock_evidence {
	REBLOCK_PREDICTED,
	REBLOCK_DERIVED,
	REBLOCK_DELIVERED,
	REBLOCK_DIRECT,
	REBLOCK_EVIDENCES
};

/* Why an IRET unblock, or an exit that may have been one, was not judged. */
enum reblock_cause {
	REBLOCK_CAUSE_NO_REASON,        /* exit: no exit reason */
	REBLOCK_CAUSE_NO_BIT12,         /* exit: the field that carries bit 12 is absent */
	REBLOCK_CAUSE_NO_IDT_VECTORING, /* exit */
	REBLOCK_CAUSE_NO_CONTROLS,      /* exit: no pin-based controls */
	REBLOCK_CAUSE_NO_RIP,           /* whether the guest resumed at the IRET is not known */
	REBLOCK_CAUSE_NO_INJECTION,     /* what the entry injected is not known */
	REBLOCK_CAUSE_NO_EVIDENCE,      /* nothing shows what blocking was at the entry */
	REBLOCK_CAUSE_NO_ENTRY,         /* no entry recorded after the exit */
	REBLOCK_CAUSE_MASK_WRITE,       /* between exit and entry: see enum reblock_between */
	REBLOCK_CAUSE_EVENTS_WRITE,
	REBLOCK_CAUSE_USER_SPACE,
	REBLOCK_CAUSE_UNRECORDED,
	REBLOCK_CAUSE_OTHER_VMCS,
	REBLOCK_CAUSE_L2_UNKNOWN,
	/* the entry injected something that leaves it open (rows 5, 8, 12) */
	REBLOCK_CAUSE_OTHER_EVENT,
	REBLOCK_CAUSE_MOVED,        /* the guest resumed elsewhere (row 12) */
	REBLOCK_CAUSE_FAILED_ENTRY, /* the entry failed */
	REBLOCK_CAUSE_LOST,         /* records were lost in between */
	REBLOCK_CAUSE_TIME_ORDER,   /* a record was older than the one before it */
	REBLOCK_CAUSES
};

/* What stands in for fields that the source cannot carry; findings that rest on one name it. */
enum reblock_assumption {
	REBLOCK_ASSUMES_L2_0 = 1 << 0,     /* no nested guest: l2 is taken as 0 */
	REBLOCK_ASSUMES_VNMI_ON = 1 << 1,  /* "NMI exiting" and "virtual NMIs" are 1 */
	REBLOCK_ASSUMES_VNMI_OFF = 1 << 2, /* "NMI exiting" is 1, "virtual NMIs" 0 */
	/* no posted interrupt's handler came and went before the NMI-window exit */
	REBLOCK_ASSUMES_NO_HANDLER = 1 << 3,
	REBLOCK_ASSUMES_ENTERED = 1 << 4, /* the last entry of the trace did not fail */
	/*
	 * the IRET returns to another address: it does not end an NMI's handler that was let in right at
	 * an IRET of the same address
	 */
	REBLOCK_ASSUMES_RETURNS_ELSEWHERE = 1 << 5,
	/* what Intel PT shows with vector 2 is an NMI: the guest does not execute INT 2 */
	REBLOCK_ASSUMES_NO_INT_2 = 1 << 6
};
#define REBLOCK_ASSUMPTIONS 7

#define REBLOCK_FINDING_RECORDS 8

struct reblock_finding {
	enum reblock_finding_kind kind;
	enum reblock_severity severity;
	enum reblock_evidence evidence;
	uint32_t vm;
	uint16_t vcpu;
	uint8_t n_records;
	uint8_t assumes; /* enum reblock_assumption */
	uint64_t t;      /* of the record that completed it */
	/*
	 * One audit gives findings in the order of these two, however its vCPUs are shared out: the number of
	 * the record at which it was found (UINT64_MAX: at the end of the stream), and that of the first record
	 * of its vCPU.
	 */
	uint64_t found_at, vcpu_first;
	/* numbers of the records it rests on, ascending */
	uint64_t records[REBLOCK_FINDING_RECORDS];
	const char *rule; /* section of docs/rules.md, such as "2, row 6"; static */
	/* For evidence predicted: name of the policy, which lives as long as it. Else NULL: it was seen. */
	const char *policy;
	char why[320]; /* one plain sentence */
};

/* What became of an IRET unblock, or of an exit that may have been one. */
enum reblock_outcome {
	/* blocking was seen to be 1 at the entry, or the processor behaved so */
	REBLOCK_OUTCOME_REBLOCKED,
	REBLOCK_OUTCOME_MISSED,    /* a finding says so */
	REBLOCK_OUTCOME_REFLECTED, /* row 7: the fault went to the guest, nothing to re-block */
	REBLOCK_OUTCOME_UNJUDGED
};

/* One exit that unblocked, or may have, at the moment its question is closed. */
struct reblock_judgement {
	uint64_t exit_number, entry_number; /* entry_number: UINT64_MAX where there is none */
	uint32_t vm;
	uint16_t vcpu;
	enum reblock_tri unblocked;          /* YES or UNKNOWN */
	enum reblock_unblock_exit exit_kind; /* REBLOCK_UNBLOCK_EXITS: not known */
	enum reblock_outcome outcome;
	enum reblock_cause cause;       /* for REBLOCK_OUTCOME_UNJUDGED */
	struct reblock_verdict verdict; /* row 0 and nothing missing where there is no entry */
};

/* Why it is not known whether an NMI that Intel PT shows came in inside the handler of the one before it. */
enum reblock_pt_cause {
	REBLOCK_PT_BEGIN,      /* PT shows nothing before it: its begin, a gap, lost records */
	REBLOCK_PT_EXCEPTION,  /* an exception came in, which may be the IRET's own fault */
	REBLOCK_PT_FAULT_EXIT, /* a fault exit at what may be an IRET: intr-info is not in PT */
	REBLOCK_PT_MOVED, /* the guest goes on elsewhere after an exit: an IRET may have been emulated */
	REBLOCK_PT_UNKNOWN_EXIT, /* an exit whose reason, or whose place, PT does not show */
	REBLOCK_PT_OTHER,        /* SMI, RSM, INIT, shutdown, task switch, a failed entry */
	REBLOCK_PT_NESTED,       /* a nested guest, or whether it is one is not known */
	REBLOCK_PT_DELIVERY, /* where the handler begins is not seen: the delivery may have exited */
	REBLOCK_PT_FRED,     /* the handler's address may be FRED's, which returns without IRET */
	REBLOCK_PT_HYPERVISOR, /* the mask or the vCPU's events were set, or may have been */
	REBLOCK_PT_CAUSES
};

/* What Intel PT showed of one vCPU, and what it was worth. All 0 where there is no PT. */
struct reblock_pt_summary {
	uint64_t witnesses; /* records of kind witness */
	uint64_t gaps;      /* of these: places where PT saw nothing for a while */
	uint64_t exits;     /* of these: VM exits */
	uint64_t matched;   /* of these: that agree with the record of the same exit */
	/*
	 * exits whose record and whose witness do not agree: a CS base other than 0, or not the same exit; and
	 * exits recorded while PT shows nothing of the guest before them
	 */
	uint64_t disagree, unwitnessed;
	/*
	 * IRET unblocks (bit 12 defined and 1): PT shows an IRET there; another instruction; or has no word on
	 * it. All 0 on a vCPU without PT
	 */
	uint64_t confirmed, contradicted, unconfirmed;
	/* exits that PT alone shows, with bit 12 of a qualification that has it: nothing shows if it is defined */
	uint64_t bit12;
	uint64_t nmis; /* NMIs delivered */
	/* of these, by cause: not known if the one before was finished */
	uint64_t unjudged_nmis[REBLOCK_PT_CAUSES];
	/* enum reblock_assumption: what findings rest on that PT alone gave; others do not */
	uint8_t assumes;
};

/* Counts of one vCPU. */
struct reblock_summary {
	uint32_t vm;
	uint16_t vcpu;
	uint32_t pid;                       /* of the VM's process, 0: not known */
	char name[REBLOCK_NAME_LENGTH + 1]; /* of the VM, empty: not known */
	uint64_t records;                   /* of this vCPU, every kind */
	uint64_t exits, entries;
	uint64_t unblocks[REBLOCK_UNBLOCK_EXITS];  /* defined bit 12 = 1, by exit kind */
	uint64_t reblocked[REBLOCK_UNBLOCK_EXITS]; /* of these: seen re-blocked */
	uint64_t missed[REBLOCK_UNBLOCK_EXITS];    /* of these: missed */
	uint64_t reflected[REBLOCK_UNBLOCK_EXITS]; /* of these: reflected to the guest */
	uint64_t unjudged[REBLOCK_CAUSES];         /* of these, by cause */
	/* exits that may have been unblocks (absent fields), by cause */
	uint64_t possible[REBLOCK_CAUSES];
	/* exits with an NMI in IDT-vectoring information */
	uint64_t nmi_reinjections;
	uint64_t lost;         /* places where records of this vCPU are missing */
	uint64_t lost_records; /* how many are known to be missing there */
	uint64_t out_of_order; /* records older than their predecessor */
	/* places where a filter left out what nothing can come of; counts are of what it recorded */
	uint64_t left_out;
	uint64_t findings[REBLOCK_FINDING_KINDS]; /* seen; predicted ones are not in here */
	uint8_t assumes; /* enum reblock_assumption: what was assumed for this vCPU */
	/* With a policy: what it would have got wrong, and the IRET unblocks it has a certain answer for. */
	uint64_t predicted[REBLOCK_FINDING_KINDS];
	uint64_t predicted_unblocks;
	struct reblock_pt_summary pt;
};

struct reblock_audit;

/* Called for each finding; a value other than 0 stops the feed, which returns it. */
typedef int reblock_finding_fn(void *context, const struct reblock_finding *finding);

/* Called for each unblock, or possible one, when its question is closed. */
typedef void reblock_judgement_fn(void *context, const struct reblock_judgement *judgement);

/*
 * An exit and the entry after it, as the rules judge them: what the source cannot carry is filled in.
 * The pointers are valid only during the call.
 */
struct reblock_pair {
	uint64_t exit_number, entry_number;
	const struct reblock_record *exit, *entry;
	unsigned between; /* enum reblock_between */
	struct reblock_verdict verdict;
};

/* Called for each such pair, before the findings that rest on it. */
typedef void reblock_pair_fn(void *context, const struct reblock_pair *pair);

enum reblock_vnmi { REBLOCK_VNMI_NOT_ASSUMED, REBLOCK_VNMI_ON, REBLOCK_VNMI_OFF };

struct reblock_audit_options {
	/* Stands in for absent pin-based controls where the source does not carry them. */
	enum reblock_vnmi vnmi;
	/*
	 * Replayed over the trace, where it is not NULL: what it would have got wrong comes as findings of
	 * grade predicted (docs/policies.md). It must outlive the audit.
	 */
	const struct reblock_policy *policy;
	reblock_finding_fn *finding;     /* may be NULL */
	reblock_judgement_fn *judgement; /* may be NULL */
	reblock_pair_fn *pair;           /* may be NULL */
	void *context;                   /* given to all of them */
};

/*
 * Begins an audit of one stream. *SOURCE and *OPTIONS are copied. Returns NULL when memory
 * is short; to be ended by reblock_audit_free.
 */
struct reblock_audit *reblock_audit_new(const struct reblock_source *source,
					const struct reblock_audit_options *options);

/*
 * Takes the next N well-formed records. The first record of all has number 0, unless FIRST
 * says otherwise: records are numbered FIRST, FIRST + 1, ...
 *
 * Records of one vCPU must come in stream order; vCPUs are independent. Returns 0, the
 * value of a finding callback that was not 0, or -ENOMEM.
 */
int reblock_audit_feed(struct reblock_audit *audit, uint64_t first,
		       const struct reblock_record *records, size_t n);

/*
 * The same for some of those records: the N whose places in RECORDS are in WHICH, ascending.
 */
int reblock_audit_feed_some(struct reblock_audit *audit, uint64_t first,
			    const struct reblock_record *records, const uint16_t *which, size_t n);

/*
 * Ends the stream: closes what is open. Returns as reblock_audit_feed. No feed may follow.
 */
int reblock_audit_finish(struct reblock_audit *audit);

/*
 * Joins two audits of the same stream that have ended, each of which was given the records of other vCPUs,
 * and all records that name no vCPU: takes the counts of FROM into AUDIT and frees FROM. Returns 0, or
 * -ENOMEM with both as they were.
 */
int reblock_audit_join(struct reblock_audit *audit, struct reblock_audit *from);

/*
 * For an audit without end, whose memory must not grow with every vCPU that ever was: stops keeping a vCPU.
 * What is open there is closed: told where there is evidence already, else counted as not judged (no-entry
 * after an exit, no-evidence or no-injection after an entry). Its counts go into reblock_audit_retired, its
 * state is freed. Should it come back, it starts as one of which nothing is known, so that nothing is
 * found that rests on what was forgotten (only returns-elsewhere may have to be assumed, which its findings name);
 * a loss in between is not seen, and need not be.
 *
 * Not to be called from within a callback. Returns 0, -ENOENT where the audit keeps no such vCPU, or the value of a
 * finding callback that was not 0.
 */
int reblock_audit_retire(struct reblock_audit *audit, uint32_t vm, uint16_t vcpu);

/*
 * The same for all vCPUs of a VM; also drops what meta records said of it. Returns 0 or the value of a finding
 * callback.
 */
int reblock_audit_retire_vm(struct reblock_audit *audit, uint32_t vm);

/*
 * The sum of the counts of all vCPUs retired so far; its vm, vcpu, pid and name mean nothing. The counts of one
 * that came back after that stand in reblock_audit_summary. Owned by AUDIT.
 */
const struct reblock_summary *reblock_audit_retired(const struct reblock_audit *audit);

/* Returns how many vCPUs the audit keeps: memory is some 2.1 KB for each. */
size_t reblock_audit_vcpus(const struct reblock_audit *audit);

/* Adds the counts of S to those of TOTAL, whose vm, vcpu, pid and name stay as they are. */
void reblock_summary_add(struct reblock_summary *total, const struct reblock_summary *s);

/*
 * The counts, one vCPU after the other, ordered by vm and vcpu: returns the I-th, or NULL
 * past the last. Valid until the next feed; the order is made at the first call after it.
 */
const struct reblock_summary *reblock_audit_summary(struct reblock_audit *audit, size_t i);

/*
 * Returns how many losses the stream showed so far: lost records, gaps in a vCPU's sequence, records
 * out of time order.
 */
uint64_t reblock_audit_losses(const struct reblock_audit *audit);

/* Returns how many records of kind lost the stream held so far. */
uint64_t reblock_audit_lost_records(const struct reblock_audit *audit);

void reblock_audit_free(struct reblock_audit *audit); /* NULL is allowed */

/* Names as in reports and JSON: "missed-reblock", "error", "direct", "no-evidence", ... */
const char *reblock_finding_name(enum reblock_finding_kind kind);
const char *reblock_severity_name(enum reblock_severity severity);
const char *reblock_evidence_name(enum reblock_evidence evidence);
const char *reblock_cause_name(enum reblock_cause cause);
const char *reblock_assumption_name(unsigned bit_number);

const char *reblock_pt_cause_name(enum reblock_pt_cause cause);

/* One plain clause on what a cause or an assumption means, for people. */
const char *reblock_cause_text(enum reblock_cause cause);
const char *reblock_pt_cause_text(enum reblock_pt_cause cause);
const char *reblock_assumption_text(unsigned bit_number);

#endif
