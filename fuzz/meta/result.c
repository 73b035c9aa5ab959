/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "fuzz.h"
#include "meta/result.h"
#include "same.h"

static int keep(void *context, const struct reblock_finding *finding)
{
	struct result *result = context;

	if (result->n_findings < RESULT_FINDINGS)
		result->findings[result->n_findings] = *finding;
	result->n_findings++;
	return 0;
}

uint64_t result_number(const struct result *result, uint64_t number)
{
	return result->from && number != UINT64_MAX ? result->from[number] : number;
}

static uint64_t mix(uint64_t sum, uint64_t value)
{
	sum = (sum ^ value) * 0x9e3779b97f4a7c15u;
	return sum ^ sum >> 29;
}

static void judged(void *context, const struct reblock_judgement *j)
{
	struct result *result = context;
	uint64_t sum = mix(1, result_number(result, j->exit_number));

	sum = mix(sum, result_number(result, j->entry_number));
	sum = mix(sum, j->vcpu);
	sum = mix(sum, (uint64_t)j->unblocked << 32 | (unsigned)j->exit_kind);
	sum = mix(sum, (uint64_t)j->outcome << 32 | (unsigned)j->cause);
	sum = mix(sum, (uint64_t)j->verdict.row << 32 | (unsigned)j->verdict.must);
	result->judgements += sum;
	result->judged += j->unblocked == REBLOCK_YES;
}

void result_empty(struct result *result, const uint32_t *from)
{
	result->n_findings = result->n_summaries = 0;
	result->judgements = result->judged = 0;
	result->from = from;
}

struct reblock_audit *result_audit(struct result *result, const struct reblock_source *source,
				   const struct reblock_audit_options *options)
{
	struct reblock_audit_options all = *options;
	struct reblock_audit *audit;

	all.finding = keep;
	all.judgement = judged;
	all.context = result;
	audit = reblock_audit_new(source, &all);
	if (!audit)
		fuzz_fail("out of memory");
	return audit;
}

struct reblock_audit *result_begin(struct result *result, const struct reblock_source *source,
				   const struct reblock_audit_options *options,
				   const uint32_t *from)
{
	result_empty(result, from);
	return result_audit(result, source, options);
}

void result_take(struct result *result, struct reblock_audit *audit)
{
	const struct reblock_summary *s;

	while ((s = reblock_audit_summary(audit, result->n_summaries))) {
		if (result->n_summaries == SIM_VCPUS_MOST)
			fuzz_fail("the run has more vCPUs than it may have");
		result->summaries[result->n_summaries++] = *s;
	}
	result->losses = reblock_audit_losses(audit);
	result->lost_records = reblock_audit_lost_records(audit);
	reblock_audit_free(audit);
}

void result_of(struct result *result, const struct reblock_record *records, size_t n,
	       const struct reblock_source *source, const struct reblock_audit_options *options,
	       const uint32_t *from)
{
	struct reblock_audit *audit = result_begin(result, source, options, from);

	if (reblock_audit_feed(audit, 0, records, n) || reblock_audit_finish(audit))
		fuzz_fail("out of memory");
	result_take(result, audit);
}

bool result_complete(const struct result *result)
{
	return result->n_findings <= RESULT_FINDINGS;
}

static int by_place(const void *a, const void *b)
{
	const struct reblock_finding *l = a, *r = b;

	if (l->found_at != r->found_at)
		return l->found_at < r->found_at ? -1 : 1;
	if (l->vcpu_first != r->vcpu_first)
		return l->vcpu_first < r->vcpu_first ? -1 : 1;
	return 0;
}

static int by_vcpu(const void *a, const void *b)
{
	const struct reblock_finding *l = a, *r = b;

	if (l->vm != r->vm)
		return l->vm < r->vm ? -1 : 1;
	return (int)l->vcpu - (int)r->vcpu;
}

/* Keeps what is equal in its order, and is fast where little is to be done. */
static void order(struct result *result, int (*compare)(const void *a, const void *b))
{
	struct reblock_finding *list = result->findings;

	for (size_t i = 1; i < result->n_findings && i < RESULT_FINDINGS; i++) {
		struct reblock_finding one;
		size_t at = i;

		if (compare(&list[i - 1], &list[i]) <= 0)
			continue;
		one = list[i];
		while (at && compare(&list[at - 1], &one) > 0)
			at--;
		memmove(&list[at + 1], &list[at], (i - at) * sizeof(*list));
		list[at] = one;
	}
}

void result_order(struct result *result)
{
	order(result, by_place);
}

void result_order_by_vcpu(struct result *result)
{
	order(result, by_vcpu);
}

static const char *differs(const struct result *of_a, const struct reblock_finding *a,
			   const struct result *of_b, const struct reblock_finding *b, bool numbers)
{
	const char *what = finding_differs(a, b);

	for (unsigned i = 0; !what && i < a->n_records; i++)
		if (result_number(of_a, a->records[i]) != result_number(of_b, b->records[i]))
			return "other records";
	if (!what && numbers && (a->found_at != b->found_at || a->vcpu_first != b->vcpu_first))
		return "another place";
	return what;
}

void result_expect_same_findings(const struct result *a, const struct result *b, bool numbers,
				 const char *how)
{
	for (size_t i = 0; i < a->n_findings || i < b->n_findings; i++) {
		const char *what;

		if (i >= a->n_findings)
			fuzz_fail("%s: a finding more: %s", how,
				  reblock_finding_name(b->findings[i].kind));
		if (i >= b->n_findings)
			fuzz_fail("%s: a finding less: %s", how,
				  reblock_finding_name(a->findings[i].kind));
		what = differs(a, &a->findings[i], b, &b->findings[i], numbers);
		if (what)
			fuzz_fail("%s: %s, of kind %s", how, what,
				  reblock_finding_name(a->findings[i].kind));
	}
}

void result_expect_same_counts(const struct result *a, const struct result *b, const char *how)
{
	for (size_t i = 0; i < a->n_summaries; i++) {
		const struct reblock_summary *l = &a->summaries[i];

		if (!same_judgements(l, summary_like(b->summaries, b->n_summaries, l)))
			fuzz_fail("%s: IRET unblocks are judged otherwise", how);
	}
}

static bool same_pt(const struct reblock_pt_summary *a, const struct reblock_pt_summary *b)
{
	return memcmp(a, b, offsetof(struct reblock_pt_summary, assumes)) == 0 &&
	       a->assumes == b->assumes;
}

/* All that result_expect_same_counts does not look at. */
static bool same_vcpu(const struct reblock_summary *a, const struct reblock_summary *b)
{
	return a->vm == b->vm && a->vcpu == b->vcpu && a->pid == b->pid &&
	       strcmp(a->name, b->name) == 0 && a->records == b->records && a->exits == b->exits &&
	       a->entries == b->entries && a->lost_records == b->lost_records &&
	       a->out_of_order == b->out_of_order && a->left_out == b->left_out &&
	       memcmp(a->findings, b->findings, sizeof(a->findings)) == 0 &&
	       a->assumes == b->assumes &&
	       memcmp(a->predicted, b->predicted, sizeof(a->predicted)) == 0 &&
	       a->predicted_unblocks == b->predicted_unblocks && same_pt(&a->pt, &b->pt);
}

void result_expect_same(const struct result *a, const struct result *b, bool numbers,
			const char *how)
{
	result_expect_same_findings(a, b, numbers, how);
	if (a->judgements != b->judgements || a->judged != b->judged)
		fuzz_fail("%s: another judgement", how);
	if (a->losses != b->losses || a->lost_records != b->lost_records)
		fuzz_fail("%s: losses are counted otherwise", how);
	if (a->n_summaries != b->n_summaries)
		fuzz_fail("%s: other vCPUs", how);
	result_expect_same_counts(a, b, how);
	for (size_t i = 0; i < a->n_summaries; i++)
		if (!same_vcpu(&a->summaries[i], &b->summaries[i]))
			fuzz_fail("%s: other counts of a vCPU", how);
}
