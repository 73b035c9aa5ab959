/* SPDX-License-Identifier: BSD-2-Clause */
/* From the ring's samples to the caller's records: numbering of VMs, batches, and the end of the stream. */
#ifndef COLLECTOR_STREAM_H
#define COLLECTOR_STREAM_H

#include "bpf/shared.h"
#include "collector.h"
#include "namer.h"

#define STREAM_BATCH 512

/*
 * VMs in the table at most. There are never as many at a time (COLLECTOR_VMS); when so many have come and gone, those that have
 * been silent for longest are forgotten. One that was not gone after all gets another number.
 */
#define STREAM_VMS (2 * COLLECTOR_VMS)

struct stream_vm {
	uint32_t raw; /* as the BPF programs number it; 0: no VM here */
	uint32_t vm;
	uint64_t last; /* `records` of the stream when it was last seen */
};

struct stream {
	collector_sink *sink;
	void *context;
	int result; /* what the sink said, where it was not 0 */
	uint64_t delivered;
	struct namer *namer; /* is asked for each VM's name; NULL: none is */
	size_t n;
	uint64_t records; /* taken */
	/* of VMs by raw number, `room` of them (a power of two), at most half used: `used` */
	struct stream_vm *table;
	uint32_t vms; /* numbers given so far */
	uint32_t used, room;
	struct reblock_record batch[STREAM_BATCH];
};

void stream_free(struct stream *stream);

/* The number of a VM, from 1, in order of appearance; 0 without memory. */
uint32_t stream_vm(struct stream *stream, uint32_t raw);

/*
 * Takes the SIZE bytes of one sample: one or two records. Returns 0 to go on, -ECANCELED when the sink
 * has stopped (its word is in `result`), -ENOMEM, -EBADMSG for a size that no program writes.
 */
int stream_take(struct stream *stream, const void *sample, size_t size);

/* Takes the names that were found since: each is another meta record of its VM. Returns as stream_take. */
int stream_take_names(struct stream *stream);

/* Hands the batch to the sink. Returns as stream_take. */
int stream_flush(struct stream *stream);

/*
 * The end of a vCPU's records: the exit that was still kept back, or a lost record where the last ones
 * were dropped, which no later number can tell. NOW is the time of that record.
 */
int stream_end_vcpu(struct stream *stream, const struct vcpu_state *state, uint64_t now);

/* A loss of COUNT records that cannot be placed: any VM, any vCPU. */
int stream_end_unplaced(struct stream *stream, uint64_t count, uint64_t now);

#endif
