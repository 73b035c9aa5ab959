/* SPDX-License-Identifier: BSD-2-Clause */
/* Version 7 of trace.dat: sections, found by options, perhaps compressed; trace-cmd.dat.v7(5). */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include "input/trace_dat.h"

#define SECTION_COMPRESSED 1
/* So much is read of all sections together: options may point to the same one again and again. */
#define SECTIONS_MOST ((uint64_t)256 << 20)

/* A section's bytes, uncompressed; to be freed. */
struct section {
	struct cursor c;
	uint8_t *own;
	bool compressed;
};

static int spend(struct trace_dat *d, uint64_t n)
{
	if (n > SECTIONS_MOST - d->sections)
		return -EINVAL;
	d->sections += n;
	return 0;
}

/*
 * Opens the section of that ID at OFFSET. Returns 0; -EINVAL where none is there; or -ENOMEM. One
 * that is cut off is given as far as it goes, unless it is compressed.
 */
static int open_section(struct trace_dat *d, uint64_t offset, unsigned id, struct section *s)
{
	struct cursor c = { .at = d->data, .left = d->size };
	uint64_t size, packed;

	memset(s, 0, sizeof(*s));
	cursor_take(&c, offset);
	if (cursor_number(&c, 2) != id)
		return -EINVAL;
	s->compressed = cursor_number(&c, 2) & SECTION_COMPRESSED;
	cursor_number(&c, 4);
	size = cursor_number(&c, 8);
	if (c.cut)
		return -EINVAL;
	s->c = c;
	if (s->c.left > size)
		s->c.left = size;
	if (!s->compressed)
		return spend(d, s->c.left);
	packed = cursor_number(&s->c, 4);
	size = cursor_number(&s->c, 4);
	c.at = cursor_take(&s->c, packed);
	if (!c.at || !size || size > TRACE_DAT_SECTION_MOST || spend(d, size) < 0)
		return -EINVAL;
	s->own = malloc(size);
	if (!s->own)
		return -ENOMEM;
	if (!trace_dat_unpack(d, c.at, packed, s->own, size)) {
		free(s->own);
		return -EINVAL;
	}
	s->c = (struct cursor){ .at = s->own, .left = size };
	return 0;
}

/* A section that an option points to. */
static int read_part(struct trace_dat *d, unsigned id, struct cursor option)
{
	static const struct {
		unsigned id;
		int (*read)(struct trace_dat *d, struct cursor *c);
		const char *what;
	} parts[] = {
		{ OPTION_HEADER_INFO, trace_dat_header_page, "the description of the ring buffer" },
		{ OPTION_EVENT_FORMATS, trace_dat_event_formats, "the formats of the events" },
		{ OPTION_CMDLINES, trace_dat_cmdlines, "the names of the threads" },
	};
	uint64_t offset = cursor_number(&option, 8);

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		struct section s;
		int err;

		if (parts[i].id != id)
			continue;
		err = open_section(d, offset, id, &s);
		if (!err) {
			err = parts[i].read(d, &s.c);
			free(s.own);
		}
		if (err == -EINVAL) {
			reader_damage(d->in,
				      "offset %" PRIu64 ": %s cannot be read, or not all of it",
				      offset, parts[i].what);
			err = 0;
		}
		return err;
	}
	return 0;
}

/* One section of options. Sets *NEXT to the offset of the next, 0 for none. */
static int read_options(struct trace_dat *d, struct cursor c, uint64_t *next)
{
	int err = 0;

	*next = 0;
	while (!err) {
		unsigned id = (unsigned)cursor_number(&c, 2);
		struct cursor option = { .left = cursor_number(&c, 4) };

		option.at = cursor_take(&c, option.left);
		if (!option.at) {
			reader_damage(d->in,
				      "the options are cut off or damaged; what follows of them is "
				      "not known");
			break;
		}
		if (id == OPTION_DONE) {
			*next = cursor_number(&option, 8);
			break;
		}
		err = trace_dat_option(d, id, option);
		if (!err)
			err = read_part(d, id, option);
	}
	return err;
}

/* Whether each buffer's pages are compressed is said where they begin. */
static void look_at_buffers(struct trace_dat *d)
{
	for (size_t i = 0; i < d->n_buffers; i++) {
		struct trace_dat_buffer *b = &d->buffers[i];
		struct cursor c = { .at = d->data, .left = d->size };

		cursor_take(&c, b->offset);
		if (b->text)
			continue;
		if (cursor_number(&c, 2) != OPTION_BUFFER)
			reader_damage(d->in,
				      "offset %" PRIu64
				      ": the section of buffer \"%s\" does not begin here",
				      b->offset, b->name);
		b->compressed = cursor_number(&c, 2) & SECTION_COMPRESSED;
	}
}

int trace_dat_read_v7(struct trace_dat *d, struct cursor *c, const char **why)
{
	const char *codec = cursor_string(c);
	uint64_t offset, last = 0;
	int err = 0;

	*why = "the head is cut off";
	cursor_string(c); /* of the codec: its version */
	if (c->cut)
		return -EINVAL;
	*why = "it is compressed in a way that reblock does not know; trace-cmd convert --compression none makes "
	       "one that it reads";
	if (!trace_dat_set_codec(d, codec))
		return -EINVAL;
	*why = "its options, which say where everything is, cannot be found: the file is cut off or damaged";
	offset = cursor_number(c, 8);
	while (!err && offset) {
		struct section s;

		/* trace-cmd appends; going back would go round and round. */
		err = offset <= last ? -EINVAL : open_section(d, offset, OPTION_DONE, &s);
		last = offset;
		if (err == -EINVAL && d->n_buffers) {
			reader_damage(
				d->in,
				"offset %" PRIu64
				": further options cannot be read; what they say is not known",
				offset);
			err = 0;
			break;
		}
		if (err)
			return err;
		err = read_options(d, s.c, &offset);
		free(s.own);
	}
	if (err)
		return err;
	*why = "the description of the ring buffer is missing or damaged";
	if (!d->header)
		return -EINVAL;
	*why = "no buffer of events can be found: was trace-cmd ended before it had written the file?";
	if (!d->n_buffers)
		return -EINVAL;
	look_at_buffers(d);
	return 0;
}
