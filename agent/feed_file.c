/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A feed from an input. Reading may wait for ever (a pipe), so a thread does it, and hands over one batch after the
 * other; the readers give each as soon as it is there.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <reblock/input.h>
#include "agent/feed.h"
#include "agent/say.h"
#include "agent/thread.h"

#define DAMAGES_TOLD 20

struct feed_from_file {
	struct feed feed; /* first */
	const char *path;
	enum reblock_vnmi vnmi;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* what the reader hands over */
	struct reblock_input *input; /* the reader's, but for its description, once it is open */
	const struct reblock_record *records;
	long n; /* of records; 0: none are there */
	bool opened, ended;
	int error; /* of the reading, negative */
	uint64_t damages;
	bool stopped;   /* nobody takes anything any more */
	bool abandoned; /* and the reader frees this, should it ever come back from read(2) */
	bool begun;     /* the sink has been told */
};

static void damage(void *context, const char *message)
{
	struct feed_from_file *f = context;

	if (f->damages++ < DAMAGES_TOLD)
		say("%s", message);
	else if (f->damages == DAMAGES_TOLD + 1)
		say("%s: and more places are damaged", f->path);
}

/* The reader's part: hands over N records, or (0) the end, or an error. Returns false where nobody takes them. */
static bool hand_over(struct feed_from_file *f, const struct reblock_record *records, long n)
{
	bool go_on;

	pthread_mutex_lock(&f->lock);
	f->records = records;
	f->n = n > 0 ? n : 0;
	f->ended = n <= 0;
	f->error = n < 0 ? (int)n : 0;
	pthread_cond_broadcast(&f->changed);
	while (f->n && !f->stopped)
		pthread_cond_wait(&f->changed, &f->lock);
	go_on = !f->stopped;
	pthread_mutex_unlock(&f->lock);
	return go_on;
}

static void *end_reading(struct feed_from_file *f)
{
	bool abandoned;

	pthread_mutex_lock(&f->lock);
	f->ended = true;
	abandoned = f->abandoned;
	pthread_mutex_unlock(&f->lock);
	if (abandoned) {
		reblock_input_close(f->input);
		free(f);
	}
	return NULL;
}

static void *read_all(void *context)
{
	struct feed_from_file *f = context;
	const struct reblock_record *records;
	struct reblock_input *input;
	char *error;
	long n;
	int err = reblock_input_open(f->path, damage, f, &input, &error);

	if (err) {
		say("%s", error ? error : "out of memory");
		free(error);
		hand_over(f, NULL, err);
		return end_reading(f);
	}
	pthread_mutex_lock(&f->lock);
	f->input = input;
	f->opened = true;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
	do {
		n = reblock_input_next(input, &records);
		if (n < 0)
			say("%s: reading failed: %s", f->path, strerror((int)-n));
	} while (hand_over(f, records, n) && n > 0);
	return end_reading(f);
}

/* What stands in for controls that the format cannot carry: as reblock audit does it. */
static enum reblock_vnmi vnmi_for(const struct feed_from_file *f)
{
	enum reblock_format format = reblock_input_format(f->input);

	if (f->vnmi != REBLOCK_VNMI_NOT_ASSUMED)
		return f->vnmi;
	return format == REBLOCK_FORMAT_PERF || format == REBLOCK_FORMAT_TRACE_DAT ?
		       REBLOCK_VNMI_ON :
		       REBLOCK_VNMI_NOT_ASSUMED;
}

/* The lock is held. */
static void end(struct feed_from_file *f)
{
	int err = f->error;

	if (f->begun)
		err = f->feed.sink.end(f->feed.sink.context) ? -EIO : err;
	f->begun = false;
	f->feed.state = err ? FEED_FAILED : FEED_ENDED;
	if (!err)
		say("%s has ended", f->path);
}

static void step(struct feed *feed, unsigned ms)
{
	struct feed_from_file *f = (struct feed_from_file *)feed;
	struct timespec until = thread_until(ms);
	int err = 0;

	pthread_mutex_lock(&f->lock);
	while (!f->n && !f->ended && (f->begun || !f->opened || feed->state == FEED_FAILED) &&
	       !pthread_cond_timedwait(&f->changed, &f->lock, &until))
		;
	if (f->opened && !f->begun && feed->state == FEED_WAITING) {
		err = feed->sink.begin(feed->sink.context, reblock_input_source(f->input),
				       vnmi_for(f));
		f->begun = !err;
		feed->state = FEED_ATTACHED;
	}
	if (f->n && !err) {
		err = feed->sink.records(feed->sink.context, f->records, (size_t)f->n);
		f->n = 0;
		pthread_cond_broadcast(&f->changed);
	}
	if (err) {
		feed->state = FEED_FAILED;
		f->stopped = true;
	} else if (f->ended && feed->state != FEED_ENDED && feed->state != FEED_FAILED) {
		end(f);
	}
	pthread_mutex_unlock(&f->lock);
}

/* Only time is to pass. */
static void step_or_wait(struct feed *feed, unsigned ms)
{
	if (feed->state == FEED_WAITING || feed->state == FEED_ATTACHED)
		step(feed, ms);
	else
		nanosleep(&(struct timespec){ ms / 1000, (long)(ms % 1000) * 1000000 }, NULL);
}

static int detach(struct feed *feed)
{
	(void)feed;
	return -ENOTSUP;
}

static void count(struct feed *feed, struct metrics *metrics)
{
	(void)feed;
	(void)metrics;
}

static void free_feed(struct feed *feed)
{
	struct feed_from_file *f = (struct feed_from_file *)feed;
	bool done;

	pthread_mutex_lock(&f->lock);
	if (f->begun)
		(void)feed->sink.end(feed->sink.context);
	f->begun = false;
	f->stopped = true;
	f->n = 0;
	done = f->ended;
	f->abandoned = !done;
	if (!done)
		pthread_detach(f->thread);
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
	if (!done)
		return;
	pthread_join(f->thread, NULL);
	reblock_input_close(f->input);
	free(f);
}

struct feed *feed_file(const char *path, enum reblock_vnmi vnmi, const struct feed_sink *sink)
{
	struct feed_from_file *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->feed = (struct feed){ .state = FEED_WAITING,
				 .sink = *sink,
				 .step = step_or_wait,
				 .detach = detach,
				 .count = count,
				 .free = free_feed };
	f->path = path;
	f->vnmi = vnmi;
	pthread_mutex_init(&f->lock, NULL);
	thread_condition(&f->changed);
	if (thread_start(&f->thread, read_all, f)) {
		free(f);
		return NULL;
	}
	return &f->feed;
}
