/* SPDX-License-Identifier: BSD-2-Clause */
/* A reader's records and its PT, as one stream. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "input/aux.h"
#include "input/reader.h"
#include "pt/join.h"

/* Numbers of VMs that PT alone knows, beside those of a reader's records. */
#define FIRST_VM_BESIDE 1000001u

_Static_assert(AUX_SWITCH == PT_JOIN_SWITCH, "kind of what tells of threads");

static int begin(struct reblock_input *in)
{
	struct aux *aux = in->aux;
	struct pt_join_options o = {
		.queues = aux->queues,
		.n_queues = pt_library() ? aux->n_queues : 0,
		.clock = &aux->clock,
		.jobs = aux->jobs,
		.has_records = aux->has_records,
		.first_vm = 1,
		.has_threads = aux->has_threads,
		.all_cpus = aux->all_cpus,
		.name = aux->name,
		.context = aux->context,
	};

	if (!pt_clock_usable(&aux->clock))
		aux->clock.kind = PT_CLOCK_UNKNOWN;
	if ((in->source.presence & REBLOCK_SOURCE_CAPTURES) &&
	    (in->source.captures & 1u << REBLOCK_EXIT))
		o.first_vm = FIRST_VM_BESIDE;
	else if (in->format != REBLOCK_FORMAT_PT && in->format != REBLOCK_FORMAT_PERF)
		o.first_vm = FIRST_VM_BESIDE;
	return pt_join_new(&o, &aux->join);
}

long aux_next(struct reblock_input *in, aux_read_fn *read, const struct reblock_record **records)
{
	struct aux *aux = in->aux;
	long n = aux->join ? 0 : begin(in);

	while (!n) {
		const struct reblock_record *own;
		long got;

		n = pt_join_give(aux->join, records);
		if (n || aux->ended)
			break;
		got = read(in, &own);
		if (got < 0)
			return got;
		if (got) {
			n = pt_join_take(aux->join, own, (size_t)got);
		} else {
			aux->ended = true;
			pt_join_end(aux->join);
		}
	}
	return n;
}

const char *aux_note(const struct reblock_input *in, size_t i)
{
	struct aux *aux = in->aux;

	if (!aux)
		return NULL;
	for (size_t n = 0; n < AUX_NOTES && aux->notes[n]; n++, i--)
		if (!i)
			return aux->notes[n];
	if (!pt_library() && aux->n_queues)
		return i ? NULL :
			   "there is Intel PT in it, which is left out: this program has no libipt";
	return aux->join ? pt_join_note(aux->join, i) : NULL;
}
