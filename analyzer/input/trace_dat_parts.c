/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What both versions have in the same form: the layout of a ring buffer page, the formats of the
 * events, the names of the threads.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include "input/kvm_format.h"
#include "input/trace_dat.h"

#define NAMES_MOST ((size_t)1 << 20)

/* The number after WHAT in a line of TEXT that has FIELD; -1 where there is none. */
static long field_number(const char *text, const char *field, const char *what)
{
	const char *line = strstr(text, field);
	const char *end = line ? strchr(line, '\n') : NULL;
	const char *at = line ? strstr(line, what) : NULL;

	if (!at || (end && at > end))
		return -1;
	return strtol(at + strlen(what), NULL, 10);
}

/* "header_page", then its text, then "header_event" with its. */
int trace_dat_header_page(struct trace_dat *d, struct cursor *c)
{
	const uint8_t *magic = cursor_take(c, 12), *text;
	uint64_t size = cursor_number(c, 8);
	char page[1024] = "";
	long commit;

	text = cursor_take(c, size);
	if (!text || memcmp(magic, "header_page", 12) != 0)
		return -EINVAL;
	memcpy(page, text, size < sizeof(page) ? size : sizeof(page) - 1);
	magic = cursor_take(c, 13);
	size = cursor_number(c, 8);
	if (!cursor_take(c, size) || memcmp(magic, "header_event", 13) != 0)
		return -EINVAL;
	commit = field_number(page, " commit;", "size:");
	if ((commit != 4 && commit != 8) || field_number(page, " commit;", "offset:") != 8 ||
	    field_number(page, " data;", "offset:") != 8 + commit)
		return -EINVAL;
	d->long_size = (unsigned)commit;
	d->header = true;
	return 0;
}

static int add_format(struct trace_dat *d, const uint8_t *text, uint64_t size)
{
	int err;

	trace_dat_saw_format(d, text, size);
	if (d->enabled.n == TRACE_DAT_FORMATS_MOST)
		return 0;
	err = kvm_format_give(d->tep, text, size);
	if (err != -EINVAL)
		return err;
	reader_damage(d->in,
		      "the format of one of KVM's events is damaged; its events are not read");
	return 0;
}

/* For each system its name, and the formats of its events, each after its length. */
int trace_dat_event_formats(struct trace_dat *d, struct cursor *c)
{
	uint64_t systems = cursor_number(c, 4);
	int err = 0;

	while (systems-- && !c->cut && !err) {
		bool kvm = strcmp(cursor_string(c), "kvm") == 0;
		uint64_t events = cursor_number(c, 4);

		while (events-- && !c->cut && !err) {
			uint64_t size = cursor_number(c, 8);
			const uint8_t *text = cursor_take(c, size);

			if (text && kvm)
				err = add_format(d, text, size);
		}
	}
	return err ? err : c->cut ? -EINVAL : 0;
}

static int by_tid(const void *a, const void *b)
{
	const struct trace_dat_name *x = a, *y = b;

	return (x->tid > y->tid) - (x->tid < y->tid);
}

/* Lines of "TID NAME". */
int trace_dat_cmdlines(struct trace_dat *d, struct cursor *c)
{
	uint64_t size = cursor_number(c, 8);
	const char *at = (const char *)cursor_take(c, size), *end;
	size_t room = 0;

	if (!at)
		return -EINVAL;
	for (end = at + size; at < end;) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		uint32_t tid = 0;

		if (!stop)
			stop = end;
		while (at < stop && isdigit((unsigned char)*at))
			tid = tid * 10 + (uint32_t)(*at++ - '0');
		if (at < stop && *at == ' ' && tid && d->n_names < NAMES_MOST) {
			size_t n = (size_t)(stop - ++at);

			if (d->n_names == room) {
				struct trace_dat_name *more;

				room = room ? 2 * room : 256;
				more = realloc(d->names, room * sizeof(*more));
				if (!more)
					return -ENOMEM;
				d->names = more;
			}
			if (n > REBLOCK_NAME_LENGTH)
				n = REBLOCK_NAME_LENGTH;
			memset(&d->names[d->n_names], 0, sizeof(*d->names));
			d->names[d->n_names].tid = tid;
			memcpy(d->names[d->n_names++].name, at, n);
		}
		at = stop < end ? stop + 1 : end;
	}
	if (d->n_names)
		qsort(d->names, d->n_names, sizeof(*d->names), by_tid);
	return 0;
}
