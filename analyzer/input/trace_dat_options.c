/* SPDX-License-Identifier: BSD-2-Clause */
/* The options: who recorded, where, by which clock, and what each CPU lost. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "input/trace_dat.h"

/* An option as text, which may lack its terminating zero and end in a newline. */
static void option_text(struct cursor c, char *to, size_t room)
{
	size_t n = c.left < room ? c.left : room - 1;

	memcpy(to, c.at, n);
	to[n] = 0;
	to[strcspn(to, "\n")] = 0;
}

/* "Linux HOST RELEASE MACHINE", as uname(2) has them. */
static void option_uname(struct trace_dat *d, struct cursor c)
{
	char text[512], *save = NULL;
	const char *host, *release;

	option_text(c, text, sizeof(text));
	if (!strtok_r(text, " ", &save))
		return;
	host = strtok_r(NULL, " ", &save);
	release = host ? strtok_r(NULL, " ", &save) : NULL;
	if (!release)
		return;
	snprintf(d->in->source.host, sizeof(d->in->source.host), "%s", host);
	snprintf(d->in->source.kernel, sizeof(d->in->source.kernel), "%s", release);
}

static void option_version(struct trace_dat *d, struct cursor c)
{
	char text[64];

	option_text(c, text, sizeof(text));
	text[strcspn(text, " ")] = 0;
	snprintf(d->in->source.source, sizeof(d->in->source.source), "trace-cmd %.50s", text);
}

/* "local [mono] x86-tsc": the one in brackets. */
static void option_clock(struct trace_dat *d, struct cursor c)
{
	char text[256], *name, *end;

	option_text(c, text, sizeof(text));
	name = strchr(text, '[');
	end = name ? strchr(name, ']') : NULL;
	if (!end)
		return;
	*end = 0;
	snprintf(d->clock, sizeof(d->clock), "%.15s", name + 1);
}

static struct trace_dat_stat *add_stat(struct trace_dat *d, uint32_t cpu)
{
	struct trace_dat_stat *more;

	if (d->n_stats == TRACE_DAT_CPUS_MOST)
		return NULL;
	more = realloc(d->stats, (d->n_stats + 1) * sizeof(*more));
	if (!more)
		return NULL;
	d->stats = more;
	more += d->n_stats++;
	memset(more, 0, sizeof(*more));
	more->cpu = cpu;
	memcpy(more->buffer, d->stats_of, sizeof(more->buffer));
	return more;
}

/* The file per_cpu/cpuN/stats of tracefs, after a line "Buffer: NAME" where an instance's begin. */
static int option_cpustat(struct trace_dat *d, struct cursor c)
{
	char text[4096], *save = NULL;
	struct trace_dat_stat *stat = NULL;
	size_t n = c.left < sizeof(text) ? c.left : sizeof(text) - 1;

	memcpy(text, c.at, n);
	text[n] = 0;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		uint64_t number;

		if (strncmp(line, "Buffer: ", 8) == 0) {
			snprintf(d->stats_of, sizeof(d->stats_of), "%.63s", line + 8);
		} else if (sscanf(line, "CPU: %" SCNu64, &number) == 1) {
			stat = add_stat(d, (uint32_t)number);
			if (!stat)
				return d->n_stats == TRACE_DAT_CPUS_MOST ? 0 : -ENOMEM;
		} else if (!stat) {
			continue;
		} else if (sscanf(line, "overrun: %" SCNu64, &number) == 1) {
			stat->overrun = number;
		} else if (sscanf(line, "commit overrun: %" SCNu64, &number) == 1 ||
			   sscanf(line, "dropped events: %" SCNu64, &number) == 1) {
			stat->dropped += number < UINT32_MAX ? number : UINT32_MAX;
		}
	}
	return 0;
}

/* Where a buffer is. Version 6 says no more than its offset and its name. */
static int option_buffer(struct trace_dat *d, unsigned id, struct cursor c)
{
	uint64_t offset = cursor_number(&c, 8), n_cpus;
	const char *name = cursor_string(&c), *clock;
	struct trace_dat_buffer *b;

	if (c.cut || !offset || offset >= d->size) {
		reader_damage(d->in, "an option that says where a buffer is, is damaged; ignored");
		return 0;
	}
	b = trace_dat_add_buffer(d, name);
	if (!b)
		return d->n_buffers == TRACE_DAT_BUFFERS_MOST ? 0 : -ENOMEM;
	b->offset = offset;
	b->text = id == OPTION_BUFFER_TEXT;
	if (d->version == 6 || b->text)
		return 0;
	clock = cursor_string(&c);
	snprintf(b->clock, sizeof(b->clock), "%.15s", clock);
	b->page_size = (uint32_t)cursor_number(&c, 4);
	n_cpus = cursor_number(&c, 4);
	for (uint64_t i = 0; i < n_cpus && !c.cut; i++) {
		uint32_t cpu = (uint32_t)cursor_number(&c, 4);
		uint64_t at = cursor_number(&c, 8), size = cursor_number(&c, 8);
		int err = c.cut ? 0 : trace_dat_add_cpu(d, b, cpu, at, size);

		if (err)
			return err;
	}
	if (c.cut) {
		reader_damage(d->in,
			      "the list of the CPUs of buffer \"%s\" is cut off: of %" PRIu64
			      " CPUs, %zu are there",
			      b->name, n_cpus, b->n_cpus);
		b->cut = true;
	}
	return 0;
}

int trace_dat_option(struct trace_dat *d, unsigned id, struct cursor c)
{
	switch (id) {
	case OPTION_UNAME:
		option_uname(d, c);
		return 0;
	case OPTION_VERSION:
		option_version(d, c);
		return 0;
	case OPTION_TRACECLOCK:
		option_clock(d, c);
		return 0;
	case OPTION_CPUCOUNT:
		d->n_cpus = (uint32_t)cursor_number(&c, 4);
		return 0;
	case OPTION_TIME_SHIFT:
		d->guest = true;
		return 0;
	case OPTION_TSC2NSEC:
		d->tsc_mult = (uint32_t)cursor_number(&c, 4);
		d->tsc_shift = (uint32_t)cursor_number(&c, 4);
		if (c.cut || d->tsc_shift > 63)
			d->tsc_mult = d->tsc_shift = 0;
		return 0;
	case OPTION_CPUSTAT:
		return option_cpustat(d, c);
	case OPTION_BUFFER:
	case OPTION_BUFFER_TEXT:
		return option_buffer(d, id, c);
	default:
		return 0;
	}
}
