/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vCPUs of a page. Records stand in one flat array of numbers: kind (and 16 where records before it are left
 * out), what to add to the number and to the time of the record before, a mask of the fields that differ
 * from the last record of that kind, and these fields. Buckets likewise, empty ones left out.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "report/decode.h"
#include "report/html_data.h"

#define BUCKETS_WRITTEN 12000 /* of all vCPUs; beyond, neighbours are added up */
#define SAFE_INTEGER (((uint64_t)1 << 53) - 1)

/* The fields of a record in the order of their mask bits. */
enum field {
	PRESENCE, /* and flags, from bit 16 */
	REASON,
	RIP,
	QUALIFICATION,
	INTR_INFO,
	ERROR_CODE,
	IDT_VECTORING,
	INTERRUPTIBILITY,
	PIN,
	EXEC,
	CPU,
	BLOCKING, /* before, after, how it is known, row, what must be, judgement and cause */
	FIELDS
};

static void fields_of(const struct timeline_record *r, uint64_t fields[FIELDS])
{
	const struct reblock_record *x = &r->record;

	fields[PRESENCE] = x->presence | (uint64_t)x->flags << 16;
	fields[REASON] = x->reason;
	fields[RIP] = x->kind == REBLOCK_META ? 0 : x->rip;
	fields[QUALIFICATION] = x->qualification;
	fields[INTR_INFO] = x->intr_info;
	fields[ERROR_CODE] = x->error_code;
	fields[IDT_VECTORING] = x->idt_vectoring;
	fields[INTERRUPTIBILITY] = x->interruptibility;
	fields[PIN] = x->pin;
	fields[EXEC] = x->exec;
	fields[CPU] = x->cpu;
	fields[BLOCKING] = r->before | (uint64_t)r->after << 2 | (uint64_t)r->known << 4 |
			   (uint64_t)r->paired << 7 | (uint64_t)r->row << 8 |
			   (uint64_t)r->must << 12 | (uint64_t)r->judged << 14 |
			   (uint64_t)r->cause << 17 | (uint64_t)r->nmi << 22;
}

/* Remembers what a field's value means, once for all records that have it. */
static void meaning(struct html_data *d, const char *key, const char *text)
{
	bool is_new;
	long at;

	if (!*text)
		return;
	at = html_strings_put(&d->keys, key, &is_new);
	if (at < 0 || !is_new)
		return;
	if ((size_t)at >= d->meanings_room) {
		size_t room = d->meanings_room ? 2 * d->meanings_room : 256;
		long *more = realloc(d->meanings, room * sizeof(*more));

		if (!more) {
			d->keys.failed = true;
			return;
		}
		d->meanings = more;
		d->meanings_room = room;
	}
	d->meanings[at] = html_strings_add(&d->strings, text);
}

#define MEANING(has, format, value, text) \
	do { \
		if (reblock_has(x, REBLOCK_HAS_##has)) { \
			snprintf(key, sizeof(key), format, value); \
			meaning(d, key, text); \
		} \
	} while (0)

static void meanings_of(struct html_data *d, const struct reblock_record *x)
{
	char key[48], text[DECODE_MAX];

	if (x->kind == REBLOCK_ENTRY) {
		MEANING(INTR_INFO, "entry_intr_info:%" PRIu32, x->intr_info,
			decode_interruption(x->intr_info, DECODE_BIT12_ENTRY, text));
	} else if (x->kind == REBLOCK_EXIT) {
		MEANING(REASON, "reason:%" PRIu32, x->reason, decode_reason(x->reason, text));
		MEANING(INTR_INFO, "intr_info:%" PRIu32, x->intr_info,
			decode_interruption(x->intr_info, DECODE_BIT12_EXIT, text));
		MEANING(IDT_VECTORING, "idt_vectoring:%" PRIu32, x->idt_vectoring,
			decode_interruption(x->idt_vectoring, DECODE_BIT12_IDTV, text));
		if (reblock_has(x, REBLOCK_HAS_REASON | REBLOCK_HAS_QUALIFICATION)) {
			snprintf(key, sizeof(key), "qualification:%" PRIx64 "@%" PRIu32,
				 x->qualification, x->reason & REBLOCK_REASON_BASIC);
			meaning(d, key, decode_qualification(x->reason, x->qualification, text));
		}
	} else if (x->kind == REBLOCK_WITNESS && x->error_code == REBLOCK_SAW_EXIT) {
		MEANING(REASON, "reason:%" PRIu32, x->reason, decode_reason(x->reason, text));
		if (reblock_has(x, REBLOCK_HAS_REASON | REBLOCK_HAS_QUALIFICATION)) {
			snprintf(key, sizeof(key), "qualification:%" PRIx64 "@%" PRIu32,
				 x->qualification, x->reason & REBLOCK_REASON_BASIC);
			meaning(d, key, decode_qualification(x->reason, x->qualification, text));
		}
		return;
	} else {
		return;
	}
	MEANING(INTERRUPTIBILITY, "interruptibility:%" PRIu32, x->interruptibility,
		decode_interruptibility(x->interruptibility, text));
	MEANING(PIN, "pin:%u", (unsigned)x->pin, decode_pin(x->pin, text));
	MEANING(EXEC, "exec:%" PRIu32, x->exec, decode_exec(x->exec, text));
}

static void write_records(struct html_data *d, const struct timeline_lane *lane)
{
	uint64_t last[REBLOCK_KINDS][FIELDS] = { { 0 } }, number = 0, at = 0;
	const char *sep = "";

	for (size_t i = 0; i < lane->n_kept; i++) {
		const struct timeline_record *r = &lane->kept[i];
		bool gap = i ? r->index != r[-1].index + 1 : r->index != 0;
		uint64_t *before = last[r->record.kind], fields[FIELDS];
		unsigned mask = 0;

		fields_of(r, fields);
		for (unsigned f = 0; f < FIELDS; f++)
			mask |= (unsigned)(fields[f] != before[f]) << f;
		fprintf(d->out, "%s%u,%" PRIu64 ",%" PRIu64 ",%u", sep,
			r->record.kind + (gap ? 16 : 0), r->number - number, r->at - at, mask);
		for (unsigned f = 0; f < FIELDS; f++) {
			if (!(mask >> f & 1))
				continue;
			if (f == RIP || (f == QUALIFICATION && fields[f] > SAFE_INTEGER))
				fprintf(d->out, ",\"%" PRIx64 "\"", fields[f]);
			else
				fprintf(d->out, ",%" PRIu64, fields[f]);
		}
		sep = i % 16 == 15 ? ",\n" : ",";
		number = r->number;
		at = r->at;
		memcpy(before, fields, sizeof(fields));
		meanings_of(d, &r->record);
	}
}

static void write_bucket(struct html_data *d, const struct timeline_bucket *b, unsigned skipped,
			 const char *sep)
{
	unsigned kinds = 0;

	for (unsigned i = 0; i < TIMELINE_REASONS; i++)
		kinds += b->reasons[i] != 0;
	fprintf(d->out,
		"%s%u,%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32
		",%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu64 ",%" PRIu64 ",%u",
		sep, skipped, b->exits, b->entries, b->unblocks, b->nmis, b->user_exits,
		b->operations, b->witnesses, b->losses, b->findings, b->blocked, b->open, kinds);
	for (unsigned i = 0; i < TIMELINE_REASONS; i++)
		if (b->reasons[i])
			fprintf(d->out, ",%u,%" PRIu32, i, b->reasons[i]);
}

static bool is_empty(const struct timeline_bucket *b)
{
	return !b->exits && !b->entries && !b->user_exits && !b->operations && !b->witnesses &&
	       !b->losses && !b->findings && !b->blocked && !b->open;
}

static void write_buckets(struct html_data *d, const struct timeline_lane *lane, unsigned together)
{
	unsigned skipped = 0;
	const char *sep = "";

	for (unsigned i = 0; i < TIMELINE_BUCKETS; i += together) {
		struct timeline_bucket sum = lane->buckets[i];

		for (unsigned k = 1; k < together; k++)
			timeline_bucket_add(&sum, &lane->buckets[i + k]);
		if (is_empty(&sum)) {
			skipped++;
			continue;
		}
		write_bucket(d, &sum, skipped, sep);
		sep = ",";
		skipped = 0;
	}
}

/* How many neighbours are added up so that all vCPUs together do not have too many buckets. */
static unsigned buckets_together(const struct timeline *t)
{
	unsigned together = 1;

	while (t->n_lanes * (TIMELINE_BUCKETS / together) > BUCKETS_WRITTEN &&
	       together < TIMELINE_BUCKETS / 32)
		together *= 2;
	return together;
}

void html_lanes(struct html_data *d, struct reblock_audit *audit)
{
	const struct timeline *t = d->t;
	unsigned together = buckets_together(t);
	const struct reblock_summary *s;

	fprintf(d->out, "\"width\":%" PRIu64 ",\"reasons\":[", t->width * together);
	for (unsigned i = 0; i < t->n_reasons; i++) {
		char text[DECODE_MAX];

		fputs(i ? "," : "", d->out);
		html_json_string(d->out, decode_reason(t->reasons[i], text));
	}
	fputs("],\n\"lanes\":[", d->out);
	/* In the order of the summary, so by vm and vcpu; a finding names its vCPU by the number it was seen in. */
	for (size_t i = 0, n = 0; (s = reblock_audit_summary(audit, i)); i++) {
		for (unsigned k = 0; k < t->n_lanes; k++) {
			const struct timeline_lane *lane = t->lanes[k];

			if (lane->vm != s->vm || lane->vcpu != s->vcpu)
				continue;
			fprintf(d->out, "%s{\"id\":%u,\"vm\":%" PRIu32 ",\"vcpu\":%u,\"records\":[",
				n++ ? ",\n" : "", k, lane->vm, (unsigned)lane->vcpu);
			write_records(d, lane);
			fprintf(d->out, "],\n\"total\":%" PRIu64 ",\"buckets\":[", lane->records);
			write_buckets(d, lane, together);
			fputs("]}", d->out);
			break;
		}
	}
	fputs("]", d->out);
}

void html_meanings(struct html_data *d)
{
	const char *sep = "";

	fputs("\"meanings\":{", d->out);
	for (size_t i = 0; i < d->keys.n && i < d->meanings_room; i++) {
		if (d->meanings[i] < 0)
			continue;
		fprintf(d->out, "%s", sep);
		html_json_string(d->out, d->keys.texts[i]);
		fprintf(d->out, ":%ld", d->meanings[i]);
		sep = i % 16 == 15 ? ",\n" : ",";
	}
	fprintf(d->out, "},\"meanings_full\":%s",
		d->keys.full || d->strings.full ? "true" : "false");
}
