/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent's live feed, over a collector that is made up here: what it does as kvm_intel comes and goes. The real collector
 * is tried in the box.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "agent/feed.h"
#include "collector/rights.h"

struct collector {
	struct reblock_source source;
	bool stopped;
};

/* What the host is like, and what was done to it. */
static struct {
	int ready, opens, open, rights;
	int open_error, poll_error;
	unsigned records; /* in the next poll */
	bool counting_only;
	uint64_t exits, lost, over_budget;
	bool silent;
} host;

static struct {
	int begun, ended;
	size_t records;
} taken;

int collector_ready(char **error)
{
	*error = host.ready ? strdup("kvm_intel is not loaded") : NULL;
	return host.ready;
}

int collector_open(const struct collector_options *options, struct collector **collector,
		   char **error)
{
	(void)options;
	host.opens++;
	*error = host.open_error ? strdup("first line\nsecond line") : NULL;
	if (host.open_error)
		return host.open_error;
	*collector = calloc(1, sizeof(**collector));
	host.open++;
	return 0;
}

const struct reblock_source *collector_source(const struct collector *collector)
{
	return &collector->source;
}

const char *collector_missing(const struct collector *collector)
{
	(void)collector;
	return "";
}

const char *collector_silent(struct collector *collector)
{
	(void)collector;
	return "";
}

long collector_poll(struct collector *collector, int timeout_ms, collector_sink *sink,
		    void *context)
{
	struct reblock_record records[8] = { { .kind = REBLOCK_EXIT } };
	unsigned n = host.records;

	(void)timeout_ms;
	assert_false(collector->stopped);
	assert_true(n <= 8);
	host.records = 0;
	if (host.poll_error)
		return host.poll_error;
	return n && sink(context, records, n) ? -EIO : (long)n;
}

long collector_stop(struct collector *collector, collector_sink *sink, void *context)
{
	struct reblock_record last = { .kind = REBLOCK_EXIT };

	assert_false(collector->stopped);
	collector->stopped = true;
	return sink(context, &last, 1) ? -EIO : 1;
}

void collector_stats(const struct collector *collector, struct collector_stats *stats)
{
	(void)collector;
	memset(stats, 0, sizeof(*stats));
	stats->lost = host.lost;
	stats->over_budget = host.over_budget;
	stats->counting_only = host.counting_only;
}

void collector_exits(const struct collector *collector, uint64_t exits[COLLECTOR_REASONS])
{
	(void)collector;
	memset(exits, 0, COLLECTOR_REASONS * sizeof(*exits));
	exits[REBLOCK_REASON_EPT_VIOLATION] = host.exits;
}

void collector_free(struct collector *collector)
{
	assert_true(collector->stopped);
	host.open--;
	free(collector);
}

int rights_drop(char **error)
{
	*error = NULL;
	host.rights = 0;
	return 0;
}

static int begin(void *context, const struct reblock_source *source, enum reblock_vnmi vnmi)
{
	(void)context;
	(void)source;
	assert_int_equal(vnmi, REBLOCK_VNMI_NOT_ASSUMED);
	taken.begun++;
	return 0;
}

static int records(void *context, const struct reblock_record *r, size_t n)
{
	(void)context;
	(void)r;
	taken.records += n;
	return 0;
}

static int end(void *context)
{
	(void)context;
	taken.ended++;
	return 0;
}

static const struct feed_sink sink = { begin, records, end, NULL };
static char module[64], other[80];

static void load(bool loaded)
{
	if (loaded)
		assert_int_equal(mkdir(module, 0700), 0);
	else
		assert_int_equal(rmdir(module), 0);
}

static struct feed *feed_of(bool keep_rights)
{
	const struct feed_live_options options = { .keep_rights = keep_rights, .module = module };

	memset(&host, 0, sizeof(host));
	memset(&taken, 0, sizeof(taken));
	host.rights = 1;
	return feed_live(&options, &sink);
}

/* Until it is looked whether kvm_intel has come or gone. */
static void look(struct feed *feed)
{
	for (unsigned i = 0; i < 120; i++)
		feed->step(feed, 5);
}

static void it_waits_for_kvm_intel(void **state)
{
	struct feed *feed = feed_of(false);

	(void)state;
	host.ready = -EAGAIN;
	look(feed);
	assert_int_equal(feed->state, FEED_WAITING);
	assert_int_equal(host.opens, 0);
	assert_int_equal(host.rights, 1);
	host.ready = 0;
	look(feed);
	assert_int_equal(feed->state, FEED_ATTACHED);
	assert_int_equal(host.opens, 1);
	assert_int_equal(host.rights, 0);
	assert_int_equal(taken.begun, 1);
	host.records = 3;
	feed->step(feed, 1);
	assert_int_equal(taken.records, 3);
	feed->free(feed);
	/* With the last record, and the end. */
	assert_int_equal(taken.records, 4);
	assert_int_equal(taken.ended, 1);
	assert_int_equal(host.open, 0);
}

static void what_can_never_be_is_an_end(void **state)
{
	struct feed *feed = feed_of(false);

	(void)state;
	host.ready = -ENOTSUP;
	feed->step(feed, 1);
	assert_int_equal(feed->state, FEED_FAILED);
	assert_int_equal(host.opens, 0);
	feed->free(feed);

	feed = feed_of(false);
	host.open_error = -EPERM;
	feed->step(feed, 1);
	assert_int_equal(feed->state, FEED_FAILED);
	assert_int_equal(taken.begun, 0);
	feed->free(feed);

	feed = feed_of(false);
	feed->step(feed, 1);
	host.poll_error = -EINTR;
	feed->step(feed, 1);
	assert_int_equal(feed->state, FEED_ATTACHED);
	host.poll_error = -ENOMEM;
	feed->step(feed, 1);
	assert_int_equal(feed->state, FEED_FAILED);
	feed->free(feed);
	assert_int_equal(host.open, 0);
}

static uint64_t exits_of(struct feed *feed, struct metrics *m)
{
	feed->count(feed, m);
	return m->exits[REBLOCK_REASON_EPT_VIOLATION];
}

static void detached_it_attaches_again_if_it_may(void **state)
{
	struct feed *feed = feed_of(true);
	struct metrics m = { .records = 0 };

	(void)state;
	load(true);
	feed->step(feed, 1);
	assert_int_equal(feed->state, FEED_ATTACHED);
	host.exits = 100;
	host.lost = 10;
	host.over_budget = 4;
	host.counting_only = true;
	assert_int_equal(exits_of(feed, &m), 100);
	assert_true(m.counting_only);
	assert_int_equal(m.lost[METRICS_LOST_RING], 6);
	assert_int_equal(m.lost[METRICS_LOST_BUDGET], 4);
	assert_int_equal(feed->detach(feed), 0);
	assert_int_equal(feed->state, FEED_DETACHED);
	assert_int_equal(host.open, 0);
	assert_int_equal(taken.ended, 1);
	assert_int_equal(exits_of(feed, &m), 100);
	assert_false(m.counting_only);
	/* Once more changes nothing. */
	assert_int_equal(feed->detach(feed), 0);
	assert_int_equal(taken.ended, 1);
	/* kvm_intel stays where it is: the agent stays away. */
	look(feed);
	assert_int_equal(feed->state, FEED_DETACHED);
	/* It goes and comes back, unseen: another folder of that name. */
	assert_int_equal(mkdir(other, 0700), 0);
	load(false);
	assert_int_equal(rename(other, module), 0);
	host.exits = 1;
	host.lost = 2;
	host.over_budget = 0;
	host.counting_only = false;
	look(feed);
	assert_int_equal(feed->state, FEED_ATTACHED);
	assert_int_equal(taken.begun, 2);
	/* Counters do not go back. */
	assert_int_equal(exits_of(feed, &m), 101);
	assert_int_equal(m.lost[METRICS_LOST_RING], 8);
	assert_int_equal(m.lost[METRICS_LOST_BUDGET], 4);
	/* It goes, that is seen, and it comes back; then it cannot be attached. */
	assert_int_equal(feed->detach(feed), 0);
	load(false);
	look(feed);
	assert_int_equal(feed->state, FEED_DETACHED);
	host.open_error = -EBUSY;
	load(true);
	look(feed);
	assert_int_equal(feed->state, FEED_RESTART);
	assert_int_equal(exits_of(feed, &m), 101);
	feed->free(feed);
	load(false);
}

static void without_rights_it_wants_to_be_started_again(void **state)
{
	struct feed *feed = feed_of(false);

	(void)state;
	load(true);
	feed->step(feed, 1);
	assert_int_equal(feed->detach(feed), 0);
	load(false);
	look(feed);
	assert_int_equal(feed->state, FEED_DETACHED);
	load(true);
	look(feed);
	assert_int_equal(feed->state, FEED_RESTART);
	assert_int_equal(host.opens, 1);
	feed->free(feed);
	assert_int_equal(host.open, 0);
	load(false);
}

static int make_module(void **state)
{
	(void)state;
	(void)snprintf(module, sizeof(module), "/tmp/reblock-module-%ld", (long)getpid());
	/* Takes the inode that is free, so that the module has another one when it is back. */
	(void)snprintf(other, sizeof(other), "%s-other", module);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_waits_for_kvm_intel),
		cmocka_unit_test(what_can_never_be_is_an_end),
		cmocka_unit_test(detached_it_attaches_again_if_it_may),
		cmocka_unit_test(without_rights_it_wants_to_be_started_again),
	};

	return cmocka_run_group_tests(tests, make_module, NULL);
}
