/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "filter_compare.h"
#include "fuzz/same.h"

static int keep(void *context, const struct reblock_finding *finding)
{
	struct compared *result = context;

	assert_true(result->n < COMPARED_FINDINGS);
	result->list[result->n++] = *finding;
	return 0;
}

static int order(const void *a, const void *b)
{
	const struct reblock_finding *l = a, *r = b;

	if (l->vm != r->vm)
		return l->vm < r->vm ? -1 : 1;
	if (l->vcpu != r->vcpu)
		return l->vcpu < r->vcpu ? -1 : 1;
	if (l->t != r->t)
		return l->t < r->t ? -1 : 1;
	if (l->kind != r->kind)
		return l->kind < r->kind ? -1 : 1;
	return strcmp(l->why, r->why);
}

static void want_each_pair(void *context, const struct reblock_pair *pair)
{
	(void)context;
	(void)pair;
}

void compare_audit(const struct reblock_record *records, size_t n,
		   const struct reblock_source *source, enum reblock_vnmi vnmi, bool whole_way,
		   struct compared *result)
{
	struct reblock_audit_options options = { .vnmi = vnmi, .finding = keep, .context = result };
	struct reblock_audit *audit;
	const struct reblock_summary *summary;

	options.pair = whole_way ? want_each_pair : NULL;
	audit = reblock_audit_new(source, &options);
	assert_non_null(audit);
	memset(result, 0, sizeof(*result));
	assert_int_equal(reblock_audit_feed(audit, 0, records, n), 0);
	assert_int_equal(reblock_audit_finish(audit), 0);
	for (size_t i = 0; (summary = reblock_audit_summary(audit, i)); i++) {
		assert_true(i < COMPARED_VCPUS);
		result->summaries[result->n_summaries++] = *summary;
	}
	reblock_audit_free(audit);
	qsort(result->list, result->n, sizeof(result->list[0]), order);
}

static void say(const char *which, const struct reblock_finding *f)
{
	print_message("%s: vm %u vcpu %u t %llu %s, %s, assumes %x: %s\n", which, f->vm, f->vcpu,
		      (unsigned long long)f->t, reblock_finding_name(f->kind),
		      reblock_evidence_name(f->evidence), f->assumes, f->why);
}

void compare_findings(const struct compared *whole, const struct compared *filtered,
		      const char *what, uint64_t seed)
{
	for (size_t i = 0; i < whole->n || i < filtered->n; i++) {
		if (i < whole->n && i < filtered->n &&
		    !finding_differs(&whole->list[i], &filtered->list[i]))
			continue;
		if (i < whole->n)
			say("whole", &whole->list[i]);
		if (i < filtered->n)
			say("filtered", &filtered->list[i]);
		fail_msg(
			"%s, seed %llu: %zu findings in the whole stream, %zu in the filtered one, and these differ",
			what, (unsigned long long)seed, whole->n, filtered->n);
	}
}

void compare_counts(const struct compared *whole, const struct compared *filtered, const char *what,
		    uint64_t seed)
{
	for (size_t i = 0; i < whole->n_summaries; i++) {
		const struct reblock_summary *w = &whole->summaries[i];

		if (!same_judgements(w,
				     summary_like(filtered->summaries, filtered->n_summaries, w)))
			fail_msg("%s, seed %llu: vm %u vcpu %u: IRET unblocks are judged otherwise",
				 what, (unsigned long long)seed, w->vm, w->vcpu);
	}
}
