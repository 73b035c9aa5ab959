/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the agent's records come from: KVM on this host, or an input. */
#ifndef AGENT_FEED_H
#define AGENT_FEED_H

#include <stdbool.h>
#include <reblock/audit.h>
#include <reblock/record.h>
#include <reblock/source.h>
#include "agent/metrics.h"

enum feed_state {
	FEED_WAITING,  /* nothing to judge yet: no kvm_intel, or an input that says nothing */
	FEED_ATTACHED, /* records come */
	FEED_DETACHED, /* asked to let go of kvm_intel */
	FEED_ENDED,    /* the input has ended */
	FEED_FAILED,   /* said why */
	FEED_RESTART   /* could go on, had it not given up its rights */
};

/* Who takes the stream. Each returns 0 or a negative errno, which makes the feed fail. */
struct feed_sink {
	int (*begin)(void *context, const struct reblock_source *source, enum reblock_vnmi vnmi);
	int (*records)(void *context, const struct reblock_record *records, size_t n);
	int (*end)(void *context);
	void *context;
};

struct feed {
	enum feed_state state;
	struct feed_sink sink;
	/* Goes on for MS milliseconds at most, and returns early when records have come. */
	void (*step)(struct feed *feed, unsigned ms);
	/* Lets go of kvm_intel, with what is left delivered. Returns 0, or -ENOTSUP for an input. */
	int (*detach)(struct feed *feed);
	/* Puts what it counts itself into METRICS, whose lock is held. */
	void (*count)(struct feed *feed, struct metrics *metrics);
	/* Delivers what is left, ends the stream and frees FEED. */
	void (*free)(struct feed *feed);
};

/*
 * Records from PATH ("-": standard input), in whatever format the readers know; those of a pipe as they come. VNMI
 * is as for reblock audit. Returns NULL where memory or threads are short.
 */
struct feed *feed_file(const char *path, enum reblock_vnmi vnmi, const struct feed_sink *sink);

#ifdef REBLOCK_COLLECTOR
#include "collector/collector.h"

struct feed_live_options {
	struct collector_options collector;
	bool keep_rights;
	const char *module; /* test knob: what is there while kvm_intel is loaded; NULL: in /sys */
};

/* From KVM on this host. It waits where kvm_intel is not loaded yet. Returns NULL without memory. */
struct feed *feed_live(const struct feed_live_options *options, const struct feed_sink *sink);
#endif

#endif
