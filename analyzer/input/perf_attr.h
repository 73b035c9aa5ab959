/* SPDX-License-Identifier: BSD-2-Clause */
/* What was recorded (perf_event_attr), and where its samples have what is needed. */
#ifndef INPUT_PERF_ATTR_H
#define INPUT_PERF_ATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "input/perf_format.h"
#include "input/u64_map.h"

#define PERF_ATTRS 65536 /* the most: as many as there are tracepoint ids */
#define PERF_IDS (1u << 20)

struct perf_attr {
	uint32_t type;
	uint64_t config, sample_type, read_format, period, flags;
	int32_t clockid; /* -1: not known */
	uint32_t n_ids;
	/* offsets in a sample, from the record's header on; 0: not there */
	uint16_t tid, time, id, cpu;
	uint16_t raw;  /* of the size in front; 0: not there, or after something of variable size */
	uint16_t rest; /* of what is of variable size */
	/* of a record that is no sample: from its end back; 0: not there */
	uint16_t tail_tid, tail_time, tail_id, tail_cpu, tail;
};

struct perf_attrs {
	struct perf_attr *attrs;
	size_t n, room;
	struct u64_map attr_of; /* id to index + 1 */
	struct u64_map slot_of; /* id to slot + 1: ids of one slot write into the same buffer */
	uint32_t n_ids;
	/* every attr that can sample has samples of the same form: no id is needed to read one */
	bool uniform;
	struct perf_attr form; /* that form; also of records that are no samples, in any case */
};

/*
 * Adds the attr of SIZE bytes at DATA with N_IDS ids (8 bytes each) at IDS. Returns 0, -ENOMEM, or
 * -EINVAL: too short, or too many.
 */
int perf_attrs_add(struct perf_attrs *a, const uint8_t *data, size_t size, const uint8_t *ids,
		   size_t n_ids);

/* To be called after the last one was added. */
void perf_attrs_done(struct perf_attrs *a);

/* perf_attrs_of and perf_attr_raw, where that takes more. */
const struct perf_attr *perf_attrs_by_id(const struct perf_attrs *a, const uint8_t *r);
size_t perf_attr_raw_behind(const struct perf_attr *attr, const uint8_t *r);

/* The attr of the sample record R, by its id where that is needed; NULL: not known, or R is too short. */
static inline const struct perf_attr *perf_attrs_of(const struct perf_attrs *a, const uint8_t *r)
{
	return a->uniform ? &a->form : perf_attrs_by_id(a, r);
}

/* The attr whose tail the record R has, which is no sample: by its id where attrs differ. Never NULL. */
const struct perf_attr *perf_attr_of_tail(const struct perf_attrs *a, const uint8_t *r);

/* Where the raw data of the sample R begin (their size, that is); 0 where R does not hold them. */
static inline size_t perf_attr_raw(const struct perf_attr *attr, const uint8_t *r)
{
	if (attr->sample_type & (PERF_HAS_READ | PERF_HAS_CALLCHAIN))
		return perf_attr_raw_behind(attr, r);
	return attr->raw + 4u <= perf_size(r) ? attr->raw : 0;
}

/*
 * Where what the sample R holds of the AUX area (perf record --aux-sample) begins: its *SIZE bytes. Returns 0 where it holds none,
 * or where it is behind what is not read: a branch stack, registers, a stack.
 */
size_t perf_attr_aux(const struct perf_attr *attr, const uint8_t *r, size_t *size);

void perf_attrs_free(struct perf_attrs *a);

#endif
