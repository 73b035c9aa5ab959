/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include "pt/sieve_out.h"

enum {
	KEPT_MOST = 8,        /* in one PSB+ */
	MARKS_MOST = 1 << 21, /* in one segment: more is no trace of a program */
};

/* The packets of time; false for all others. */
static bool take_time(struct pt_sieve *s, enum pt_kind kind, const uint8_t *at)
{
	switch (kind) {
	case PT_KIND_PAD:
	case PT_KIND_MNT:
		break;
	case PT_KIND_TSC:
		pt_time_tsc(&s->time, at);
		/* In PSB+ it comes before the PIP. */
		s->time.guest = s->nr;
		break;
	case PT_KIND_TMA:
		pt_time_tma(&s->time, s->config, at);
		break;
	case PT_KIND_MTC:
		pt_time_mtc(&s->time, s->config, at);
		break;
	case PT_KIND_CYC:
		pt_time_cyc(&s->time, at);
		break;
	case PT_KIND_CBR:
		pt_time_cbr(&s->time, s->config, at);
		break;
	default:
		return false;
	}
	return true;
}

static bool take_fup(struct pt_sieve *s, uint64_t offset, const uint8_t *at, const uint8_t *rest,
		     const uint8_t *end)
{
	bool bound = s->cfe && s->cfe_has_ip, overflow = s->state == PT_SIEVE_OVERFLOW;

	/* Erratum BDM70: before TIP.PGE, while packets are off, PSB+ may say that they are on. */
	if (s->state == PT_SIEVE_PSB && pt_pge_follows(rest, end))
		return true;
	pt_update_ip(&s->ip, at);
	if (s->skip_fup) {
		s->skip_fup = false;
		return true;
	}
	if (s->state == PT_SIEVE_OFF || s->fup)
		return false;
	if (s->state == PT_SIEVE_PSB) {
		s->psb_on = pt_has_address(at);
		pt_keep_address(s, PT_KIND_FUP, offset, at);
		return s->kept <= KEPT_MOST;
	}
	/* where an interrupt came at is never left out */
	if (!pt_has_address(at) && !bound && !overflow)
		return false;
	pt_keep_address(s, PT_KIND_FUP, offset, at);
	s->cfe = false;
	s->state = PT_SIEVE_ON;
	s->bound = 0;
	if (overflow) {
		s->open = false;
		s->last = PT_KIND_PSBEND; /* nothing goes on with it */
	} else
		s->fup = !bound;
	return true;
}

static bool take_branch(struct pt_sieve *s, enum pt_kind kind, uint64_t offset, const uint8_t *at)
{
	if (s->state == PT_SIEVE_PSB)
		return false;
	if (kind == PT_KIND_TNT) {
		if (s->state != PT_SIEVE_ON)
			return false;
		if (s->open && !s->tnt) {
			s->out[s->size++] = 0x06;
			s->tnt = true;
		}
		return true;
	}
	/* Erratum APL11: packets end with the overflow. */
	if (kind == PT_KIND_TIP_PGD && s->state == PT_SIEVE_OVERFLOW)
		s->state = PT_SIEVE_OFF;
	if (kind == PT_KIND_TIP_PGE ? s->fup : s->state == PT_SIEVE_OVERFLOW)
		return false;
	if (kind == PT_KIND_TIP && s->state != PT_SIEVE_ON)
		return false;
	pt_update_ip(&s->ip, at);
	/* they are off already */
	if (kind == PT_KIND_TIP_PGD && s->state == PT_SIEVE_OFF)
		return true;
	if (s->open || kind != PT_KIND_TIP)
		pt_keep_address(s, kind, offset, at);
	s->open = s->fup = false;
	if (kind != PT_KIND_TIP)
		s->state = kind == PT_KIND_TIP_PGE ? PT_SIEVE_ON : PT_SIEVE_OFF;
	return true;
}

static void take_overflow(struct pt_sieve *s, uint64_t offset, const uint8_t *at)
{
	/* A TSC packet of this PSB+ may be a guest's; and from here on one may be, as an entry may have been lost. */
	if (s->state == PT_SIEVE_PSB)
		s->time.known = false;
	s->nr = true;
	pt_put_mark(s, offset);
	pt_put(s, at, 2);
	pt_time_lost(&s->time);
	s->ip = 0; /* as libipt has it */
	s->last = PT_KIND_OVF;
	s->open = s->fup = s->cfe = s->evd = s->tnt = false;
	s->state = PT_SIEVE_OVERFLOW;
}

static bool take_psbend(struct pt_sieve *s, const uint8_t *at)
{
	if (s->state != PT_SIEVE_PSB)
		return false;
	pt_put(s, at, 2);
	s->time.guest = s->nr;
	pt_mark_time(s, &s->marks[0]);
	s->open = s->tnt = false;
	s->last = PT_KIND_PSBEND;
	s->state = s->psb_on ? PT_SIEVE_ON : PT_SIEVE_OFF;
	return true;
}

/* Of PTWRITE, EXSTOP, MODE and what comes without a FUP. */
static bool take_side(struct pt_sieve *s, enum pt_kind kind, const uint8_t *at, const uint8_t *rest,
		      const uint8_t *end)
{
	bool ip = kind == PT_KIND_MODE || ((kind == PT_KIND_PTW || at[1] == 0xe2) && at[1] & 0x80);

	if (s->state == PT_SIEVE_PSB)
		return kind == PT_KIND_MODE;
	s->skip_fup = ip && s->state == PT_SIEVE_ON && !s->fup && pt_fup_follows(rest, end);
	return true;
}

/* The packet of LENGTH bytes at AT. Returns whether it can come here. */
static bool take(struct pt_sieve *s, enum pt_kind kind, uint64_t offset, const uint8_t *at,
		 int length, const uint8_t *end)
{
	if (take_time(s, kind, at))
		return true;
	if (kind == PT_KIND_OVF) {
		take_overflow(s, offset, at);
		return true;
	}
	if ((s->cfe && kind != PT_KIND_FUP) ||
	    (s->evd && kind != PT_KIND_EVD && kind != PT_KIND_CFE))
		return false;
	/* What needs no packets to be on says that they are off. */
	if (s->state == PT_SIEVE_OVERFLOW && kind != PT_KIND_FUP && kind != PT_KIND_TNT &&
	    kind != PT_KIND_TIP && kind != PT_KIND_TIP_PGD && kind != PT_KIND_PSBEND)
		s->state = PT_SIEVE_OFF;
	switch (kind) {
	case PT_KIND_PSBEND:
		return take_psbend(s, at);
	case PT_KIND_TNT:
	case PT_KIND_TIP:
	case PT_KIND_TIP_PGE:
	case PT_KIND_TIP_PGD:
		return take_branch(s, kind, offset, at);
	case PT_KIND_FUP:
		return take_fup(s, offset, at, at + length, end);
	case PT_KIND_PIP:
		s->nr = pt_pip_nr(at);
		/* fall through */
	case PT_KIND_VMCS:
		/* one of each between FUP and TIP */
		if (s->fup && s->bound & 1u << kind)
			return false;
		s->bound |= s->fup ? 1u << kind : 0;
		pt_keep(s, kind, offset, at, length);
		return s->state != PT_SIEVE_PSB || s->kept <= KEPT_MOST;
	case PT_KIND_CFE:
		return s->state != PT_SIEVE_PSB && pt_take_cfe(s, offset, at, at + length, end);
	case PT_KIND_EVD:
		return s->state != PT_SIEVE_PSB && pt_take_evd(s, offset, at);
	case PT_KIND_MODE:
	case PT_KIND_PTW:
	case PT_KIND_POWER:
	case PT_KIND_STOP:
		return take_side(s, kind, at, at + length, end);
	default:
		return false;
	}
}

/*
 * The short way, past what is left out whatever comes: branches and times while nothing is open, which are nearly all
 * there is. Returns where it ends: before END - LONGEST, or a packet that take() has to look at.
 */
enum { LONGEST = 16 };

static const uint8_t *pass_over(struct pt_sieve *s, const uint8_t *at, const uint8_t *end)
{
	static const uint64_t kept[8] = { ~(uint64_t)0,
					  ~(uint64_t)0xffff,
					  ~(uint64_t)0xffffffff,
					  0,
					  (uint64_t)0xffff << 48,
					  0,
					  0,
					  0 };
	static const uint8_t lengths[8] = { 1, 3, 5, 7, 7, 0, 9, 0 };
	uint64_t tnt = 0, tip = 0, ip = s->ip;

	while (end - at > LONGEST) {
		uint8_t first = *at, how = first >> 5;

		if (!(first & 1)) {
			if (first <= 2)
				break;
			tnt++;
			at++;
		} else if ((first & 0x1f) == 0x0d && lengths[how]) {
			uint64_t bytes = pt_number(at + 1, 8);

			if (how == 3)
				bytes = (uint64_t)((int64_t)(bytes << 16) >> 16);
			ip = (ip & kept[how]) | (bytes & ~kept[how]);
			tip++;
			at += lengths[how];
		} else if ((first & 7) == 3) {
			pt_time_cyc(&s->time, at);
			s->counts->packets[PT_KIND_CYC]++;
			at++;
		} else if (first == 0x59) {
			pt_time_mtc(&s->time, s->config, at);
			s->counts->packets[PT_KIND_MTC]++;
			at += 2;
		} else {
			break;
		}
	}
	s->ip = ip;
	s->counts->packets[PT_KIND_TNT] += tnt;
	s->counts->packets[PT_KIND_TIP] += tip;
	return at;
}

static bool nothing_open(const struct pt_sieve *s)
{
	return s->state == PT_SIEVE_ON && !s->open && !s->cfe && !s->evd && !s->skip_fup;
}

static enum pt_gap gap_of(int length)
{
	switch (length) {
	case PT_PACKET_CUT:
		return PT_GAP_TRUNCATED;
	case PT_PACKET_UNKNOWN:
		return PT_GAP_UNKNOWN;
	default:
		return PT_GAP_BAD;
	}
}

static void begin_segment(struct pt_sieve *s, const uint8_t *bytes, size_t begin)
{
	/* Nothing is known from before: so that it does not matter where bytes are cut. */
	s->size = s->n = 0;
	s->gap = 0;
	s->time = (struct pt_time){ .known = false };
	s->ip = 0;
	s->open = s->fup = s->cfe = s->evd = s->tnt = s->skip_fup = s->nr = s->psb_on = false;
	s->last = PT_KIND_PSB;
	s->kept = 0;
	s->state = PT_SIEVE_PSB;
	pt_put(s, bytes + begin, PT_PSB_SIZE);
	pt_put_mark(s, begin);
	s->counts->packets[PT_KIND_PSB]++;
}

int pt_sieve_segment(struct pt_sieve *s, const uint8_t *bytes, size_t begin, size_t end)
{
	const uint8_t *at = bytes + begin + PT_PSB_SIZE, *stop = bytes + end;
	enum pt_kind kind;
	int length;

	if (pt_sieve_room(s))
		return -ENOMEM;
	begin_segment(s, bytes, begin);
	for (; at < stop; at += length) {
		if (nothing_open(s))
			at = pass_over(s, at, stop);
		length = pt_packet_at(at, (size_t)(stop - at), &kind);
		if (length <= 0) {
			s->gap = gap_of(length);
			s->gap_offset = (uint64_t)(at - bytes);
			return 0;
		}
		s->counts->packets[kind]++;
		if (pt_sieve_room(s))
			return -ENOMEM;
		if (s->n > MARKS_MOST || !take(s, kind, (uint64_t)(at - bytes), at, length, stop)) {
			s->gap = PT_GAP_BAD;
			s->gap_offset = (uint64_t)(at - bytes);
			return 0;
		}
	}
	if (s->state == PT_SIEVE_PSB || s->fup || s->cfe || s->evd) {
		s->gap = PT_GAP_UNFINISHED;
		s->gap_offset = s->evd ? s->data.offset : s->began;
	}
	return 0;
}
