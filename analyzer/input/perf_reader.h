/* SPDX-License-Identifier: BSD-2-Clause */
/* What the reader of perf.data keeps. Private to the perf_*.c files here. */
#ifndef INPUT_PERF_READER_H
#define INPUT_PERF_READER_H

#include "input/kvm_events.h"
#include "input/perf_attr.h"
#include "input/perf_lost.h"
#include "input/perf_order.h"
#include "input/perf_walk.h"
#include "input/reader.h"

struct perf_names; /* of processes, by COMM records */
struct perf_aux;   /* what is left to say of Intel PT */

enum perf_known {
	PERF_NOT_RECORDED,
	PERF_NOT_WANTED, /* was recorded, and means nothing to kvm_events */
	PERF_WANTED,
};

struct perf_reader {
	bool pipe;           /* the file's form: made by perf record -o - */
	const uint8_t *data; /* the records */
	size_t size;
	uint64_t offset;        /* of DATA in the file */
	const uint8_t *tracing; /* TRACING_DATA, NULL: none */
	size_t tracing_size;
	struct perf_attrs attrs;
	struct tep_handle *tep;
	struct kvm_events *kvm;
	struct perf_names *names;
	struct perf_walk walk;
	struct perf_order order;
	struct perf_lost lost;
	size_t interval, counted; /* of LOST: the next that matters; the next not yet counted */
	/* Damage: something is missing after FROM and not after TO. */
	bool damaged;
	uint64_t damaged_from, damaged_to;
	unsigned rounds_left; /* ends of rounds until TO is known */
	uint64_t last;        /* time of the last sample given */
	uint64_t bad_samples; /* not in order */
	uint64_t disordered;  /* older than one given before */
	uint64_t waiting;     /* samples since the end of a round */
	bool at_end, told_end;
	uint32_t online;      /* CPUs of the host; 0: not known */
	struct perf_aux *aux; /* NULL: no Intel PT */
	bool threads;         /* the joining part wants to know which threads run */
	uint8_t known[65536]; /* by id of tracepoints: enum perf_known */
};

/* perf_header.c: finds records, attrs, formats and description. As reblock_input_open. */
int perf_header_read(struct reblock_input *in, struct perf_reader *p, char **error);

/* perf_names.c. perf_names_take: of a COMM record. perf_names_get is a kvm_events_name_fn. */
struct perf_names *perf_names_new(void);
int perf_names_take(struct perf_names *names, const uint8_t *record, const struct perf_attr *form);
const char *perf_names_get(void *names, uint32_t pid, uint32_t tid);
void perf_names_free(struct perf_names *names);

/* Sets *ERROR to a sentence that begins with the file's name; returns -EINVAL. */
__attribute__((format(printf, 3, 4))) int perf_refuse(const struct reblock_input *in, char **error,
						      const char *format, ...);

#endif
