/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include "pt/follow.h"
#include "pt/image.h"
#include "pt/instruction.h"
#include "pt/libipt.h"
#include "pt/returns.h"

#ifdef REBLOCK_LIBIPT

/*
 * So many instructions between two interrupts, and so many more for each byte, are followed: an endless loop that makes no
 * packets is not. A branch of TNT takes one bit of it, and what lies between two branches is seldom as long as this.
 */
#define INSTRUCTIONS_MOST 20000
#define INSTRUCTIONS_OF_BYTE 2000

struct follower {
	struct pt_block_decoder *decoder;
	const struct pt_image *image;
	struct pt_code_view *view;
	bool sections; /* it is given them */
	bool missed;   /* memory was read that libipt had no section of, at: */
	uint64_t missed_at;
	size_t stretch;
	uint64_t left;   /* instructions */
	uint64_t idle;   /* of them since a packet was needed */
	uint64_t offset; /* of the next packet, when it was half of what is allowed */
	bool cut;        /* of what was read last, the end is not known */
	bool returns;    /* the last block ended with an IRET that completed */
	uint64_t ip;     /* of that */
	const struct pt_run *run;
	struct pt_returns calls;
	pt_follow_iret *iret;
	void *context;
};

bool pt_can_follow(void)
{
	/* What the linker says can be NULL the compiler takes for an address. */
	return pt_blk_alloc_decoder && pt_image_set_callback;
}

static int read_memory(uint8_t *bytes, size_t size, const struct pt_asid *asid, uint64_t ip,
		       void *context)
{
	struct follower *f = context;
	size_t n = pt_image_read(f->image, ip, bytes, size);

	(void)asid;
	f->cut = n < size;
	f->missed = n && f->sections;
	f->missed_at = ip;
	return n ? (int)n : -pte_nomap;
}

static void put_head(const struct pt_run *run, const struct pt_stretch *s)
{
	uint8_t *at = run->bytes + s->at - PT_RUN_HEAD;

	for (int i = 0; i < 16; i++)
		*at++ = i & 1 ? 0x82 : 0x02;
	*at++ = 0x99;
	*at++ = s->mode & 3;
	*at++ = 0xdd; /* FUP */
	for (int i = 0; i < 8; i++)
		*at++ = (uint8_t)(s->ip >> 8 * i);
	*at++ = 0x02;
	*at++ = 0x23;
}

/* What is in a section has no class of its own for far returns, but one that this header may not know (2.1), or none (2.0.5). */
static bool may_be_iret(enum pt_insn_class class)
{
	switch (class) {
	case ptic_other:
	case ptic_call:
	case ptic_return:
	case ptic_jump:
	case ptic_cond_jump:
	case ptic_far_call:
	case ptic_far_jump:
	case ptic_ptwrite:
		return false;
	default:
		return true;
	}
}

/* Whether the last instruction of BLOCK is an IRET: libipt has one class for all far returns. */
static enum reblock_tri ends_with_iret(const struct follower *f, const struct pt_block *block)
{
	enum reblock_tri is = pt_image_at_iret(f->image, block->end_ip);
	uint8_t bytes[2];

	/* In 64-bit mode, which is known here, 40 to 4F is REX below 4 GiB, too. */
	if (is == REBLOCK_UNKNOWN && block->mode == ptem_64bit &&
	    pt_image_read(f->image, block->end_ip, bytes, 2) == 2 && (bytes[0] & 0xf0) == 0x40)
		return bytes[1] == 0xcf ? REBLOCK_YES : REBLOCK_UNKNOWN;
	return is;
}

static int returned(struct follower *f, uint64_t to)
{
	if (!f->returns)
		return 0;
	f->returns = false;
	return f->iret(f->context, f->stretch, f->ip, to);
}

/* Takes the events that came with STATUS. Returns the next status, or -pte_... with *ERR 0; else *ERR. */
static int take_events(struct follower *f, int status, int *err)
{
	const struct pt_run *run = f->run;
	struct libipt_event e;

	while (!*err && status >= 0 && status & pts_event_pending) {
		status = pt_blk_event(f->decoder, &e, sizeof(e));
		if (status < 0)
			break;
		if (e.type == ptev_async_branch) {
			*err = returned(f, e.variant.async_branch.from);
			if (++f->stretch >= run->n)
				break;
			pt_returns_event(&f->calls, run->stretches[f->stretch].at);
		} else if (e.type == ptev_async_disabled)
			*err = returned(f, e.variant.async_disabled.at);
	}
	return status;
}

static int outcome(const struct follower *f, int status)
{
	switch (-status) {
	case pte_eos:
		return PT_FOLLOWED;
	case pte_nomap:
	case pte_retstack_empty:
		return PT_FOLLOWED_LOST;
	case pte_bad_insn:
		return f->cut ? PT_FOLLOWED_LOST : PT_FOLLOWED_WRONG;
	case pte_nomem:
		return -ENOMEM;
	default:
		return PT_FOLLOWED_WRONG;
	}
}

/* libipt is given a section for what it had to ask for: it takes no new one while it decodes. */
static void see_missed(struct follower *f)
{
	struct pt_code *code = pt_image_code(f->image);

	if (!f->missed)
		return;
	f->missed = false;
	pt_code_want(code, f->image, f->missed_at);
	(void)pt_code_see(code, f->view);
}

/* So many instructions as no block may hold, and not one packet was needed for them: direct jumps and calls, which need none. */
static bool endless(struct follower *f, const struct pt_block *block)
{
	uint64_t idle = f->idle + block->ninsn, offset;

	if (block->iclass == ptic_cond_jump || block->iclass == ptic_return)
		idle = 0;
	/* Indirect ones are not told from these: they are by the packets that they take. */
	if (f->idle < UINT16_MAX / 2 && idle >= UINT16_MAX / 2)
		(void)pt_blk_get_offset(f->decoder, &f->offset);
	f->idle = idle < UINT16_MAX ? idle : 0;
	return idle >= UINT16_MAX &&
	       (pt_blk_get_offset(f->decoder, &offset) < 0 || offset == f->offset);
}

/* Begins with the packets at S. Returns libipt's status. */
static int begin(struct follower *f, const struct pt_stretch *s)
{
	struct libipt_image *sections = NULL;
	struct libipt_config config;

	put_head(f->run, s);
	pt_config_init(&config);
	config.begin = f->run->bytes + s->at - PT_RUN_HEAD;
	config.end = f->run->bytes + f->run->size;
	/*
	 * Else libipt goes on through them, and by calling itself, as deep as a block has instructions, where it knows the code
	 * already: an endless loop would end this process. And calls have to be seen.
	 */
	config.flags.variant.block.end_on_call = 1;
	config.flags.variant.block.end_on_jump = 1;
	pt_blk_free_decoder(f->decoder);
	f->decoder = pt_blk_alloc_decoder(&config);
	if (!f->decoder)
		return -pte_nomem;
	/* What libipt knows of a section's instructions is no other for another mode. */
	if (f->sections)
		sections = pt_code_see(pt_image_code(f->image), f->view);
	if (!sections || pt_blk_set_image(f->decoder, sections) < 0)
		sections = pt_blk_get_image(f->decoder);
	pt_image_set_callback(sections, read_memory, f);
	return pt_blk_sync_set(f->decoder, 0);
}

/* Takes the last instruction of BLOCK, of which libipt does not say enough: a call, or a branch that is none of the others. */
static void take_other(struct follower *f, const struct pt_block *block)
{
	struct pt_instruction i;
	uint8_t bytes[pt_max_insn_size];
	size_t n = pt_image_read(f->image, block->end_ip, bytes, sizeof(bytes));

	if (block->mode == ptem_16bit ||
	    !pt_instruction_read(bytes, n, block->mode == ptem_64bit, &i)) {
		pt_returns_forget(&f->calls);
		return;
	}
	if (i.indirect)
		pt_returns_tip(&f->calls);
	if (i.is_call && !i.to_next)
		pt_returns_call(&f->calls, block->end_ip + i.length);
}

/*
 * Takes the branch that BLOCK ends with. Where libipt, which gave STATUS then, does not know where it leads, it begins anew there.
 * Returns its status.
 */
static int take_branch(struct follower *f, const struct pt_block *block, int status)
{
	struct pt_stretch s = { .mode = block->mode == ptem_64bit ? 1 :
					block->mode == ptem_32bit ? 2 :
								    0 };

	switch (block->iclass) {
	case ptic_other:
	case ptic_ptwrite:
		return status;
	case ptic_cond_jump:
		pt_returns_branch(&f->calls);
		return status;
	case ptic_return:
		switch (pt_returns_ret(&f->calls, &s.ip)) {
		case PT_RETURNS_TO:
			s.at = pt_returns_anew(&f->calls);
			return begin(f, &s);
		case PT_RETURNS_LOST:
			return -pte_retstack_empty;
		default:
			return status;
		}
	default:
		take_other(f, block);
		return status;
	}
}

static int follow(struct follower *f, const struct pt_stretch *stretches)
{
	int status = begin(f, &stretches[f->stretch]), err = 0;
	struct pt_block block;
	bool over; /* no packet is left */

	for (;;) {
		status = take_events(f, status, &err);
		if (err)
			return err;
		/* How many interrupts it sees in the run is libipt's word. */
		if (f->stretch >= f->run->n)
			return PT_FOLLOWED_WRONG;
		if (status < 0)
			return outcome(f, status);
		if (stretches[f->stretch].lost)
			return PT_FOLLOWED_LOST;
		over = status & pts_eos;
		see_missed(f);
		f->cut = false;
		status = pt_blk_next(f->decoder, &block, sizeof(block));
		/* It begins where the last one led to. */
		err = returned(f, block.ip);
		if (err)
			return err;
		/* Whatever it cannot do, it lacks packets that are not there yet. */
		if (over && status < 0)
			return PT_FOLLOWED;
		if (block.ninsn > f->left || endless(f, &block))
			return over ? PT_FOLLOWED : PT_FOLLOWED_LOST;
		f->left -= block.ninsn;
		if (block.ninsn && !over && (status >= 0 || status == -pte_retstack_empty))
			status = take_branch(f, &block, status);
		if (status < 0 || !block.ninsn)
			continue;
		/* Where it could not be left, as its TIP is missing, there is an error. */
		switch (may_be_iret(block.iclass) ? ends_with_iret(f, &block) : REBLOCK_NO) {
		case REBLOCK_YES:
			f->returns = true;
			f->ip = block.end_ip;
			break;
		case REBLOCK_UNKNOWN:
			return PT_FOLLOWED_LOST;
		default:
			break;
		}
	}
}

int pt_follow(const struct pt_run *run, const struct pt_image *image, struct pt_code_view *view,
	      size_t first, pt_follow_iret *iret, void *context, size_t *stretch)
{
	const struct pt_stretch *s = &run->stretches[first];
	struct follower f = { .image = image,
			      .view = view,
			      .sections = run->mode_64,
			      .stretch = first,
			      .iret = iret,
			      .context = context,
			      .run = run };
	int status;

	f.left = INSTRUCTIONS_MOST + INSTRUCTIONS_OF_BYTE * (uint64_t)(run->size - s->at);
	pt_returns_begin(&f.calls, run->bytes, run->size, s->at);
	status = follow(&f, run->stretches);
	pt_blk_free_decoder(f.decoder);
	*stretch = f.stretch;
	return status;
}

#else

bool pt_can_follow(void)
{
	return false;
}

int pt_follow(const struct pt_run *run, const struct pt_image *image, struct pt_code_view *view,
	      size_t first, pt_follow_iret *iret, void *context, size_t *stretch)
{
	(void)run;
	(void)image;
	(void)view;
	(void)iret;
	(void)context;
	*stretch = first;
	return PT_FOLLOWED_LOST;
}

#endif
