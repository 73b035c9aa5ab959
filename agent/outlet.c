/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "agent/outlet.h"
#include "agent/thread.h"

struct outlet {
	int fd;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct outlet_state state;
	bool ending;
	bool abandoned; /* its thread frees it, should it ever get that far */
	bool within;    /* what was written last is no end of a line */
	bool broken;    /* and that line's rest was given up */
	size_t room, at,
		n; /* of the buffer: its size, where what waits begins, and how much that is */
	char buffer[];
};

static uint64_t lines_in(const char *text, size_t size)
{
	uint64_t n = 0;

	for (size_t i = 0; i < size; i++)
		n += text[i] == '\n';
	return n;
}

/* Of what waits, the part that lies in one piece. */
static size_t piece_of(const struct outlet *o)
{
	return o->n < o->room - o->at ? o->n : o->room - o->at;
}

static void took(struct outlet *o, size_t size)
{
	o->at = (o->at + size) % o->room;
	o->n -= size;
}

/* After an error what waits is given up, up to the end of a line: the next write begins with a new one. */
static void give_up(struct outlet *o, int error)
{
	o->state.error = error;
	o->broken = o->within;
	while (o->n) {
		bool ended = o->buffer[o->at] == '\n';

		took(o, 1);
		if (ended) {
			o->state.dropped++;
			if (error != EPIPE && error != EBADF)
				break;
		}
	}
}

/* Writes some of what waits, SIZE bytes at most; nobody else moves it. Returns 0 or an errno. */
static int write_some(struct outlet *o, size_t size)
{
	struct pollfd writable = { .fd = o->fd, .events = POLLOUT };
	bool broken = o->broken;
	ssize_t done;
	int error;

	pthread_mutex_unlock(&o->lock);
	done = write(o->fd, broken ? "\n" : o->buffer + o->at, broken ? 1 : size);
	error = done < 0 ? errno : 0;
	/* Someone has made it non-blocking. */
	if (error == EAGAIN)
		(void)poll(&writable, 1, -1);
	pthread_mutex_lock(&o->lock);
	if (error)
		return error == EINTR || error == EAGAIN ? 0 : error;
	o->state.error = 0;
	if (broken) {
		o->broken = o->within = false;
	} else if (done > 0) {
		o->within = o->buffer[(o->at + (size_t)done - 1) % o->room] != '\n';
		took(o, (size_t)done);
	}
	return 0;
}

static void *run(void *context)
{
	struct outlet *o = context;
	bool abandoned;

	pthread_mutex_lock(&o->lock);
	while (o->n || !o->ending) {
		int error;

		if (!o->n) {
			pthread_cond_wait(&o->changed, &o->lock);
			continue;
		}
		error = write_some(o, piece_of(o));
		if (error)
			give_up(o, error);
		if (!o->n)
			pthread_cond_broadcast(&o->changed);
	}
	abandoned = o->abandoned;
	pthread_mutex_unlock(&o->lock);
	if (abandoned)
		free(o);
	return NULL;
}

struct outlet *outlet_new(int fd, size_t room)
{
	struct outlet *o = calloc(1, sizeof(*o) + room);

	if (!o)
		return NULL;
	o->fd = fd;
	o->room = room;
	pthread_mutex_init(&o->lock, NULL);
	thread_condition(&o->changed);
	if (thread_start(&o->thread, run, o)) {
		free(o);
		return NULL;
	}
	return o;
}

bool outlet_put(struct outlet *o, const char *lines, size_t size)
{
	bool fits;

	pthread_mutex_lock(&o->lock);
	fits = size <= o->room - o->n;
	if (fits) {
		size_t to = (o->at + o->n) % o->room;
		size_t first = size < o->room - to ? size : o->room - to;

		memcpy(o->buffer + to, lines, first);
		memcpy(o->buffer, lines + first, size - first);
		o->n += size;
		pthread_cond_broadcast(&o->changed);
	} else {
		o->state.dropped += lines_in(lines, size);
	}
	pthread_mutex_unlock(&o->lock);
	return fits;
}

void outlet_state(struct outlet *o, struct outlet_state *state)
{
	pthread_mutex_lock(&o->lock);
	*state = o->state;
	pthread_mutex_unlock(&o->lock);
}

bool outlet_end(struct outlet *o, unsigned ms)
{
	struct timespec until = thread_until(ms);
	bool left;

	if (!o)
		return false;
	pthread_mutex_lock(&o->lock);
	o->ending = true;
	pthread_cond_broadcast(&o->changed);
	while (o->n && !pthread_cond_timedwait(&o->changed, &o->lock, &until))
		;
	left = o->n != 0;
	o->abandoned = left;
	/* Its thread waits in write(2), perhaps for ever, with what it needs. */
	if (left)
		pthread_detach(o->thread);
	pthread_mutex_unlock(&o->lock);
	if (left)
		return true;
	pthread_join(o->thread, NULL);
	free(o);
	return false;
}
