/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each queue has a ring of slots, one for each part that is decoded or waits for it. A slot holds so many events at
 * most; a part with more is decoded on when those have been taken. The thread that takes events also cuts the
 * queues, and decodes: what it needs and nobody has begun, and while it waits for others whatever comes next. So there are no more
 * threads than were asked for, and on so many CPUs none has to wait for another's place.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "pt/ahead.h"
#include "pt/cut.h"

#define EVENTS 1024    /* of a slot, at most */
#define SLOTS_MOST 32  /* of a queue */
#define SLOTS_OF_JOB 3 /* so many of all queues for each thread */

enum state {
	EMPTY,
	WAITS, /* for a thread */
	RUNS,  /* in a thread's hands */
	READY, /* its events are to be taken */
};

struct slot {
	struct slot *next, *before; /* of those that wait */
	enum state state;
	struct pt_part part;
	const struct pt_config *config;
	struct pt_stream *stream; /* begun, and not at its end */
	struct pt_event *events;
	size_t n, room;
	bool ended; /* no more events come of this part */
	int error;
	struct pt_counts counts; /* of this part, once ended */
};

struct lane {
	struct pt_cutter cutter;
	bool cut; /* all of it */
	struct slot *slots;
	unsigned first, n; /* the ring's, in the order of the queue */
	size_t taken;      /* events of the first slot */
	bool begun;        /* the gap before the first slot's events was given */
	bool passing;      /* over what a snapshot repeats */
	uint64_t last;     /* TSC of the last event */
	bool has_last;
	struct pt_event gap;
};

struct pt_ahead {
	struct lane *lanes;
	size_t n_lanes;
	unsigned slots; /* of each lane */
	struct pt_counts counts;
	uint64_t done;
	pthread_mutex_t lock;
	pthread_cond_t work, ready;
	pthread_t threads[PT_JOBS_MOST];
	unsigned n_threads;
	bool stop;
	struct slot *first_waiting, *last_waiting;
};

static void lock(struct pt_ahead *a)
{
	if (a->n_threads)
		pthread_mutex_lock(&a->lock);
}

static void unlock(struct pt_ahead *a)
{
	if (a->n_threads)
		pthread_mutex_unlock(&a->lock);
}

static void wait_in_line(struct pt_ahead *a, struct slot *s)
{
	s->state = WAITS;
	s->next = NULL;
	s->before = a->last_waiting;
	if (s->before)
		s->before->next = s;
	else
		a->first_waiting = s;
	a->last_waiting = s;
	if (a->n_threads)
		pthread_cond_signal(&a->work);
}

static void leave_line(struct pt_ahead *a, struct slot *s)
{
	*(s->before ? &s->before->next : &a->first_waiting) = s->next;
	*(s->next ? &s->next->before : &a->last_waiting) = s->before;
	s->state = RUNS;
}

static int more_room(struct slot *s)
{
	size_t room = s->room ? s->room * 2 : 128;
	struct pt_event *events = realloc(s->events, room * sizeof(*events));

	if (!events)
		return -ENOMEM;
	s->events = events;
	s->room = room;
	return 0;
}

/* Decodes until the slot is full or its part at its end. No other thread looks at it. */
static void decode(struct slot *s)
{
	int got = 1;

	s->n = 0;
	if (!s->stream)
		s->error = pt_stream_open(s->config, s->part.bytes, s->part.size, &s->stream);
	while (!s->error && s->n < EVENTS) {
		if (s->n == s->room)
			s->error = more_room(s);
		if (s->error)
			break;
		got = pt_stream_next(s->stream, &s->events[s->n]);
		if (got <= 0)
			break;
		s->n++;
	}
	if (got < 0)
		s->error = got;
	s->ended = got <= 0 || s->error;
	if (!s->ended)
		return;
	if (s->stream)
		s->counts = *pt_stream_counts(s->stream);
	pt_stream_close(s->stream);
	s->stream = NULL;
}

static void *work(void *context)
{
	struct pt_ahead *a = context;

	pthread_mutex_lock(&a->lock);
	while (!a->stop) {
		struct slot *s = a->first_waiting;

		if (!s) {
			pthread_cond_wait(&a->work, &a->lock);
			continue;
		}
		leave_line(a, s);
		pthread_mutex_unlock(&a->lock);
		decode(s);
		pthread_mutex_lock(&a->lock);
		s->state = READY;
		pthread_cond_signal(&a->ready);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* Cuts more parts off the queue, as many as there are slots for. Returns 0 or -ENOMEM. */
static int fill(struct pt_ahead *a, struct lane *l)
{
	while (!l->cut && l->n < a->slots) {
		struct slot *s = &l->slots[(l->first + l->n) % a->slots];
		int got = pt_cut_next(&l->cutter, &s->part);

		if (got < 0)
			return got;
		if (!got) {
			l->cut = true;
			break;
		}
		l->n++;
		s->config = l->cutter.queue->config;
		s->ended = s->part.bad;
		s->error = 0;
		s->n = 0;
		memset(&s->counts, 0, sizeof(s->counts));
		lock(a);
		if (s->part.bad)
			s->state = READY;
		else
			wait_in_line(a, s);
		unlock(a);
	}
	return 0;
}

int pt_ahead_new(const struct pt_queue *queues, size_t n, unsigned jobs, struct pt_ahead **ahead)
{
	struct pt_ahead *a = *ahead = calloc(1, sizeof(*a));
	size_t slots;
	int err = 0;

	if (!a)
		return -ENOMEM;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->work, NULL);
	pthread_cond_init(&a->ready, NULL);
	jobs = jobs > 1 ? jobs < PT_JOBS_MOST ? jobs : PT_JOBS_MOST : 0;
	slots = jobs && n ? jobs * SLOTS_OF_JOB / n + 3 : 1;
	a->slots = slots < SLOTS_MOST ? (unsigned)slots : SLOTS_MOST;
	a->lanes = calloc(n ? n : 1, sizeof(*a->lanes));
	if (!a->lanes)
		return -ENOMEM;
	a->n_lanes = n;
	for (size_t i = 0; i < n; i++) {
		a->lanes[i].cutter.queue = &queues[i];
		a->lanes[i].slots = calloc(a->slots, sizeof(struct slot));
		if (!a->lanes[i].slots)
			return -ENOMEM;
	}
	for (unsigned i = 0; i + 1 < jobs && !err; i++) {
		/* They wait for the lock, so that N_THREADS is seen by all or none. */
		pthread_mutex_lock(&a->lock);
		err = pthread_create(&a->threads[i], NULL, work, a) ? -EAGAIN : 0;
		a->n_threads += !err;
		pthread_mutex_unlock(&a->lock);
	}
	for (size_t i = 0; i < n && !err && jobs; i++)
		err = fill(a, &a->lanes[i]);
	return err;
}

/* Waits until the events of S are there, and decodes meanwhile: S, or what another thread would take next. */
static void finish(struct pt_ahead *a, struct slot *s)
{
	lock(a);
	while (s->state != READY) {
		struct slot *mine = s->state == WAITS ? s : a->first_waiting;

		if (!mine) {
			pthread_cond_wait(&a->ready, &a->lock);
			continue;
		}
		leave_line(a, mine);
		unlock(a);
		decode(mine);
		lock(a);
		mine->state = READY;
	}
	unlock(a);
}

static void add_counts(struct pt_counts *to, const struct pt_counts *more)
{
	for (size_t i = 0; i < PT_KINDS; i++)
		to->packets[i] += more->packets[i];
	to->events += more->events;
	to->gaps += more->gaps;
	to->overflows += more->overflows;
	to->errors += more->errors;
	to->skipped += more->skipped;
	to->unfollowed += more->unfollowed;
	to->wrong_image += more->wrong_image;
}

/* The first slot is used up: what comes next of its part, or the next part. */
static int go_on(struct pt_ahead *a, struct lane *l)
{
	struct slot *s = &l->slots[l->first];

	l->taken = 0;
	if (!s->ended) {
		lock(a);
		wait_in_line(a, s);
		unlock(a);
		return 0;
	}
	add_counts(&a->counts, &s->counts);
	a->done += s->part.size;
	free(s->part.own);
	s->part.own = NULL;
	s->state = EMPTY;
	l->begun = false;
	l->first = (l->first + 1) % a->slots;
	l->n--;
	return fill(a, l);
}

/* A guest's own counter is none of this one's times. */
static bool has_time(const struct pt_event *e)
{
	return (e->has & PT_HAS_TSC) && !e->guest_tsc;
}

/* What a snapshot repeats is not newer than what was given; its time is known once a TSC packet came. */
static bool repeated(struct lane *l, const struct pt_event *e)
{
	if (l->passing && (!l->has_last || (has_time(e) && e->tsc > l->last)))
		l->passing = false;
	if (!l->passing && has_time(e)) {
		l->last = e->tsc;
		l->has_last = true;
	}
	return l->passing;
}

static const struct pt_event *gap_here(struct lane *l)
{
	memset(&l->gap, 0, sizeof(l->gap));
	l->gap.type = PT_EVENT_GAP;
	l->gap.gap = PT_GAP_TRUNCATED;
	return &l->gap;
}

int pt_ahead_next(struct pt_ahead *a, size_t queue, const struct pt_event **event)
{
	struct lane *l = &a->lanes[queue];
	int err = l->n ? 0 : fill(a, l);

	while (!err && l->n) {
		struct slot *s = &l->slots[l->first];

		finish(a, s);
		if (s->error)
			return s->error;
		if (!l->begun) {
			l->begun = true;
			l->passing |= s->part.again;
			if (s->part.gap) {
				*event = gap_here(l);
				return 1;
			}
		}
		while (l->taken < s->n) {
			const struct pt_event *e = &s->events[l->taken++];

			if (repeated(l, e))
				continue;
			*event = e;
			return 1;
		}
		err = go_on(a, l);
	}
	return err;
}

void pt_ahead_counts(const struct pt_ahead *a, struct pt_counts *counts)
{
	*counts = a->counts;
}

uint64_t pt_ahead_done(const struct pt_ahead *a)
{
	return a->done;
}

void pt_ahead_free(struct pt_ahead *a)
{
	if (!a)
		return;
	if (a->n_threads) {
		pthread_mutex_lock(&a->lock);
		a->stop = true;
		pthread_cond_broadcast(&a->work);
		pthread_mutex_unlock(&a->lock);
	}
	for (unsigned i = 0; i < a->n_threads; i++)
		pthread_join(a->threads[i], NULL);
	for (size_t i = 0; i < a->n_lanes && a->lanes[i].slots; i++) {
		for (unsigned k = 0; k < a->slots; k++) {
			struct slot *s = &a->lanes[i].slots[k];

			pt_stream_close(s->stream);
			free(s->part.own);
			free(s->events);
		}
		free(a->lanes[i].slots);
		pt_cut_end(&a->lanes[i].cutter);
	}
	free(a->lanes);
	pthread_cond_destroy(&a->work);
	pthread_cond_destroy(&a->ready);
	pthread_mutex_destroy(&a->lock);
	free(a);
}
