// SPDX-License-Identifier: BSD-2-Clause
#include "internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reblock.skel.h"

/* How often the ring is looked at while waiting: it must not fill up in between. */
#define LOOK_MS 10

/* Samples in one delivery at most. */
#define BUDGET 65536

static int take(void *context, void *sample, size_t size)
{
	struct collector *collector = context;
	int result = stream_take(&collector->stream, sample, size);

	return result || --collector->budget ? result : -EAGAIN;
}

static void describe_missing(struct collector *collector)
{
	for (enum point i = 0; i < POINTS; i++) {
		char *missing = point_missing(&collector->attached, i);

		if (missing)
			text_add(&collector->missing, "%s\n", missing);
		free(missing);
	}
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
	collector->ring = ring_buffer__new(bpf_map__fd(collector->attached.bpf->maps.ring), take,
					   collector, NULL);
	if (!collector->ring) {
		status = -errno;
		*error = text("the ring buffer cannot be mapped: %s", strerror(-status));
		collector_free(collector);
		return status;
	}
	collector->verbose = options && options->verbose;
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

/* Delivers what is in the ring now; *MORE: the rest of it is for another call. */
static long deliver(struct collector *collector, bool *more)
{
	uint64_t before = collector->stream.delivered;
	int result;

	/* Programs may fill the ring as fast as it is read. */
	collector->budget = BUDGET;
	result = ring_buffer__consume(collector->ring);
	*more = result == -EAGAIN;
	if (result >= 0 || *more)
		result = stream_flush(&collector->stream);
	if (result == -ECANCELED)
		return collector->stream.result;
	return result < 0 ? result : (long)(collector->stream.delivered - before);
}

long collector_poll(struct collector *collector, int timeout_ms, collector_sink *sink,
		    void *context)
{
	long total = 0, n;
	bool more;

	if (collector->stopped)
		return 0;
	collector->stream.sink = sink;
	collector->stream.context = context;
	for (;;) {
		n = deliver(collector, &more);
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

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int end_vcpus(struct collector *collector)
{
	int table = bpf_map__fd(collector->attached.bpf->maps.vcpus), result;
	uint64_t key, *previous = NULL;
	struct vcpu_state state;

	while (bpf_map_get_next_key(table, previous, &key) == 0) {
		previous = &key;
		if (bpf_map_lookup_elem(table, &key, &state))
			continue;
		result = stream_end_vcpu(&collector->stream, &state, now());
		if (result)
			return result;
	}
	return 0;
}

/* An attach point that is never reached, though guests ran, may be one that the compiler has hidden. */
static void show_silent(const struct collector *collector)
{
	const struct attached *attached = &collector->attached;

	for (enum point i = 0; i < POINTS; i++) {
		const struct point_description *point = &point_descriptions[i];

		if (attached->links[i] && point->call &&
		    !attached->bpf->bss->counters.calls[point->call])
			fprintf(stderr, "%s: never reached\n", point->hook);
	}
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
	if (collector->verbose && collector->attached.way != WAY_CLASSIC)
		show_silent(collector);
	detach(&collector->attached);
	do {
		delivered = deliver(collector, &more);
		if (delivered < 0 || collector->stream.result)
			return delivered;
	} while (more);
	result = end_vcpus(collector);
	if (!result)
		result = stream_end_unplaced(
			&collector->stream,
			collector->attached.bpf->bss->counters.unplaced +
				collector->attached.bpf->bss->counters.untracked +
				attached_skipped(&collector->attached),
			now());
	if (!result)
		result = stream_flush(&collector->stream);
	if (result == -ECANCELED)
		return collector->stream.result;
	return result < 0 ? result : (long)(collector->stream.delivered - before);
}

void collector_stats(const struct collector *collector, struct collector_stats *stats)
{
	const struct collector_counters *counters = &collector->attached.bpf->bss->counters;

	memset(stats, 0, sizeof(*stats));
	stats->records = collector->stream.delivered;
	stats->lost = counters->dropped + attached_skipped(&collector->attached);
	stats->untracked = counters->untracked;
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
	ring_buffer__free(collector->ring);
	attached_free(&collector->attached);
	stream_free(&collector->stream);
	free(collector->missing);
	free(collector);
}
