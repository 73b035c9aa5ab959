/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the audit knows of one vCPU, and the steps that change it. Private to analyzer/audit.
 *
 * A vCPU is in one of three phases. From an exit to the next entry the hypervisor runs, and what
 * it does is collected; at the entry the rules decide; from there to the next exit the guest
 * runs, and a question may stay open that only that next exit can answer.
 */
#ifndef AUDIT_STATE_H
#define AUDIT_STATE_H

#include <reblock/audit.h>
#include <reblock/filter.h>
#include <reblock/policy_replay.h>

enum audit_phase { AUDIT_NOTHING_KNOWN, AUDIT_EXITED, AUDIT_ENTERED };

/* An exit, until the entry after it. */
struct audit_exit {
	struct reblock_record record;
	/* plain: only "unblocked" is filled in, the rest by audit_plain_no_more */
	struct reblock_unblock unblock;
	bool plain; /* nothing was open, and nothing is unblocked (plain.h) */
	uint64_t number;
	unsigned between; /* enum reblock_between: operations seen since */
	struct audit_mask_read {
		bool seen;
		unsigned between; /* operations before it */
		uint64_t number;
	} mask_reads[2]; /* the first that said "not masked", the first that said "masked" */
	bool has_unblocked_read; /* the hypervisor's VMCS read said "not blocked" since */
	uint64_t unblocked_read; /* its number */
};

/*
 * What Intel PT has answered to that. It counts once the next exit has come, with nothing lost before it and no word of a
 * failed entry: else it may be of another entry. At the end of the trace that is assumed (REBLOCK_ASSUMES_ENTERED).
 */
enum audit_shown {
	AUDIT_SHOWN_NOTHING,
	AUDIT_SHOWN_NMI, /* that the next NMI's handler was entered before the IRET ran */
	AUDIT_SHOWN_REBLOCKED, /* that the IRET ran first, and the NMI-window exit that was asked for had not come */
	AUDIT_SHOWN_RAN /* that it has run */
};

/* What is open after an entry: did it miss the re-block that the exit before it asked for? */
struct audit_question {
	bool open;
	struct reblock_judgement judgement; /* of that exit, outcome not yet set */
	struct reblock_record exit, entry;
	enum reblock_injects injects; /* at the entry */
	bool required;                /* row 6 or 9: blocking had to be 1 */
	bool missed;                  /* evidence was found ... */
	bool told;                    /* ... and reported */
	enum reblock_evidence evidence;
	uint64_t witness; /* number of the record that is the evidence */
	const char *saw;  /* what that is, for the sentence */
	enum audit_shown shown;
	uint64_t shown_by; /* number of the witness */
	uint8_t assumes;
	enum reblock_tri
		returns_to_itself; /* the IRET may return to its own address (delivered.c) */
};

/* A handler whose IRET has not run though NMIs are open: the next NMI nests. */
struct audit_handler {
	bool unfinished; /* proven up to the exit that is now handled */
	bool nmi_injected; /* an NMI was injected into it at the last entry; it counts once the entry has not failed */
	bool nmi_possible; /* what that entry injected is not known: the next exit may tell */
	bool nmi_shown;    /* Intel PT shows that NMI, which counts likewise ... */
	uint64_t shown_by; /* ... the number of its witness */
	enum reblock_evidence evidence;
	uint8_t assumes;
	uint8_t n_records;
	uint64_t records[REBLOCK_FINDING_RECORDS];
	uint64_t rip; /* of the IRET */
	bool has_rip;
	uint64_t nmi_t;
	bool fails;          /* the entry that injected it is bound to fail (rule 1.8), or may be */
	bool blocking_shown; /* at that entry */
	enum reblock_tri l2; /* whose handler it is */
};

/* Exits with bit 12 at one RIP, in a row. */
struct audit_livelock {
	uint64_t rip, count, first;
};

/*
 * Where events came in since the last NMI, that one included; places too many are possible, too few not.
 * Only for REBLOCK_DELIVERED_NS, so that a filter need not ship what came in later.
 */
#define AUDIT_DELIVERED 4
struct audit_delivered {
	bool known;
	uint8_t n;
	uint64_t until;
	uint64_t rip[AUDIT_DELIVERED];
};

/* What is known of the handler of the last NMI that Intel PT shows. */
enum audit_pt_nmi {
	AUDIT_PT_NMI_UNKNOWN,  /* not even whether it is finished */
	AUDIT_PT_NMI_FINISHED, /* an IRET completed since */
	AUDIT_PT_NMI_OPEN      /* it was entered, and nothing that ends blocking has come since */
};

/* What Intel PT has shown of a vCPU (witness.c). */
struct audit_pt {
	bool on;       /* there was a witness */
	bool shows_l2; /* one said whose guest it is */
	enum audit_pt_nmi nmi;
	enum reblock_pt_cause unknown_because; /* for AUDIT_PT_NMI_UNKNOWN */
	bool nmi_injected;   /* that NMI was certainly injected, and is no INT 2 */
	uint8_t assumed;     /* for the last witness */
	uint8_t nmi_assumes; /* what is assumed since that NMI */
	uint64_t nmi_number;
	/* Where the handler of an NMI begins. */
	bool has_handler;
	uint64_t handler, handler_number;
	/* The entry that was recorded: since it came, nothing else has, or nothing but its witness. */
	bool entry_recorded, entry_witnessed;
	struct reblock_record entry;
	uint64_t entry_number, entry_witness;
	bool entry_at; /* its witness says where the guest goes on: */
	uint64_t entry_rip;
	/* The exit that PT shows, up to the entry after it. */
	bool outside;
	bool exit_pending; /* its record has not come yet */
	bool exit_bit12;   /* its bit 12 is 1, where its qualification has one */
	bool exit_direct;  /* nothing came between the witness of the recorded entry and it */
	struct reblock_record exit;
	uint64_t exit_number;
};

/* What every record needs stands first. */
struct audit_vcpu {
	uint64_t key;
	uint64_t first; /* number of its first record */
	unsigned next;  /* in the hash chain: index + 1 */
	enum audit_phase phase;
	bool has_time, has_seq, has_l2;
	uint16_t seq;
	uint64_t t;
	unsigned early; /* operations recorded before the exit they belong to (Linux up to 5.4) */
	struct audit_livelock livelock;
	struct audit_exit exit;
	struct reblock_summary summary;
	struct audit_question question;
	struct audit_handler handler;
	struct audit_delivered delivered;
	struct audit_pt pt;
	struct reblock_policy_replay *replay; /* of the policy, if there is one */
};

/* The vCPUs met lately, by a part of their key. */
#define AUDIT_RECENT 256

struct reblock_audit {
	struct reblock_source source;
	struct reblock_audit_options options;
	struct audit_vcpu **vcpus;
	size_t n_vcpus, room;
	unsigned *buckets;
	size_t n_buckets;
	struct audit_vcpu *recent[AUDIT_RECENT]; /* a place may be empty */
	struct audit_vm *vms;                    /* what meta records said */
	size_t n_vms, vms_room;
	bool sorted;
	bool carries_seq; /* the source records sequence numbers */
	bool retired_l2;  /* a vCPU that is no longer kept had records with l2 */
	bool whole_way;   /* nothing takes the short way (plain.h) */
	uint64_t losses;
	uint64_t lost_records;  /* of kind lost */
	uint64_t lost_anywhere; /* of these: with no vCPU */
	bool missed_some; /* vCPUs that are new may have had records before: lost, or retired */
	struct reblock_summary retired; /* the counts of vCPUs that are no longer kept */
	uint64_t now;                   /* number of the record that is handled */
	int stop;                       /* what a callback returned */
};

/* Whether the fields of exits are known to be what the processor saved. */
static inline bool audit_sees_saved_state(const struct reblock_audit *audit)
{
	return (audit->source.presence & REBLOCK_SOURCE_BARE_METAL) && audit->source.bare_metal;
}

/* Whether this source is known to record KIND. */
static inline bool audit_captures(const struct reblock_audit *audit, enum reblock_kind kind)
{
	return (audit->source.presence & REBLOCK_SOURCE_CAPTURES) &&
	       (audit->source.captures & 1u << kind);
}

/* Whether mask writes may stand before the exit they belong to: where that is recorded after the recovery (Linux up to 5.4). */
static inline bool audit_records_early(const struct reblock_audit *audit)
{
	return audit_captures(audit, REBLOCK_MASK_WRITE) && !audit_sees_saved_state(audit);
}

struct audit_vm {
	uint32_t vm, pid;
	bool lost; /* a loss may have hit any of its vCPUs */
	char name[REBLOCK_NAME_LENGTH + 1];
};

/* vcpus.c: the tables. Return NULL when memory is short. */
struct audit_vcpu *audit_vcpu_find(struct reblock_audit *audit, uint64_t key);
/* The same, but none is made: NULL where there is none. */
struct audit_vcpu *audit_vcpu_known(struct reblock_audit *audit, uint64_t key);

static inline uint64_t audit_key(uint32_t vm, uint16_t vcpu)
{
	return (uint64_t)vm << 16 | vcpu;
}

static inline size_t audit_recent(uint64_t key)
{
	return (key ^ key >> 13) % AUDIT_RECENT;
}

static inline struct audit_vcpu *audit_vcpu_of(struct reblock_audit *audit, uint32_t vm,
					       uint16_t vcpu)
{
	uint64_t key = audit_key(vm, vcpu);
	struct audit_vcpu *v = audit->recent[audit_recent(key)];

	return v && v->key == key ? v : audit_vcpu_find(audit, key);
}
void audit_vcpus_rehash(struct reblock_audit *audit); /* after the order of vcpus changed */
int audit_vcpus_take(struct reblock_audit *audit, struct reblock_audit *from); /* all of them */
struct audit_vm *audit_vm_of(struct reblock_audit *audit, uint32_t vm);
/* Frees V; the last of the table takes its place there. */
void audit_vcpu_remove(struct reblock_audit *audit, struct audit_vcpu *v);
void audit_vm_remove(struct reblock_audit *audit, uint32_t vm);

/* assume.c: fills in what the source cannot carry, in a copy of an exit or entry. */
void audit_assume(struct reblock_audit *audit, struct audit_vcpu *v, struct reblock_record *r);
enum reblock_tri audit_l2(const struct reblock_record *r);
/* Whether an absent l2 is taken as 0: where no other record of the vCPU shows one, and none could. */
bool audit_takes_l2_as_0(const struct reblock_audit *audit, const struct audit_vcpu *v);

/* exit.c, entry.c: the two steps. R is a copy with the assumptions filled in. */
void audit_step_exit(struct reblock_audit *audit, struct audit_vcpu *v,
		     const struct reblock_record *r, uint64_t number);
void audit_step_entry(struct reblock_audit *audit, struct audit_vcpu *v,
		      const struct reblock_record *r, uint64_t number);

/* delivered.c: takes in an entry; whether an IRET that exited at that RIP may return to that RIP. */
void audit_delivered_entry(struct audit_vcpu *v, const struct reblock_record *entry);
enum reblock_tri audit_delivered_at(const struct audit_vcpu *v, const struct reblock_record *exit);

/* question.c. found: that it was missed, by evidence that counts where there is none as good; close: ends it, and tells. */
void audit_question_found(struct audit_question *q, enum reblock_evidence evidence,
			  uint64_t witness, const char *saw);
void audit_question_close(struct reblock_audit *audit, struct audit_vcpu *v,
			  enum reblock_outcome outcome, enum reblock_cause cause);
void audit_question_ask(struct reblock_audit *audit, struct audit_vcpu *v,
			const struct reblock_record *entry, uint64_t number,
			const struct reblock_verdict *verdict);
void audit_question_answer(struct reblock_audit *audit, struct audit_vcpu *v,
			   const struct reblock_record *exit, uint64_t number);
void audit_question_drop(struct reblock_audit *audit, struct audit_vcpu *v,
			 enum reblock_cause cause);
void audit_question_finish(struct reblock_audit *audit, struct audit_vcpu *v);

/* handler.c: NMIs inside an unfinished handler. */
void audit_handler_entry(struct audit_vcpu *v, const struct reblock_record *entry, uint64_t number);
void audit_handler_exit(struct reblock_audit *audit, struct audit_vcpu *v,
			const struct reblock_record *exit, uint64_t number);
/* Blocking is 1 at an entry that injects an NMI: with virtual NMIs it fails. */
bool audit_entry_may_fail(const struct reblock_record *entry);
void audit_handler_nmi(struct reblock_audit *audit, struct audit_vcpu *v, uint8_t assumes);
/* Whether an NMI injected at the last entry of the trace may be taken as delivered. */
bool audit_last_entry_held(const struct reblock_audit *audit, const struct audit_vcpu *v);
void audit_handler_finish(struct reblock_audit *audit, struct audit_vcpu *v);
/*
 * Intel PT shows an NMI delivered as the first thing after the entry. Returns whether it is inside an unfinished handler,
 * which is then told at the next exit.
 */
bool audit_handler_witness(struct audit_vcpu *v, const struct reblock_record *r, uint64_t number);

/*
 * witness.c: Intel PT. A witness; and after the step of each exit or entry, its record with the assumptions filled
 * in, only where there was a witness before. forget: what PT has shown holds no longer; finish: the end.
 */
void audit_witness(struct reblock_audit *audit, struct audit_vcpu *v,
		   const struct reblock_record *r, uint64_t number);
void audit_witness_at_exit(struct reblock_audit *audit, struct audit_vcpu *v,
			   const struct reblock_record *exit, uint64_t number);
void audit_witness_at_entry(struct audit_vcpu *v, const struct reblock_record *entry,
			    uint64_t number);
void audit_witness_forget(struct audit_vcpu *v);
/* Whether PT with Event Trace shows that from the last entry to EXIT, which comes now, nothing came in and no IRET completed. */
bool audit_pt_nothing_ran(const struct audit_vcpu *v, const struct reblock_record *exit);
/* Records were left out, so that the last one is not what came before. */
void audit_witness_left_out(struct audit_vcpu *v);
void audit_witness_finish(struct reblock_audit *audit, struct audit_vcpu *v);

/* witness_question.c */
/*
 * Intel PT shows an NMI delivered as the first thing after the entry, by its record NUMBER; HAS_RIP, RIP: where it
 * came at.
 */
void audit_question_nmi(struct audit_vcpu *v, uint64_t number, bool has_vector, bool has_rip,
			uint64_t rip);
/* It shows that an IRET has completed (FIRST: as the first thing after the entry), or SMM or the like was entered. */
void audit_question_ran(struct audit_vcpu *v, bool first);
/* The next exit has come: closes the question if one of these has answered it. Returns whether it did. */
bool audit_question_shown(struct reblock_audit *audit, struct audit_vcpu *v);

/* witness_nmi.c: whether an NMI came in inside the handler of the one before. */
void audit_pt_nmi(struct reblock_audit *audit, struct audit_vcpu *v, const struct reblock_record *r,
		  uint64_t number, bool injected, bool told);
void audit_pt_unknown(struct audit_vcpu *v, enum reblock_pt_cause cause);
/* The entry after the exit at v->pt.exit, as PT shows both. */
void audit_pt_passed(struct audit_vcpu *v, const struct reblock_record *entry);
/* Whether an address may be where all of FRED's events begin. */
bool audit_pt_may_be_fred(uint64_t to);

/* witness_exit.c: the record of an exit beside its witness, which agree. */
void audit_pt_exit(struct reblock_audit *audit, struct audit_vcpu *v,
		   const struct reblock_record *exit, uint64_t number);

/* judge.c: what became of an unblock; counts it and tells the callback. */
void audit_judged(struct reblock_audit *audit, struct audit_vcpu *v,
		  struct reblock_judgement *judgement, enum reblock_outcome outcome,
		  enum reblock_cause cause);
/* The pending exit's judgement, to be closed by audit_judged. */
struct reblock_judgement audit_judgement_of(const struct audit_vcpu *v);

/* forget.c: forgets everything about a vCPU; what was open is counted under CAUSE. */
void audit_forget(struct reblock_audit *audit, struct audit_vcpu *v, enum reblock_cause cause);

/* left_out.c: before the exit or entry that comes now, others were left out by a filter. */
void audit_left_out(struct reblock_audit *audit, struct audit_vcpu *v);

/*
 * predict.c: the policy of the options, replayed beside the audit. All but the last are called only where
 * there is one; v->replay is NULL where there is none or memory was short.
 */
void audit_predict_exit(struct reblock_audit *audit, struct audit_vcpu *v,
			const struct reblock_record *exit);
void audit_predict_operation(struct reblock_audit *audit, struct audit_vcpu *v,
			     const struct reblock_record *r);
void audit_predict_entry(struct reblock_audit *audit, struct audit_vcpu *v,
			 const struct reblock_record *entry, uint64_t number);
void audit_predict_forget(struct audit_vcpu *v);
void audit_predict_free(struct audit_vcpu *v);

/* emit.c: reports a finding; WHY is a printf format. RECORDS need not be sorted. */
void audit_emit(struct reblock_audit *audit, struct audit_vcpu *v,
		const struct reblock_finding *finding, const char *why, ...)
	__attribute__((format(printf, 4, 5)));
/* A finding with its records; more can be added. */
struct reblock_finding audit_finding(enum reblock_finding_kind kind, enum reblock_evidence evidence,
				     uint64_t t, const char *rule, uint8_t assumes);
void audit_finding_record(struct reblock_finding *finding, uint64_t number);

/* The exit in words, such as "EPT violation at RIP 0x1006f". */
#define AUDIT_EXIT_WORDS 64
const char *audit_exit_words(const struct reblock_record *exit, char words[AUDIT_EXIT_WORDS]);

#endif
