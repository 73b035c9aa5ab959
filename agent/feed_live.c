/* SPDX-License-Identifier: BSD-2-Clause */
/* A feed from KVM on this host, which comes and goes: kvm_intel may be loaded later, and loaded again. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "agent/feed.h"
#include "agent/say.h"
#include "agent/thread.h"
#include "collector/rights.h"

#define LOOK_EVERY 500000000ull        /* ns, whether kvm_intel has come or gone */
#define LOSS_SAID_EVERY 10000000000ull /* ns */

struct live {
	struct feed feed; /* first */
	struct feed_live_options options;
	struct collector *collector; /* NULL: not attached */
	bool waiting_said, has_rights;
	bool attached_before;
	ino_t module; /* what was there when it was detached: a module loaded again has another */
	uint64_t looked, loss_said, lost_said;
	bool counting_only;
	/* of the attachments before this one */
	uint64_t exits[COLLECTOR_REASONS];
	struct collector_stats before;
};

/* Which kvm_intel is loaded: 0 for none. */
static ino_t module_loaded(const struct live *l)
{
	const char *path = l->options.module ? l->options.module : "/sys/module/kvm_intel";
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

static void fail(struct live *l, const char *error, int err)
{
	l->feed.state = FEED_FAILED;
	say_lines(error ? error : strerror(-err));
}

static void wait_for_module(struct live *l)
{
	l->feed.state = FEED_WAITING;
	if (!l->waiting_said)
		say("waiting for kvm_intel to be loaded");
	l->waiting_said = true;
}

/* All that is needed is attached and mapped. An agent that cannot give up its rights is no worse than one that keeps them. */
static void drop_rights(struct live *l)
{
	char *error = NULL;

	if (l->options.keep_rights)
		return;
	if (rights_drop(&error))
		say("%s; it goes on with them", error ? error : "the rights were not given up");
	else
		l->has_rights = false;
	free(error);
}

static void attached(struct live *l)
{
	int err;

	say_lines(collector_missing(l->collector));
	drop_rights(l);
	l->attached_before = true;
	l->waiting_said = false;
	l->feed.state = FEED_ATTACHED;
	err = l->feed.sink.begin(l->feed.sink.context, collector_source(l->collector),
				 REBLOCK_VNMI_NOT_ASSUMED);
	if (err)
		fail(l, NULL, err);
	else
		say("attached");
}

static void attach(struct live *l)
{
	char *error = NULL;
	int err = collector_ready(&error);

	if (err == -EAGAIN) {
		wait_for_module(l);
		free(error);
		return;
	}
	if (!err)
		err = collector_open(&l->options.collector, &l->collector, &error);
	if (!err) {
		attached(l);
	} else if (l->attached_before) {
		say_lines(error ? error : strerror(-err));
		l->feed.state = FEED_RESTART;
	} else {
		fail(l, error, err);
	}
	free(error);
}

/* What was counted by this attachment stays counted. */
static void add_up(struct live *l)
{
	uint64_t exits[COLLECTOR_REASONS];
	struct collector_stats stats;

	collector_exits(l->collector, exits);
	collector_stats(l->collector, &stats);
	for (unsigned i = 0; i < COLLECTOR_REASONS; i++)
		l->exits[i] += exits[i];
	l->before.lost += stats.lost;
	l->before.over_budget += stats.over_budget;
	l->before.untracked += stats.untracked;
	l->before.bpf_run_ns += stats.bpf_run_ns;
}

/* Ends the stream and lets go of kvm_intel, in this order, so that the last records are judged too. */
static void let_go(struct live *l)
{
	long err = collector_stop(l->collector, l->feed.sink.records, l->feed.sink.context);

	if (err < 0)
		say("the last records could not be taken: %s", strerror((int)-err));
	(void)l->feed.sink.end(l->feed.sink.context);
	add_up(l);
	collector_free(l->collector);
	l->collector = NULL;
	l->counting_only = false;
}

static void say_changes(struct live *l, uint64_t now)
{
	struct collector_stats stats;
	uint64_t lost;

	collector_stats(l->collector, &stats);
	if (stats.counting_only != l->counting_only)
		say(stats.counting_only ?
			    "more records than --max-records-per-second: exits are only counted now" :
			    "records are judged again");
	l->counting_only = stats.counting_only;
	lost = l->before.lost + stats.lost;
	if (lost > l->lost_said && now - l->loss_said >= LOSS_SAID_EVERY) {
		say("%" PRIu64 " records were lost", lost - l->lost_said);
		l->lost_said = lost;
		l->loss_said = now;
	}
}

static void poll_collector(struct live *l, unsigned ms)
{
	long got =
		collector_poll(l->collector, (int)ms, l->feed.sink.records, l->feed.sink.context);

	if (got < 0 && got != -EINTR) {
		fail(l, NULL, (int)got);
		return;
	}
	say_changes(l, thread_now());
	say_lines(collector_silent(l->collector));
}

/* Whether kvm_intel went away, or was loaded anew, since it was let go. */
static void look_for_new_module(struct live *l)
{
	ino_t now = module_loaded(l);

	if (now == l->module)
		return;
	if (!now) {
		l->module = 0;
	} else if (l->has_rights) {
		attach(l);
	} else {
		say("kvm_intel is back, and the rights to attach were given up: to be started again");
		l->feed.state = FEED_RESTART;
	}
}

static void step(struct feed *feed, unsigned ms)
{
	struct live *l = (struct live *)feed;
	uint64_t now = thread_now();

	if (feed->state == FEED_ATTACHED) {
		poll_collector(l, ms);
		return;
	}
	if (!l->looked || now - l->looked >= LOOK_EVERY) {
		l->looked = now;
		if (feed->state == FEED_WAITING)
			attach(l);
		else if (feed->state == FEED_DETACHED)
			look_for_new_module(l);
		return;
	}
	nanosleep(&(struct timespec){ ms / 1000, (long)(ms % 1000) * 1000000 }, NULL);
}

static int detach(struct feed *feed)
{
	struct live *l = (struct live *)feed;

	if (feed->state == FEED_ATTACHED) {
		let_go(l);
		l->module = module_loaded(l);
		feed->state = FEED_DETACHED;
		say("detached: kvm_intel can be unloaded now");
	}
	return 0;
}

static void count(struct feed *feed, struct metrics *m)
{
	struct live *l = (struct live *)feed;
	uint64_t exits[COLLECTOR_REASONS] = { 0 };
	struct collector_stats stats = { 0 };

	if (l->collector) {
		collector_exits(l->collector, exits);
		collector_stats(l->collector, &stats);
	}
	for (unsigned i = 0; i < COLLECTOR_REASONS && i < METRICS_REASONS; i++)
		m->exits[i] = l->exits[i] + exits[i];
	stats.lost += l->before.lost;
	stats.over_budget += l->before.over_budget;
	m->lost[METRICS_LOST_RING] = stats.lost - stats.over_budget;
	m->lost[METRICS_LOST_BUDGET] = stats.over_budget;
	m->lost[METRICS_LOST_UNTRACKED] = l->before.untracked + stats.untracked;
	m->bpf_stats = l->options.collector.bpf_stats;
	m->bpf_run_ns = l->before.bpf_run_ns + stats.bpf_run_ns;
	m->counting_only = stats.counting_only;
}

static void free_feed(struct feed *feed)
{
	struct live *l = (struct live *)feed;

	if (l->collector)
		let_go(l);
	free(l);
}

struct feed *feed_live(const struct feed_live_options *options, const struct feed_sink *sink)
{
	struct live *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->feed = (struct feed){ .state = FEED_WAITING,
				 .sink = *sink,
				 .step = step,
				 .detach = detach,
				 .count = count,
				 .free = free_feed };
	l->options = *options;
	l->has_rights = true;
	return &l->feed;
}
