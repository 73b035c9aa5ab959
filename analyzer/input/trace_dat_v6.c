/* SPDX-License-Identifier: BSD-2-Clause */
/* Version 6 of trace.dat: one part after the other, trace-cmd.dat.v6(5). */
#include <errno.h>
#include "input/trace_dat.h"

/* COUNT texts, each after its length. */
static void skip_texts(struct cursor *c)
{
	uint64_t count = cursor_number(c, 4);

	while (count-- && !c->cut)
		cursor_take(c, cursor_number(c, 8));
}

static int read_options(struct trace_dat *d, struct cursor *c)
{
	int err = 0;

	while (!err && !c->cut) {
		unsigned id = (unsigned)cursor_number(c, 2);
		struct cursor option = { .left = 0 };

		if (id == OPTION_DONE)
			break;
		option.left = cursor_number(c, 4);
		option.at = cursor_take(c, option.left);
		if (option.at)
			err = trace_dat_option(d, id, option);
	}
	return err;
}

/*
 * What stands before the pages of a buffer: options, a word that says what follows, and each CPU's
 * place. For the buffer I, or for the first, which no option names (I: SIZE_MAX). Returns 0, -EINVAL
 * or -ENOMEM.
 */
static int read_buffer(struct trace_dat *d, struct cursor *c, size_t i)
{
	const uint8_t *word = cursor_take(c, 10);
	struct trace_dat_buffer *b;
	int err = 0;

	if (word && memcmp(word, "options  ", 10) == 0) {
		err = read_options(d, c);
		word = cursor_take(c, 10);
	}
	if (err || !word)
		return err ? err : -EINVAL;
	b = i == SIZE_MAX ? trace_dat_add_buffer(d, "") : &d->buffers[i];
	if (!b)
		return -ENOMEM;
	b->page_size = d->page_size;
	b->text = memcmp(word, "latency  ", 10) == 0;
	memcpy(b->clock, d->clock, sizeof(b->clock));
	if (b->text)
		return 0;
	if (memcmp(word, "flyrecord", 10) != 0)
		return -EINVAL;
	for (uint32_t cpu = 0; cpu < d->n_cpus && !err; cpu++) {
		uint64_t offset = cursor_number(c, 8), size = cursor_number(c, 8);

		if (c->cut)
			return -EINVAL;
		err = trace_dat_add_cpu(d, b, cpu, offset, size);
	}
	return err;
}

/* The other buffers, which options of the first have named. */
static int read_instances(struct trace_dat *d, size_t named)
{
	int err = 0;

	for (size_t i = 0; i < named && !err; i++) {
		struct cursor c = { .at = d->data + d->buffers[i].offset,
				    .left = d->size - d->buffers[i].offset };

		err = read_buffer(d, &c, i);
		if (err != -EINVAL)
			continue;
		reader_damage(d->in, "the buffer \"%s\" is not where the file says, or cut off",
			      d->buffers[i].name);
		d->buffers[i].cut = true;
		err = 0;
	}
	return err;
}

static size_t first_buffer(const struct trace_dat *d)
{
	size_t i = 0;

	while (i < d->n_buffers && d->buffers[i].offset)
		i++;
	return i;
}

int trace_dat_read_v6(struct trace_dat *d, struct cursor *c, const char **why)
{
	int err = trace_dat_header_page(d, c);

	*why = "the description of the ring buffer at its beginning is damaged";
	if (err)
		return err;
	*why = "the formats of the events are cut off or damaged";
	skip_texts(c); /* the function tracers' events */
	if (!c->cut)
		err = trace_dat_event_formats(d, c);
	if (err || c->cut)
		return err ? err : -EINVAL;
	*why = "what describes the recording is cut off or damaged before the first event";
	cursor_take(c, cursor_number(c, 4)); /* kallsyms */
	cursor_take(c, cursor_number(c, 4)); /* formats of trace_printk */
	err = trace_dat_cmdlines(d, c);
	d->n_cpus = (uint32_t)cursor_number(c, 4);
	if (!err && !c->cut)
		err = read_buffer(d, c, SIZE_MAX);
	if (err || c->cut)
		return err ? err : -EINVAL;
	/* The first came after those that its options named. */
	return read_instances(d, first_buffer(d));
}
