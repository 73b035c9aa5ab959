/* SPDX-License-Identifier: BSD-2-Clause */
/* What the readers of all formats share: damages, lost records, room for records of their own. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <reblock/trace.h>
#include "input/reader.h"

void reader_damage(struct reblock_input *in, const char *format, ...)
{
	char what[1024], message[2048];
	va_list args;

	in->damages++;
	if (!in->damage)
		return;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(message, sizeof(message), "%.1000s: %s", in->name, what);
	in->damage(in->context, message);
}

void reader_lost(struct reblock_record *r, uint64_t count)
{
	memset(r, 0, sizeof(*r));
	r->kind = REBLOCK_LOST;
	r->t = REBLOCK_NO_TIME;
	r->vm = REBLOCK_NO_VM;
	r->vcpu = REBLOCK_NO_VCPU;
	r->cpu = REBLOCK_NO_CPU;
	if (count != UINT64_MAX) {
		r->qualification = count;
		r->presence = REBLOCK_HAS_QUALIFICATION;
	}
}

int reader_room(struct reblock_input *in)
{
	if (!in->own)
		in->own = aligned_alloc(64, REBLOCK_CHUNK_RECORDS * sizeof(*in->own));
	return in->own ? 0 : -ENOMEM;
}
