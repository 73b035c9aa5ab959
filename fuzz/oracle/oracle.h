/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The oracle: what can be proven from a stream of records, said a second time. It is written from
 * docs/rules.md and shares no code with the audit: it has the whole stream before it, and looks at each exit
 * anew, back and ahead as far as a rule asks; what is absent it tries in every way (oracle/worlds.h).
 */
#ifndef ORACLE_H
#define ORACLE_H

#include <reblock/audit.h>

/* A finding as the oracle has it. */
struct oracle_finding {
	enum reblock_finding_kind kind;
	enum reblock_evidence evidence;
	uint8_t needs; /* enum reblock_assumption: without these it is not proven */
	/*
	 * What may be named as well: all that stands in for an absent field anywhere in this vCPU's records. The audit keeps
	 * one set of those for each vCPU; truth.h does not let it excuse anything by them.
	 */
	uint8_t may;
	uint8_t n_records;
	uint64_t records[REBLOCK_FINDING_RECORDS]; /* ascending */
};

/* An exit that unblocked NMIs, for certain: what became of it. */
struct oracle_outcome {
	uint64_t exit;
	enum reblock_outcome outcome;
};

#define ORACLE_RECORDS_MOST 65536

struct oracle {
	size_t n_findings, n_outcomes;
	struct oracle_finding findings[ORACLE_RECORDS_MOST];
	struct oracle_outcome outcomes[ORACLE_RECORDS_MOST];
	/* Scratch: the records of the vCPU at hand. */
	uint32_t number[ORACLE_RECORDS_MOST + 1];
	uint8_t broken[ORACLE_RECORDS_MOST + 1];
	bool unblocked
		[ORACLE_RECORDS_MOST]; /* an exit: whether it is known to have unblocked NMIs */
	bool told
		[ORACLE_RECORDS_MOST]; /* an entry: its NMI is found to nest, and Intel PT shows that one */
	uint32_t series[ORACLE_RECORDS_MOST], place[ORACLE_RECORDS_MOST],
		in_line[ORACLE_RECORDS_MOST];
	uint8_t cut[ORACLE_RECORDS_MOST + 1];
};

/*
 * Judges N records, at most ORACLE_RECORDS_MOST, of SOURCE as an audit with OPTIONS would have to (a policy is not
 * replayed). *ORACLE is filled; nothing of what was in it counts.
 */
void oracle_judge(struct oracle *oracle, const struct reblock_source *source,
		  const struct reblock_audit_options *options, const struct reblock_record *records,
		  size_t n);

#endif
