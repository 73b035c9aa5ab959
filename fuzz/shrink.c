/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "run.h"
#include "shrink.h"

struct shrinking {
	uint8_t *data;
	size_t size;
	bool (*shows)(void *context, const uint8_t *data, size_t size);
	void *context;
};

static bool shows(const struct shrinking *s)
{
	return s->shows(s->context, s->data, s->size);
}

/* Takes N bytes at AT out, or leaves all as it was. */
static bool drop(struct shrinking *s, size_t at, size_t n)
{
	uint8_t kept[RUN_CELLS_MOST * RUN_CELL];
	size_t rest = s->size - at - n;

	memcpy(kept, s->data + at, n);
	memmove(s->data + at, s->data + at + n, rest);
	s->size -= n;
	if (shows(s))
		return true;
	memmove(s->data + at + n, s->data + at, rest);
	memcpy(s->data + at, kept, n);
	s->size += n;
	return false;
}

/* Cells, in pieces of half of them, then of a quarter, and so on to single ones; the last first. */
static bool drop_cells(struct shrinking *s)
{
	bool changed = false;
	size_t cells = s->size > RUN_HEADER ? (s->size - RUN_HEADER + RUN_CELL - 1) / RUN_CELL : 0;
	size_t piece = cells;

	while (piece) {
		for (size_t i = cells / piece; i-- > 0;) {
			size_t at = RUN_HEADER + i * piece * RUN_CELL, n = piece * RUN_CELL;

			if (at >= s->size)
				continue;
			if (n > s->size - at)
				n = s->size - at;
			changed |= drop(s, at, n);
		}
		cells = s->size > RUN_HEADER ? (s->size - RUN_HEADER + RUN_CELL - 1) / RUN_CELL : 0;
		piece = piece > cells ? cells : piece / 2;
	}
	return changed;
}

static bool set(struct shrinking *s, size_t at, uint8_t value)
{
	uint8_t kept = s->data[at];

	if (kept == value)
		return false;
	s->data[at] = value;
	if (shows(s))
		return true;
	s->data[at] = kept;
	return false;
}

/* 0 is the plainest; then one half of the byte, single bits, and what is smaller. */
static bool plain(struct shrinking *s, size_t at)
{
	bool changed = set(s, at, 0);

	if (changed || !s->data[at])
		return changed;
	changed |= set(s, at, s->data[at] & 0x0f);
	changed |= set(s, at, s->data[at] & 0xf0);
	for (unsigned bit = 0x80; bit; bit >>= 1)
		if (s->data[at] & bit)
			changed |= set(s, at, (uint8_t)(s->data[at] & ~bit));
	while (s->data[at] && set(s, at, (uint8_t)(s->data[at] - 1)))
		changed = true;
	return changed;
}

/* Zeros at the end say nothing. */
static void cut(struct shrinking *s)
{
	while (s->size > 0 && s->data[s->size - 1] == 0) {
		s->size--;
		if (!shows(s)) {
			s->size++;
			return;
		}
	}
}

void shrink_run(uint8_t *data, size_t *size,
		bool (*shows_it)(void *context, const uint8_t *data, size_t size), void *context)
{
	struct shrinking s = { .size = *size, .shows = shows_it, .context = context };
	bool changed = true;

	s.data = data;
	if (s.size > RUN_HEADER + (size_t)RUN_CELLS_MOST * RUN_CELL)
		s.size = RUN_HEADER + (size_t)RUN_CELLS_MOST * RUN_CELL;
	if (!shows(&s))
		return;
	while (changed) {
		changed = drop_cells(&s);
		for (size_t i = 0; i < s.size; i++)
			changed |= plain(&s, i);
	}
	cut(&s);
	*size = s.size;
}
