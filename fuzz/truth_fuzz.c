/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The audit against the truth and against the oracle, on what a recorder sees of a simulated host:
 *
 * - nothing is found that did not happen, unless an assumption that the finding names does not hold in this run;
 * - where blocking is seen at entries, and the other fields that a rule needs, each miss is found;
 * - what is found is exactly what the oracle finds provable, with the same evidence, records and assumptions;
 * - and each IRET unblock is judged as the oracle judges it, and truly.
 */
#include <string.h>
#include "fuzz.h"
#include "oracle/oracle.h"
#include "oracle/truth.h"
#include "run.h"

#define FINDINGS_MOST 8192

static struct run run;
static struct oracle oracle;

static struct {
	size_t n, n_judged;
	uint8_t assumes; /* enum reblock_assumption, for any vCPU */
	struct reblock_finding list[FINDINGS_MOST];
	uint8_t matched[FINDINGS_MOST]; /* by one of the oracle's */
	uint8_t outcome
		[RUN_RECORDS_MOST]; /* enum reblock_outcome + 1, of exits that unblocked; 0: none */
} audited;

static int on_finding(void *context, const struct reblock_finding *finding)
{
	(void)context;
	if (audited.n < FINDINGS_MOST)
		audited.list[audited.n++] = *finding;
	return 0;
}

static void on_judgement(void *context, const struct reblock_judgement *judgement)
{
	(void)context;
	if (judgement->unblocked != REBLOCK_YES)
		return;
	audited.n_judged++;
	audited.outcome[judgement->exit_number] = (uint8_t)(judgement->outcome + 1);
}

static void audit(void)
{
	struct reblock_audit_options options = run.options;
	struct reblock_audit *a;

	options.finding = on_finding;
	options.judgement = on_judgement;
	options.policy = NULL;
	memset(audited.matched, 0, sizeof(audited.matched));
	memset(audited.outcome, 0, sizeof(audited.outcome));
	audited.n = audited.n_judged = 0;
	a = reblock_audit_new(&run.source, &options);
	FUZZ_CHECK(a != NULL);
	FUZZ_CHECK(reblock_audit_feed(a, 0, run.seen, run.n) == 0);
	FUZZ_CHECK(reblock_audit_finish(a) == 0);
	audited.assumes = 0;
	for (size_t i = 0; reblock_audit_summary(a, i); i++)
		audited.assumes |= reblock_audit_summary(a, i)->assumes;
	reblock_audit_free(a);
}

static bool same(const struct reblock_finding *f, const struct oracle_finding *o)
{
	return f->kind == o->kind && f->evidence == o->evidence && f->n_records == o->n_records &&
	       !memcmp(f->records, o->records, o->n_records * sizeof(o->records[0])) &&
	       !(o->needs & ~f->assumes) && !(f->assumes & ~(o->needs | o->may));
}

static void check_provable(void)
{
	for (size_t i = 0; i < oracle.n_findings; i++) {
		const struct oracle_finding *o = &oracle.findings[i];
		size_t k = 0;

		while (k < audited.n && (audited.matched[k] || !same(&audited.list[k], o)))
			k++;
		if (k == audited.n)
			fuzz_fail("%s (%s) is provable from record %llu on and was not found so",
				  reblock_finding_name(o->kind), reblock_evidence_name(o->evidence),
				  (unsigned long long)o->records[0]);
		audited.matched[k] = 1;
	}
	for (size_t k = 0; k < audited.n; k++)
		if (!audited.matched[k])
			fuzz_fail("%s (%s) was found at record %llu and is not provable so",
				  reblock_finding_name(audited.list[k].kind),
				  reblock_evidence_name(audited.list[k].evidence),
				  (unsigned long long)audited.list[k].records[0]);
}

static void check_outcomes(void)
{
	static const char *const names[] = { "unjudged twice", "re-blocked", "missed", "reflected",
					     "not judged" };

	for (size_t i = 0; i < oracle.n_outcomes; i++) {
		const struct oracle_outcome *o = &oracle.outcomes[i];

		if (audited.outcome[o->exit] != o->outcome + 1)
			fuzz_fail("the unblock at record %llu is %s, the audit says %s",
				  (unsigned long long)o->exit, names[o->outcome + 1],
				  names[audited.outcome[o->exit]]);
	}
	if (oracle.n_outcomes != audited.n_judged)
		fuzz_fail("%zu exits unblocked for certain, the audit judged %zu",
			  oracle.n_outcomes, audited.n_judged);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	run_decode(&run, data, size);
	audit();
	for (size_t i = 0; i < audited.n; i++)
		truth_of_finding(&run, &audited.list[i]);
	for (size_t i = 0; i < run.n; i++)
		if (audited.outcome[i])
			truth_of_outcome(&run, i, (enum reblock_outcome)(audited.outcome[i] - 1),
					 audited.assumes);
	truth_of_silence(&run, audited.list, audited.n);
	oracle_judge(&oracle, &run.source, &run.options, run.seen, run.n);
	check_provable();
	check_outcomes();
	return 0;
}
