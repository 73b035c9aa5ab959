/* SPDX-License-Identifier: BSD-2-Clause */
/* The run, written and read again: the same records and source, so that the same is found. */
#include "meta/meta.h"
#include "reading/reading.h"

static struct reading again;

void meta_as_json(struct meta *m)
{
	reading_json_again(&m->run->source, m->records, m->n, &again);
}

void meta_as_trace(struct meta *m)
{
	reading_trace_again(&m->run->source, m->records, m->n, &again);
}
_Static_assert(RUN_RECORDS_MOST <= READING_RECORDS, "room for a run");
