// SPDX-License-Identifier: BSD-2-Clause
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void stream_free(struct stream *stream)
{
	free(stream->table);
	stream->table = NULL;
}

/* The place of RAW in the table, or the free one where it belongs. */
static struct stream_vm *place(struct stream_vm *table, uint32_t room, uint32_t raw)
{
	uint32_t at = raw * 0x9e3779b1u;

	for (at ^= at >> 16;; at++) {
		struct stream_vm *vm = &table[at & (room - 1)];

		if (vm->raw == raw || !vm->raw)
			return vm;
	}
}

static int by_last(const void *a, const void *b)
{
	const struct stream_vm *one = a, *other = b;

	return (one->last > other->last) - (one->last < other->last);
}

/* Makes room for one more: a larger table, or, where it is as large as it may be, one without the older half. */
static int make_room(struct stream *stream)
{
	struct stream_vm *old = stream->table, *table;
	uint32_t room = stream->room, n = 0, n_kept;

	if (room < 2 * STREAM_VMS)
		room = room ? 2 * room : 64;
	table = calloc(room, sizeof(*table));
	if (!table)
		return -ENOMEM;
	for (uint32_t i = 0; i < stream->room; i++) {
		if (old[i].raw)
			old[n++] = old[i];
	}
	if (n)
		qsort(old, n, sizeof(*old), by_last);
	n_kept = room > stream->room ? n : n / 2;
	stream->table = table;
	stream->room = room;
	stream->used = n_kept;
	for (uint32_t i = n - n_kept; i < n; i++)
		*place(table, room, old[i].raw) = old[i];
	free(old);
	return 0;
}

uint32_t stream_vm(struct stream *stream, uint32_t raw)
{
	struct stream_vm *vm;

	if (2 * stream->used >= stream->room && make_room(stream))
		return 0;
	vm = place(stream->table, stream->room, raw);
	if (!vm->raw) {
		vm->raw = raw;
		vm->vm = ++stream->vms;
		stream->used++;
	}
	vm->last = ++stream->records;
	return vm->vm;
}

int stream_flush(struct stream *stream)
{
	size_t n = stream->n;
	int result;

	if (!n)
		return 0;
	stream->n = 0;
	result = stream->sink(stream->context, stream->batch, n);
	if (result) {
		stream->result = result;
		return -ECANCELED;
	}
	stream->delivered += n;
	return 0;
}

static int append(struct stream *stream, const struct reblock_record *record)
{
	uint32_t vm = record->vm;

	if (vm != REBLOCK_NO_VM) {
		vm = stream_vm(stream, vm);
		if (!vm)
			return -ENOMEM;
	}
	stream->batch[stream->n] = *record;
	stream->batch[stream->n].vm = vm;
	if (record->kind == REBLOCK_META)
		namer_ask(stream->namer, &stream->batch[stream->n]);
	return ++stream->n == STREAM_BATCH ? stream_flush(stream) : 0;
}

int stream_take_names(struct stream *stream)
{
	int result = 0;

	while (!result && namer_answer(stream->namer, &stream->batch[stream->n]))
		result = ++stream->n == STREAM_BATCH ? stream_flush(stream) : 0;
	return result;
}

int stream_take(struct stream *stream, const void *sample, size_t size)
{
	const struct reblock_record *records = sample;
	int result;

	if (size != sizeof(*records) && size != 2 * sizeof(*records))
		return -EBADMSG;
	result = append(stream, records);
	if (!result && size > sizeof(*records))
		result = append(stream, records + 1);
	return result;
}

static void lost_record(struct reblock_record *record, uint64_t count, uint64_t now)
{
	memset(record, 0, sizeof(*record));
	record->t = now;
	record->vm = REBLOCK_NO_VM;
	record->vcpu = REBLOCK_NO_VCPU;
	record->cpu = REBLOCK_NO_CPU;
	record->kind = REBLOCK_LOST;
	record->presence = REBLOCK_HAS_QUALIFICATION;
	record->qualification = count;
}

int stream_end_vcpu(struct stream *stream, const struct vcpu_state *state, uint64_t now)
{
	struct reblock_record record;

	if (state->skip)
		return 0;
	if (state->pending) {
		record = state->exit;
		record.vm = state->vm;
		record.vcpu = state->vcpu;
		record.seq = state->seq;
		record.presence |= REBLOCK_HAS_SEQ;
	} else if (state->lost) {
		lost_record(&record, state->lost, now);
		record.vm = state->vm;
		record.vcpu = state->vcpu;
	} else {
		return 0;
	}
	return append(stream, &record);
}

int stream_end_unplaced(struct stream *stream, uint64_t count, uint64_t now)
{
	struct reblock_record record;

	if (!count)
		return 0;
	lost_record(&record, count, now);
	return append(stream, &record);
}
