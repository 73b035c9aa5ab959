/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include "pt/decoder.h"
#include "pt/flow.h"
#include "pt/image.h"
#include "pt/split.h"
#include "pt/stream.h"

/* So many events of one segment are kept to follow the instructions between them; where there are more none is followed. */
#define KEPT_MOST (1 << 16)

struct pt_stream {
	struct pt_config config;
	const uint8_t *bytes;
	size_t size;
	size_t next; /* where the next segment begins */
	const struct pt_decoder_ops *ops;
	struct pt_decoder *decoder; /* of the segment that is being read; NULL: none is */
	struct pt_sieve sieve;
	struct pt_assembler assembler;
	struct pt_counts counts;
	uint64_t last;            /* offset of the last event */
	uint64_t packet, counted; /* ... and its time's */
	bool bad;                 /* libipt would not go on in this segment */
	bool begun;

	/* Where instructions are followed: the events of a segment, and the facts that come between them. */
	bool follows;
	struct pt_flow flow;
	struct pt_event *kept;
	size_t n_kept, kept_room, given, facts_given;
};

int pt_stream_open(const struct pt_config *config, const uint8_t *bytes, size_t size,
		   struct pt_stream **stream)
{
	struct pt_stream *s;

	if (!pt_has_backend(config->backend))
		return -ENOTSUP;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->config = *config;
	s->bytes = bytes;
	s->size = size;
	s->ops = config->backend == PT_BACKEND_EVENTS || (config->backend == PT_BACKEND_BEST &&
							  pt_has_backend(PT_BACKEND_EVENTS)) ?
			 &pt_by_events :
			 &pt_by_packets;
	s->sieve.config = &s->config;
	s->sieve.counts = &s->counts;
	s->flow.image = config->image;
	s->flow.counts = &s->counts;
	s->follows = pt_image_has_memory(config->image);
	*stream = s;
	return 0;
}

static void look_for_iret(const struct pt_stream *s, struct pt_event *event)
{
	enum reblock_tri is = REBLOCK_UNKNOWN;

	if (event->has & PT_HAS_IP)
		is = pt_image_at_iret(s->config.image, event->ip);
	if (is == REBLOCK_UNKNOWN)
		return;
	event->has |= PT_HAS_AT_IRET;
	event->at_iret = is == REBLOCK_YES;
}

static int give(struct pt_stream *s, struct pt_event *event)
{
	if (event->type == PT_EVENT_EXIT || event->type == PT_EVENT_DISABLED)
		look_for_iret(s, event);
	s->last = event->offset;
	s->packet = event->packet;
	s->counted = event->counted;
	if (event->type == PT_EVENT_UNFOLLOWED) {
		s->counts.unfollowed++;
		return 1;
	}
	s->counts.events++;
	if (event->type == PT_EVENT_GAP) {
		s->counts.gaps++;
		switch (event->gap) {
		case PT_GAP_OVERFLOW:
			s->counts.overflows++;
			break;
		case PT_GAP_NO_PSB:
		case PT_GAP_UNKNOWN:
		case PT_GAP_BAD:
			s->counts.errors++;
			break;
		default:
			break;
		}
	}
	return 1;
}

static void set_time(struct pt_stream *s, struct pt_event *event)
{
	event->tsc = pt_time_now(&s->sieve.time, &s->config);
	event->packet = s->sieve.time.packet;
	event->packet_counted = pt_time_counted(s->sieve.time.packet_crystal, &s->config);
	event->counted = pt_time_counted(s->sieve.time.crystal, &s->config);
	event->guest_tsc = s->sieve.time.guest;
	event->at_mtc = s->sieve.time.at_mtc;
	event->has = PT_HAS_TSC;
}

static int give_gap(struct pt_stream *s, struct pt_event *event, enum pt_gap gap, uint64_t offset)
{
	*event = (struct pt_event){ .type = PT_EVENT_GAP, .gap = (uint8_t)gap, .offset = offset };
	if (event->offset < s->last)
		event->offset = s->last;
	if (s->sieve.time.known && gap != PT_GAP_NO_PSB) {
		set_time(s, event);
	}
	return give(s, event);
}

/* Returns 1 with *EVENT where the bytes do not begin with a PSB, else 0. */
static int begin(struct pt_stream *s, struct pt_event *event)
{
	s->begun = true;
	s->next = pt_split(s->bytes, s->size, 0);
	s->counts.skipped = s->next;
	for (size_t i = 0; i < s->next; i++)
		if (s->bytes[i])
			return give_gap(s, event, PT_GAP_NO_PSB, 0);
	return 0;
}

static int begin_segment(struct pt_stream *s)
{
	size_t end = pt_split(s->bytes, s->size, s->next + PT_PSB_SIZE);
	int status = pt_sieve_segment(&s->sieve, s->bytes, s->next, end);

	s->next = end;
	if (status)
		return status;
	if (s->sieve.gap && s->sieve.gap != PT_GAP_UNFINISHED)
		s->counts.skipped += end - s->sieve.gap_offset;
	s->bad = false;
	pt_assemble_begin(&s->assembler, s->sieve.marks, s->sieve.n);
	return s->ops->open(&s->decoder, s->sieve.out, s->sieve.size);
}

/* Takes the segment on: to its next event, or to its end, where the decoder is closed. */
static int go_on(struct pt_stream *s)
{
	struct pt_atom atom;
	int status = s->ops->next(s->decoder, &atom);

	if (status <= 0) {
		s->bad = status < 0;
		s->ops->close(s->decoder);
		s->decoder = NULL;
		atom = (struct pt_atom){ .kind = PT_ATOM_END };
	}
	pt_assemble(&s->assembler, &atom);
	return status;
}

/* Gives the next event of the segment: returns 1, or 0 where it is over. */
static int next_of_segment(struct pt_stream *s, struct pt_event *event)
{
	enum pt_gap gap;

	for (;;) {
		if (pt_assembled(&s->assembler, event))
			return give(s, event);
		if (!s->decoder)
			break;
		go_on(s);
	}
	gap = s->bad ? PT_GAP_BAD : s->sieve.gap;
	if (gap) {
		uint64_t offset = s->bad ? s->last : s->sieve.gap_offset;

		s->bad = false;
		s->sieve.gap = 0;
		return give_gap(s, event, gap, offset);
	}
	return 0;
}

/* Keeps the events of the segment that has begun at BEGIN, and follows what was executed between them. */
static int follow(struct pt_stream *s, size_t begin)
{
	struct pt_event event;

	s->n_kept = s->given = s->facts_given = s->flow.n_facts = 0;
	while (s->n_kept < KEPT_MOST && next_of_segment(s, &event)) {
		if (s->n_kept == s->kept_room) {
			size_t room = s->kept_room ? 2 * s->kept_room : 64;
			struct pt_event *more = realloc(s->kept, room * sizeof(*more));

			if (!more)
				return -ENOMEM;
			s->kept = more;
			s->kept_room = room;
		}
		s->kept[s->n_kept++] = event;
	}
	if (s->n_kept == KEPT_MOST)
		return 0;
	return pt_flow_segment(&s->flow, s->bytes, begin, s->next, s->kept, s->n_kept);
}

/* Gives what comes next of what was kept: returns 1, or 0 at its end. */
static int next_kept(struct pt_stream *s, struct pt_event *event)
{
	if (s->facts_given < s->flow.n_facts && s->flow.facts[s->facts_given].before <= s->given) {
		const struct pt_fact *fact = &s->flow.facts[s->facts_given++];
		bool last = fact->before == s->n_kept;

		*event = fact->event;
		event->offset = last ? s->next : s->kept[fact->before].offset;
		return give(s, event);
	}
	if (s->given < s->n_kept) {
		*event = s->kept[s->given++];
		return 1;
	}
	if (s->n_kept < KEPT_MOST)
		return 0;
	/* Too many: they were not followed. */
	if (next_of_segment(s, event))
		return 1;
	*event = (struct pt_event){ .type = PT_EVENT_UNFOLLOWED, .offset = s->next };
	s->n_kept = s->given = 0;
	return give(s, event);
}

/* Says what time has passed since the last event of the segment, where nothing else will tell. */
static int tell_time(struct pt_stream *s, struct pt_event *event)
{
	const struct pt_time *time = &s->sieve.time;

	if (!time->known ||
	    (s->packet == time->packet && s->counted == pt_time_counted(time->crystal, &s->config)))
		return 0;
	*event = (struct pt_event){ .type = PT_EVENT_TIME, .offset = s->next };
	set_time(s, event);
	s->packet = event->packet;
	s->counted = event->counted;
	return 1;
}

int pt_stream_next(struct pt_stream *s, struct pt_event *event)
{
	if (!s->begun && begin(s, event))
		return 1;
	for (;;) {
		size_t begin = s->next;
		int status;

		if (s->follows ? next_kept(s, event) : next_of_segment(s, event))
			return 1;
		if (tell_time(s, event))
			return 1;
		if (s->next >= s->size)
			return 0;
		status = begin_segment(s);
		if (!status && s->follows)
			status = follow(s, begin);
		if (status)
			return status;
	}
}

const struct pt_counts *pt_stream_counts(const struct pt_stream *stream)
{
	return &stream->counts;
}

void pt_stream_close(struct pt_stream *s)
{
	if (!s)
		return;
	if (s->decoder)
		s->ops->close(s->decoder);
	pt_sieve_free(&s->sieve);
	pt_flow_free(&s->flow);
	free(s->kept);
	free(s);
}
