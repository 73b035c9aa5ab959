/* SPDX-License-Identifier: BSD-2-Clause */
#include "oracle/witness.h"

#define LIVELOCK 1000
#define ASSUMED_PIN (REBLOCK_ASSUMES_VNMI_ON | REBLOCK_ASSUMES_VNMI_OFF)
#define OTHER_BITS \
	(REBLOCK_BLOCKING_STI | REBLOCK_BLOCKING_MOV_SS | REBLOCK_BLOCKING_SMI | \
	 REBLOCK_ENCLAVE_INTERRUPTION)

void report(struct oracle *oracle, const struct line *line, enum reblock_finding_kind kind,
	    const struct proof *proof)
{
	struct oracle_finding *f = &oracle->findings[oracle->n_findings];

	if (oracle->n_findings == ORACLE_RECORDS_MOST)
		return;
	oracle->n_findings++;
	*f = (struct oracle_finding){ .kind = kind,
				      .evidence = proof->grade,
				      .needs = proof->needs,
				      .may = line->assumes,
				      .n_records = proof->n };
	for (unsigned i = 0; i < proof->n; i++)
		f->records[i] = proof->at[i] & PROOF_WITNESS ?
					line->series[proof->at[i] & ~PROOF_WITNESS] :
					line->number[proof->at[i]];
}

/* A finding of the pair, seen in the VMCS, for which FACTS have to hold. */
static void seen(struct oracle *oracle, const struct pair *p, enum reblock_finding_kind kind,
		 unsigned facts, size_t between)
{
	struct proof proof = { .grade = REBLOCK_DIRECT,
			       .needs = pair_needs(p, 0, facts),
			       .at = { p->e } };

	proof.n = 1;
	if (between != ORACLE_NONE)
		proof.at[proof.n++] = between;
	proof.at[proof.n++] = p->n;
	if (kind == REBLOCK_STALE_MASK && (facts & FACT_MUST_BE_1))
		proof.grade = REBLOCK_DERIVED;
	report(oracle, p->line, kind, &proof);
}

static bool holds(const struct pair *p, unsigned facts)
{
	return pair_facts(p, 0, facts) == facts;
}

/* What is seen of blocking at both ends. */
static void compare(struct oracle *oracle, const struct pair *p)
{
	enum reblock_tri before = blocking_at(&p->exit), after = blocking_at(&p->entry);
	const unsigned lost = FACT_MUST_NOT_CHANGE | FACT_NO_NMI;

	if (before == REBLOCK_YES && after == REBLOCK_NO && holds(p, lost))
		seen(oracle, p, REBLOCK_BLOCKING_LOST, lost, ORACLE_NONE);
	if (before == REBLOCK_NO && after == REBLOCK_YES && holds(p, FACT_ROW_10))
		seen(oracle, p, REBLOCK_UNDEFINED_BIT, FACT_ROW_10, ORACLE_NONE);
	if (after == REBLOCK_YES && holds(p, FACT_ROW_7))
		seen(oracle, p, REBLOCK_OVER_BLOCK, FACT_ROW_7, ORACLE_NONE);
	if (before == REBLOCK_NO && after == REBLOCK_YES &&
	    (p->exit.interruptibility & ~p->entry.interruptibility & OTHER_BITS) &&
	    holds(p, FACT_QUIET))
		seen(oracle, p, REBLOCK_FIELD_CLOBBERED, FACT_QUIET, ORACLE_NONE);
}

static void stale_mask(struct oracle *oracle, const struct pair *p)
{
	const unsigned derived = FACT_MUST_BE_1 | FACT_UNBLOCKED | FACT_VIRTUAL_NMIS;
	const unsigned direct = FACT_MUST_NOT_CHANGE | FACT_VIRTUAL_NMIS;
	enum reblock_tri before = blocking_at(&p->exit), after = blocking_at(&p->entry);
	size_t read = pair_operation(p, REBLOCK_MASK_READ, false);

	if (read != ORACLE_NONE && pair_facts_upto(p, read, derived) == derived) {
		seen(oracle, p, REBLOCK_STALE_MASK, derived, read);
		return;
	}
	if (before == REBLOCK_UNKNOWN || before != after)
		return;
	read = pair_operation(p, REBLOCK_MASK_READ, before == REBLOCK_NO);
	if (read != ORACLE_NONE && holds(p, direct))
		seen(oracle, p, REBLOCK_STALE_MASK, direct, read);
}

/* The rules of an entry by itself; P is NULL where its exit is not known. */
static void entry_alone(struct oracle *oracle, const struct line *line, size_t n)
{
	const struct reblock_record *raw = line_at(line, n);
	const unsigned facts = FACT_NMI | FACT_ENTRY_VIRTUAL_NMIS;
	struct proof proof = { .grade = REBLOCK_DIRECT, .n = 1, .at = { n } };
	uint8_t assumes = 0;
	struct reblock_record entry = line_filled(line, n, &assumes);
	struct pair pair;
	size_t e = n;

	if (blocking_at(&entry) == REBLOCK_YES &&
	    oracle_facts(NULL, &entry, 0, 0, facts) == facts) {
		if (oracle_facts(NULL, raw, 0, 0, facts) != facts)
			proof.needs = assumes & ASSUMED_PIN;
		/* Row 4, where the exit is known. */
		while (e && !line->broken[e] && line_at(line, e)->kind != REBLOCK_EXIT)
			e--;
		if (line_at(line, e)->kind == REBLOCK_EXIT && pair_of(&pair, line, e) &&
		    pair.n == n && holds(&pair, FACT_ROW_4))
			proof = (struct proof){ .grade = REBLOCK_DIRECT,
						.needs = pair_needs(&pair, 0, FACT_ROW_4),
						.n = 2,
						.at = { e, n } };
		report(oracle, line, REBLOCK_REINJECT_BLOCKED, &proof);
	}
	if (reblock_has(raw, REBLOCK_HAS_INTR_INFO) && (raw->intr_info & REBLOCK_INTR_VALID) &&
	    (raw->intr_info & REBLOCK_ENTRY_INTR_RESERVED & ~REBLOCK_ENTRY_INTR_NESTED)) {
		proof = (struct proof){ .grade = REBLOCK_DIRECT, .n = 1, .at = { n } };
		report(oracle, line, REBLOCK_RESERVED_BIT, &proof);
	}
}

/* What the exit says by itself. Returns whether it is known to have unblocked NMIs. */
static bool exit_alone(struct oracle *oracle, const struct line *line, size_t e)
{
	struct proof proof = { .grade = REBLOCK_DIRECT, .n = 1, .at = { e } };
	uint8_t assumes = 0;
	struct reblock_record exit = line_filled(line, e, &assumes);

	if (!oracle_facts(&exit, NULL, 0, 0, FACT_UNBLOCKED))
		return false;
	if (line_shows_saved_state(line) && blocking_at(&exit) == REBLOCK_YES) {
		if (!oracle_facts(line_at(line, e), NULL, 0, 0, FACT_UNBLOCKED))
			proof.needs = assumes & ASSUMED_PIN;
		report(oracle, line, REBLOCK_HARDWARE, &proof);
	}
	return true;
}

static void livelock(struct oracle *oracle, const struct line *line)
{
	size_t first = ORACLE_NONE, count = 0;

	for (size_t i = 0; i < line->n; i++) {
		const struct reblock_record *r = line_at(line, i);
		struct proof proof = { .grade = REBLOCK_DIRECT };
		uint8_t assumes = 0;

		if (line->broken[i] & (LINE_LOST | LINE_LEFT_OUT))
			first = ORACLE_NONE;
		if (r->kind != REBLOCK_EXIT)
			continue;
		if (first != ORACLE_NONE &&
		    (!reblock_has(r, REBLOCK_HAS_RIP) || line_at(line, first)->rip != r->rip))
			first = ORACLE_NONE;
		if (!reblock_has(r, REBLOCK_HAS_RIP) || !oracle->unblocked[i])
			continue;
		if (first == ORACLE_NONE) {
			first = i;
			count = 0;
		}
		if (++count != LIVELOCK)
			continue;
		(void)line_filled(line, i, &assumes);
		if (!oracle_facts(r, NULL, 0, 0, FACT_UNBLOCKED))
			proof.needs = assumes & ASSUMED_PIN;
		proof.n = 2;
		proof.at[0] = first;
		proof.at[1] = i;
		report(oracle, line, REBLOCK_IRET_LIVELOCK, &proof);
	}
}

static void judge_exit(struct oracle *oracle, const struct line *line, size_t e)
{
	bool unblocked = exit_alone(oracle, line, e);
	struct oracle_outcome outcome = { .exit = line->number[e],
					  .outcome = REBLOCK_OUTCOME_UNJUDGED };
	struct pair pair;

	oracle->unblocked[e] = unblocked;
	if (line->witnessed)
		witnessed_exit(oracle, line, e);
	if (pair_of(&pair, line, e)) {
		struct proof miss = proof_of_miss(&pair);

		if (miss.grade)
			report(oracle, line, REBLOCK_MISSED_REBLOCK, &miss);
		outcome.outcome = miss.grade ? REBLOCK_OUTCOME_MISSED : outcome_of(&pair);
		nmi_in_nmi(oracle, &pair, &miss);
		compare(oracle, &pair);
		stale_mask(oracle, &pair);
	}
	if (unblocked && oracle->n_outcomes < ORACLE_RECORDS_MOST)
		oracle->outcomes[oracle->n_outcomes++] = outcome;
}

static void judge_line(struct oracle *oracle, const struct line *line)
{
	for (size_t i = 0; line->witnessed && i < line->n; i++)
		oracle->told[i] = false;
	for (size_t i = 0; i < line->n; i++) {
		if (line_at(line, i)->kind == REBLOCK_EXIT)
			judge_exit(oracle, line, i);
		else if (line_at(line, i)->kind == REBLOCK_ENTRY)
			entry_alone(oracle, line, i);
	}
	livelock(oracle, line);
	if (line->witnessed)
		witnessed_nmis(oracle, line, oracle->told);
}

/* Whether record I is the first of its vCPU. */
static bool is_first(const struct reblock_record *records, size_t i)
{
	const struct reblock_record *r = &records[i];

	if (r->kind == REBLOCK_LOST || r->kind == REBLOCK_META || r->vcpu == REBLOCK_NO_VCPU)
		return false;
	for (size_t k = 0; k < i; k++)
		if (records[k].vm == r->vm && records[k].vcpu == r->vcpu &&
		    records[k].kind != REBLOCK_LOST && records[k].kind != REBLOCK_META)
			return false;
	return true;
}

void oracle_judge(struct oracle *oracle, const struct reblock_source *source,
		  const struct reblock_audit_options *options, const struct reblock_record *records,
		  size_t n)
{
	oracle->n_findings = oracle->n_outcomes = 0;
	for (size_t i = 0; i < n; i++) {
		if (is_first(records, i)) {
			struct line line = line_of(oracle, source, options, records, n,
						   records[i].vm, records[i].vcpu);

			judge_line(oracle, &line);
		}
	}
}
