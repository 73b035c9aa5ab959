/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The collector: watches KVM on this host by BPF and delivers records.
 *
 * It knows no files and no findings: records go to a callback.
 */
#ifndef COLLECTOR_H
#define COLLECTOR_H

#include <stdbool.h>
#include <stdio.h>
#include <reblock/record.h>
#include <reblock/source.h>

struct collector;

struct collector_options {
	/* bytes of all rings, one for each CPU, each rounded up to a power of two and a page; 0: the default, 8 MiB */
	unsigned ring_size;
	/* for how many vCPUs at a time the tables have room, about 400 bytes each; 0: the default, 16384 */
	unsigned vcpus;
	/* do not attach the classic program that makes KVM read the exit's fields */
	bool no_cache_fill;
	bool trust_stale; /* test knob: use cached fields without the regs_avail check */
	bool all; /* ship every exit and entry, not only what the filter takes for relevant */
	/* above it exits are only counted, until the next second that stays below it; 0: no limit */
	uint64_t max_records_per_second;
	uint32_t pid;       /* only VMs of this process; 0: of all */
	const char *cgroup; /* only vCPU threads below this cgroup (v2) folder; NULL: all */
	/* the kernel's run-time statistics; they cost every BPF program on the host */
	bool bpf_stats;
	/* test knob: 1 tp_btf, 2 raw_tp, 3 classic tracepoint, each alone; 0: the best */
	unsigned way;
	bool verbose; /* libbpf's and the verifier's words to standard error */
};

/*
 * Records in stream order: those of one vCPU in time order. Returns 0 to go on; anything else
 * stops the poll, which returns it.
 */
typedef int collector_sink(void *context, const struct reblock_record *records, size_t n);

struct collector_stats {
	uint64_t records;   /* delivered */
	uint64_t lost;      /* not delivered: ring full */
	uint64_t untracked; /* events of vCPUs for which there was no room in the tables */
	/* of `lost`: not shipped because of the budget; and whether it is exceeded right now */
	uint64_t over_budget;
	bool counting_only;
	/* with bpf_stats: nanoseconds that the programs ran, how often; else 0 */
	uint64_t bpf_run_ns, bpf_runs;
};

#define COLLECTOR_REASONS 128

/*
 * What is taken for max_records_per_second where nobody says otherwise: in the filtered mode it is
 * never reached, and all records of a host that reaches it cost about 5 % of a CPU in the kernel and
 * fill 13 MB of a disk a second.
 */
#define COLLECTOR_BUDGET 200000

/*
 * Whether collector_open can be tried: 0; -EAGAIN with kvm or kvm_intel not loaded, which may come;
 * else a negative errno, and it will never do on this host or with these rights. *ERROR (to be freed):
 * what is missing and what to do.
 */
int collector_ready(char **error);

/*
 * Opens, loads and attaches. Returns 0 and sets *COLLECTOR, to be freed by collector_free; or a
 * negative errno with *ERROR (to be freed) one or more lines on what is missing and what to do:
 * -EPERM no rights or kernel lockdown, -ENOENT no KVM, no kvm_intel or no BTF, -ENOTSUP
 * a kernel too old, -ENOMEM, others from bpf(2).
 */
int collector_open(const struct collector_options *options, struct collector **collector,
		   char **error);

/* The host and what is captured, as attached. Owned by the collector. */
const struct reblock_source *collector_source(const struct collector *collector);

/* One line for each attach point that could not be had, with what is lost by it; "" when none. */
const char *collector_missing(const struct collector *collector);

/*
 * Delivers what is in the ring, waiting at most TIMEOUT_MS for the ring to be looked at again.
 * Returns the number of records, or a negative errno, or the sink's value.
 */
long collector_poll(struct collector *collector, int timeout_ms, collector_sink *sink,
		    void *context);

/*
 * Detaches, then delivers what is left, and a lost record for each vCPU whose last records
 * were dropped. Returns as collector_poll.
 */
long collector_stop(struct collector *collector, collector_sink *sink, void *context);

/*
 * What was found to be silent since the last call: attach points that are never reached although KVM
 * must have come by. One line or more for each, "" when none. Valid until the next call.
 */
const char *collector_silent(struct collector *collector);

/* Needs no rights: everything is read through mappings. */
void collector_stats(const struct collector *collector, struct collector_stats *stats);

/*
 * How many exits of each basic reason there were since attaching, shipped or not. No rights needed.
 */
void collector_exits(const struct collector *collector, uint64_t exits[COLLECTOR_REASONS]);

void collector_free(struct collector *collector); /* NULL is allowed */

/*
 * Prints the whole picture of this host to OUT: kernel, CPU, kvm_intel's parameters, each attach point,
 * capabilities, lockdown, BTF, and the evidence grades it can give. Returns 0 if reblock record
 * can run here, 1 if not.
 */
int collector_doctor(FILE *out, bool colour);

#endif
