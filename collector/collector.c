// SPDX-License-Identifier: BSD-2-Clause
#include "internal.h"
#include "vm_name.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reblock.skel.h"

/* How often the rings are looked at while waiting: none must fill up in between. */
#define LOOK_MS 10

/* Samples in one delivery at most: the caller has its turn, also where programs are as fast as this. */
#define SAMPLES 65536

/* How long a program that was preempted may take to submit what it has reserved, once everything is detached. */
#define SUBMIT_MS 1000

/* How long a call that is due may be on its way when recording ends. */
#define SILENT_MS 100

/* How long the end of the stream waits for names. */
#define NAMES_MS 200

static int take(void *context, const void *sample, size_t size)
{
	struct collector *collector = context;

	return stream_take(&collector->stream, sample, size);
}

static void describe_missing(struct collector *collector)
{
	for (enum point i = 0; i < POINTS; i++) {
		char *missing = point_missing(&collector->attached, i);

		if (missing)
			text_add(&collector->missing, "%s\n", missing);
		free(missing);
	}
	if (collector->attached.stats < 0)
		text_add(
			&collector->missing,
			"run-time statistics of BPF programs (%s): they need Linux 5.8 and CAP_SYS_ADMIN\n",
			strerror(-collector->attached.stats));
	if (!host_can(&collector->host, HOST_CAP_SYS_ADMIN) &&
	    collector->attached.way == WAY_CLASSIC)
		text_add(
			&collector->missing,
			"CAP_SYS_ADMIN: without it the BTF of the modules kvm and kvm_intel cannot be read, so "
			"only the\nclassic tracepoints are used\n");
}

int collector_ready(char **error)
{
	struct host host;

	*error = NULL;
	host_look(&host);
	return host_ready(&host, error);
}

int collector_open(const struct collector_options *options, struct collector **result, char **error)
{
	static const struct collector_options defaults;
	struct collector *collector = calloc(1, sizeof(*collector));
	int status;

	*result = NULL;
	*error = NULL;
	if (!collector)
		return -ENOMEM;
	host_look(&collector->host);
	status = host_check(&collector->host, error);
	if (!status)
		status = attach(&collector->attached, &collector->host,
				options ? options : &defaults, error);
	if (status) {
		free(collector);
		return status;
	}
	status = merge_begin(&collector->merge, collector->attached.rings.ring,
			     collector->attached.rings.n);
	if (status) {
		collector_free(collector);
		return status;
	}
	collector->stream.namer = namer_begin(vm_name_of);
	collector->budget.most = options ? options->max_records_per_second : 0;
	collector_describe(&collector->source, &collector->host, &collector->attached);
	describe_missing(collector);
	*result = collector;
	return 0;
}

const struct reblock_source *collector_source(const struct collector *collector)
{
	return &collector->source;
}

const char *collector_missing(const struct collector *collector)
{
	return collector->missing ? collector->missing : "";
}

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/*
 * Delivers what is in the rings and took its time a while before BEFORE, which was read before this call; *MORE: the rest
 * of it is for another call.
 */
static long deliver(struct collector *collector, uint64_t before, bool *more)
{
	uint64_t delivered = collector->stream.delivered;
	int result = stream_take_names(&collector->stream);

	if (!result)
		result = merge_round(&collector->merge, before, SAMPLES, take, collector);
	*more = result == -EAGAIN;
	if (!result || *more)
		result = stream_flush(&collector->stream);
	if (result == -ECANCELED)
		return collector->stream.result;
	return result < 0 ? result : (long)(collector->stream.delivered - delivered);
}

static unsigned attached_points(const struct attached *attached)
{
	unsigned points = 0;

	for (enum point i = 0; i < POINTS; i++)
		points |= (unsigned)(attached->links[i] != NULL) << i;
	return points;
}

static void add_silent(struct collector *collector, unsigned points)
{
	for (enum point i = 0; i < POINTS; i++) {
		if (points >> i & 1)
			text_add(&collector->silent_found, "%s\n", silent_words(i));
	}
}

static void look_for_silent(struct collector *collector, uint64_t at)
{
	const struct attached *attached = &collector->attached;

	if (attached->way != WAY_CLASSIC)
		add_silent(collector, silent_look(&collector->silent, at, attached_points(attached),
						  attached->bpf->bss->counters.calls));
}

/* A recording may be too short for the looks in between. */
static void look_for_silent_last(struct collector *collector)
{
	const struct attached *attached = &collector->attached;
	const uint64_t *calls = attached->bpf->bss->counters.calls;
	unsigned points = attached_points(attached), silent;

	if (attached->way == WAY_CLASSIC)
		return;
	silent = silent_points(points, calls);
	if (!silent)
		return;
	poll(NULL, 0, SILENT_MS);
	add_silent(collector,
		   silent_last(&collector->silent, silent, silent_points(points, calls)));
}

const char *collector_silent(struct collector *collector)
{
	free(collector->silent_said);
	collector->silent_said = collector->silent_found;
	collector->silent_found = NULL;
	return collector->silent_said ? collector->silent_said : "";
}

long collector_poll(struct collector *collector, int timeout_ms, collector_sink *sink,
		    void *context)
{
	long total = 0, n;
	uint64_t at;
	bool more;

	if (collector->stopped)
		return 0;
	collector->stream.sink = sink;
	collector->stream.context = context;
	for (;;) {
		at = now();
		budget_look(&collector->budget, at, &collector->attached.bpf->bss->budget.left);
		look_for_silent(collector, at);
		n = deliver(collector, at, &more);
		if (collector->stream.result || n < 0)
			return n;
		total += n;
		/* A busy ring is looked at again at once, by the caller's next call. */
		if (timeout_ms <= 0 || n >= STREAM_BATCH)
			return total;
		if (poll(NULL, 0, timeout_ms < LOOK_MS ? timeout_ms : LOOK_MS) < 0)
			return total;
		timeout_ms -= LOOK_MS;
	}
}

/*
 * What each vCPU still owes: the exit that was kept back, or its last losses. Returns 0, what stream_end_vcpu returns, or -EPERM where
 * the tables cannot be read any more.
 */
static int end_vcpus(struct collector *collector)
{
	int table = bpf_map__fd(collector->attached.bpf->maps.vcpus), result;
	uint64_t key, *previous = NULL;
	struct vcpu_state state;

	for (;;) {
		result = bpf_map_get_next_key(table, previous, &key);
		if (result)
			return result == -ENOENT ? 0 : -EPERM;
		previous = &key;
		if (bpf_map_lookup_elem(table, &key, &state))
			continue;
		result = stream_end_vcpu(&collector->stream, &state, now());
		if (result)
			return result;
	}
}

/*
 * Before Linux 5.19 the tables are closed to a process that has given up its rights. Then the counters, which are mapped, tell how
 * many records were lost with none after them, though not whose.
 */
static int end_stream(struct collector *collector)
{
	const struct collector_counters *counters = &collector->attached.bpf->bss->counters;
	uint64_t unplaced = counters->unplaced;
	struct prog_info info;
	int result = end_vcpus(collector);

	if (result == -EPERM)
		unplaced = counters->dropped - counters->placed;
	else if (result)
		return result;
	namer_wait(collector->stream.namer, NAMES_MS);
	result = stream_take_names(&collector->stream);
	if (result)
		return result;
	attached_info(&collector->attached, &info);
	result = stream_end_unplaced(&collector->stream,
				     unplaced + counters->untracked + info.skipped +
					     merge_hidden(&collector->merge),
				     now());
	return result ? result : stream_flush(&collector->stream);
}

long collector_stop(struct collector *collector, collector_sink *sink, void *context)
{
	uint64_t before = collector->stream.delivered;
	long delivered;
	bool more;
	int result;

	if (collector->stopped)
		return 0;
	collector->stopped = true;
	collector->stream.sink = sink;
	collector->stream.context = context;
	look_for_silent_last(collector);
	detach(&collector->attached);
	for (int waited = 0; merge_hidden(&collector->merge) && waited < SUBMIT_MS;
	     waited += LOOK_MS) {
		do {
			delivered = deliver(collector, now(), &more);
			if (delivered < 0 || collector->stream.result)
				return delivered;
		} while (more);
		poll(NULL, 0, LOOK_MS);
	}
	do {
		delivered = deliver(collector, UINT64_MAX, &more);
		if (delivered < 0 || collector->stream.result)
			return delivered;
	} while (more);
	result = end_stream(collector);
	if (result == -ECANCELED)
		return collector->stream.result;
	return result < 0 ? result : (long)(collector->stream.delivered - before);
}

void collector_stats(const struct collector *collector, struct collector_stats *stats)
{
	const struct collector_counters *counters = &collector->attached.bpf->bss->counters;
	struct prog_info info;

	attached_info(&collector->attached, &info);
	memset(stats, 0, sizeof(*stats));
	stats->records = collector->stream.delivered;
	stats->lost = counters->dropped + info.skipped;
	stats->untracked = counters->untracked;
	stats->over_budget = counters->over_budget;
	stats->counting_only = collector->budget.counting_only;
	stats->bpf_run_ns = collector->attached.stats > 0 ? info.ns : 0;
	stats->bpf_runs = collector->attached.stats > 0 ? info.runs : 0;
}

void collector_exits(const struct collector *collector, uint64_t exits[COLLECTOR_REASONS])
{
	const struct collector_row *rows = collector->attached.exits;

	memset(exits, 0, COLLECTOR_REASONS * sizeof(*exits));
	for (unsigned cpu = 0; rows && cpu < collector->attached.cpus; cpu++)
		for (unsigned i = 0; i < COLLECTOR_REASONS; i++)
			exits[i] += rows[cpu].exits[i];
}

void collector_free(struct collector *collector)
{
	if (!collector)
		return;
	merge_end(&collector->merge);
	namer_end(collector->stream.namer);
	attached_free(&collector->attached);
	stream_free(&collector->stream);
	free(collector->missing);
	free(collector->silent_found);
	free(collector->silent_said);
	free(collector);
}
