/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether two audits of the same guests say the same: what targets and unit tests hold against each other. */
#ifndef SAME_H
#define SAME_H

#include <stdbool.h>
#include <string.h>
#include <reblock/audit.h>

/* What of B is not as in A, or NULL. Not looked at: the numbers of their records, and where they were found. */
static inline const char *finding_differs(const struct reblock_finding *a,
					  const struct reblock_finding *b)
{
	if (a->kind != b->kind || a->vm != b->vm || a->vcpu != b->vcpu)
		return "another finding";
	if (a->evidence != b->evidence || a->severity != b->severity)
		return "other evidence";
	if (a->assumes != b->assumes)
		return "other assumptions";
	if (a->t != b->t)
		return "another time";
	if (a->n_records != b->n_records)
		return "other records";
	if (strcmp(a->rule, b->rule) != 0)
		return "another rule";
	if ((a->policy && b->policy) ? strcmp(a->policy, b->policy) != 0 : a->policy != b->policy)
		return "another policy";
	if (strcmp(a->why, b->why) != 0)
		return "another reason";
	return NULL;
}

/* Of the N summaries in LIST that of the same vCPU as LIKE; one of zeros where there is none. */
static inline const struct reblock_summary *summary_like(const struct reblock_summary *list,
							 size_t n,
							 const struct reblock_summary *like)
{
	static const struct reblock_summary none;

	for (size_t i = 0; i < n; i++)
		if (list[i].vm == like->vm && list[i].vcpu == like->vcpu)
			return &list[i];
	return &none;
}

/* Whether IRET unblocks were judged the same. */
static inline bool same_judgements(const struct reblock_summary *a, const struct reblock_summary *b)
{
	return memcmp(a->unblocks, b->unblocks, sizeof(a->unblocks)) == 0 &&
	       memcmp(a->reblocked, b->reblocked, sizeof(a->reblocked)) == 0 &&
	       memcmp(a->missed, b->missed, sizeof(a->missed)) == 0 &&
	       memcmp(a->reflected, b->reflected, sizeof(a->reflected)) == 0 &&
	       memcmp(a->unjudged, b->unjudged, sizeof(a->unjudged)) == 0 &&
	       memcmp(a->possible, b->possible, sizeof(a->possible)) == 0 &&
	       a->nmi_reinjections == b->nmi_reinjections && a->lost == b->lost;
}

#endif
