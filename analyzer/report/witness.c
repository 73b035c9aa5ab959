/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "report/decode.h"
#include "report/witness.h"

static const char *at_iret_text(const struct reblock_record *r)
{
	if (!reblock_has(r, REBLOCK_HAS_MASKED))
		return "; no memory image shows the instruction";
	return reblock_flag(r, REBLOCK_MASKED) ? "; the instruction there is an IRET" :
						 "; the instruction there is no IRET";
}

/* Of what was delivered: an address, where known, behind WORD. */
static const char *address(const struct reblock_record *r, unsigned has, uint64_t value,
			   const char *word, char text[40])
{
	text[0] = 0;
	if (reblock_has(r, has))
		(void)snprintf(text, 40, " %s 0x%" PRIx64, word, value);
	return text;
}

static void vm_exit(const struct reblock_record *r, const char *at, char text[WITNESS_TEXT_MAX])
{
	char reason[DECODE_MAX] = "", bit12[32] = "";

	if (reblock_has(r, REBLOCK_HAS_REASON))
		decode_reason(r->reason, reason);
	if (reblock_has(r, REBLOCK_HAS_QUALIFICATION))
		(void)snprintf(bit12, sizeof(bit12), ", qualification bit 12 = %d",
			       (r->qualification & REBLOCK_NMI_UNBLOCKING) != 0);
	(void)snprintf(text, WITNESS_TEXT_MAX, "VM exit%s%s%.120s%s%s", at, *reason ? ": " : "",
		       reason, bit12, at_iret_text(r));
}

const char *witness_text(const struct reblock_record *r, char text[WITNESS_TEXT_MAX])
{
	char at[40], to[40], what[40] = "an interrupt, exception or NMI";

	address(r, REBLOCK_HAS_RIP, r->rip, "at", at);
	address(r, REBLOCK_HAS_QUALIFICATION, r->qualification, "to", to);
	switch (r->error_code) {
	case REBLOCK_SAW_INTERRUPT:
		if (reblock_has(r, REBLOCK_HAS_INTR_INFO))
			(void)snprintf(what, sizeof(what),
				       r->intr_info == REBLOCK_VECTOR_NMI ? "an NMI" :
				       r->intr_info < 32 ? "an exception, vector %" PRIu32 :
							   "an interrupt, vector %" PRIu32,
				       r->intr_info);
		(void)snprintf(text, WITNESS_TEXT_MAX, "%s was delivered%s%s", what, at, to);
		break;
	case REBLOCK_SAW_ASYNC:
		(void)snprintf(text, WITNESS_TEXT_MAX, "%s, without Event Trace:%s%s", what, at,
			       to);
		break;
	case REBLOCK_SAW_IRET:
		(void)snprintf(text, WITNESS_TEXT_MAX, "an IRET completed%s%s", at, to);
		break;
	case REBLOCK_SAW_EXIT:
		vm_exit(r, at, text);
		break;
	case REBLOCK_SAW_ENTRY:
		(void)snprintf(text, WITNESS_TEXT_MAX, "VM entry: the guest goes on%s", at);
		break;
	case REBLOCK_SAW_OTHER:
		(void)snprintf(
			text, WITNESS_TEXT_MAX,
			"SMI, RSM, INIT or the like%s: what is blocked is not known after it", at);
		break;
	default:
		(void)snprintf(text, WITNESS_TEXT_MAX,
			       "a gap: Intel PT saw nothing for a while up to here");
		break;
	}
	return text;
}

struct lines {
	void (*line)(void *context, const char *text);
	void *context;
};

__attribute__((format(printf, 2, 3))) static void say(const struct lines *l, const char *format,
						      ...)
{
	char text[320];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	l->line(l->context, text);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void unblocks(const struct lines *l, const struct reblock_pt_summary *pt)
{
	if (pt->confirmed)
		say(l, "%" PRIu64 " IRET unblock%s confirmed: the instruction there is an IRET",
		    pt->confirmed, plural(pt->confirmed));
	if (pt->contradicted)
		say(l,
		    "%" PRIu64
		    " IRET unblock%s contradicted: by the memory image the instruction there is no IRET (is it the image of this guest?)",
		    pt->contradicted, plural(pt->contradicted));
	if (pt->unconfirmed)
		say(l,
		    "%" PRIu64
		    " IRET unblock%s of which it has no word: not matched, or no memory image (--image)",
		    pt->unconfirmed, plural(pt->unconfirmed));
}

void witness_lines(const struct reblock_summary *s, void (*line)(void *context, const char *text),
		   void *context)
{
	const struct reblock_pt_summary *pt = &s->pt;
	const struct lines l = { line, context };

	if (!pt->witnesses)
		return;
	say(&l,
	    "%" PRIu64 " witness%s, %" PRIu64 " VM exit%s, %" PRIu64 " NMI%s delivered, %" PRIu64
	    " gap%s",
	    pt->witnesses, pt->witnesses == 1 ? "" : "es", pt->exits, plural(pt->exits), pt->nmis,
	    plural(pt->nmis), pt->gaps, plural(pt->gaps));
	if (s->exits)
		say(&l,
		    "of %" PRIu64 " recorded exit%s %" PRIu64 " matched, %" PRIu64
		    " not the same (a CS base other than 0, or another exit), %" PRIu64 " not seen",
		    s->exits, plural(s->exits), pt->matched, pt->disagree, pt->unwitnessed);
	unblocks(&l, pt);
	if (pt->bit12)
		say(&l,
		    "bit 12 was 1 at %" PRIu64
		    " exit%s that it alone shows; intr-info, IDT-vectoring information and the controls are not in Intel PT, so whether that means anything is not known",
		    pt->bit12, plural(pt->bit12));
	for (unsigned i = 0; i < REBLOCK_PT_CAUSES; i++)
		if (pt->unjudged_nmis[i])
			say(&l, "not known whether the NMI before was finished: %" PRIu64 " %s: %s",
			    pt->unjudged_nmis[i], reblock_pt_cause_name(i),
			    reblock_pt_cause_text(i));
}
