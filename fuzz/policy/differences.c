/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <reblock/processor.h>
#include "policy/differences.h"

/* What is wrong at an entry. */
static const struct {
	uint32_t truth;
	const char *kind;
} wrongs[] = {
	{ SIM_MISSED | SIM_TASK_OPEN, "missed-reblock" },
	{ SIM_LOST, "blocking-lost" },
	{ SIM_UNDEFINED, "undefined-bit" },
	{ SIM_CLOBBERED, "field-clobbered" },
	{ SIM_OVER_BLOCKED, "over-block" },
};

/* What has happened since the last exit, and who has opened a handler to NMIs last. */
struct state {
	const struct run *run;
	void (*each)(void *context, const struct difference *difference);
	void *context;
	size_t exit;
	bool told_stale, events, written; /* since it */
	bool masked;                      /* what was written last */
	const char *
		opened; /* by a mask that was told wrong: by whom it was written; NULL: otherwise */
	size_t opened_exit;
	bool smi;        /* its handler runs, and the mask was told as 0 before, wrongly */
	size_t smi_exit; /* after which it came */
};

static const char *exit_word(const struct reblock_record *exit)
{
	switch (exit->reason & REBLOCK_REASON_BASIC) {
	case REBLOCK_REASON_EXCEPTION_NMI:
		if ((exit->intr_info & REBLOCK_INTR_TYPE) == REBLOCK_INTR_TYPE_NMI)
			return "other";
		return (exit->intr_info & REBLOCK_INTR_VECTOR) == REBLOCK_VECTOR_DF ?
			       "double-fault" :
			       "fault";
	case REBLOCK_REASON_TASK_SWITCH:
		return "task-switch";
	case REBLOCK_REASON_EPT_VIOLATION:
		return "ept-violation";
	case REBLOCK_REASON_PML_FULL:
		return "pml-full";
	case REBLOCK_REASON_SPP:
		return "spp";
	case REBLOCK_REASON_NOTIFY:
		return "notify";
	default:
		return "other";
	}
}

static void exit_name(const struct reblock_record *exit, char name[DIFFERENCE_NAME])
{
	const char *word = exit_word(exit), *ending = "";

	if (!(exit->pin & REBLOCK_PIN_NMI_EXITING))
		ending = "-nmi-exiting-0";
	else if (!(exit->pin & REBLOCK_PIN_VIRTUAL_NMIS))
		ending = "-no-virtual-nmis";
	else if (exit->idt_vectoring & REBLOCK_INTR_VALID)
		ending = "-idtv";
	if (exit->idt_vectoring & REBLOCK_INTR_VALID && strcmp(word, "task-switch") == 0) {
		word = "task-gate";
		ending = strcmp(ending, "-idtv") == 0 ? "" : ending;
	}
	(void)snprintf(name, DIFFERENCE_NAME, "%s%s", word, ending);
}

/* An event goes in again, or the exit's own: that matters there, not which exit it was. */
static const char *injection(const struct reblock_record *exit)
{
	return exit->idt_vectoring & REBLOCK_INTR_VALID ? "again" : "reflected";
}

/* Its bit 12 is 1, defined or not. */
static bool says_bit12(const struct reblock_record *exit)
{
	struct reblock_unblock unblock;

	reblock_unblock_of(exit, &unblock);
	return unblock.bit12 == REBLOCK_YES;
}

/* Returns true, so that what goes wrong can be added up. */
static bool tell(const struct state *s, const char *kind, size_t exit, const char *how, size_t last)
{
	struct difference d = { .exit = exit, .last = last };
	char name[DIFFERENCE_NAME];

	exit_name(&s->run->whole[exit], name);
	(void)snprintf(d.name, sizeof(d.name), "%.20s.%.40s", kind, how ? how : name);
	s->each(s->context, &d);
	return true;
}

static void operation(struct state *s, const struct reblock_record *r, uint32_t truth)
{
	switch (r->kind) {
	case REBLOCK_MASK_READ:
		s->told_stale = !s->written && (truth & SIM_STALE) &&
				!reblock_flag(r, REBLOCK_MASKED);
		break;
	case REBLOCK_EVENTS_WRITE:
		s->events = true;
		break;
	case REBLOCK_MASK_WRITE:
		/* An SMI is no writing back: it masks, and RSM sets what was told before. */
		if (!s->written && !s->events && s->told_stale && reblock_flag(r, REBLOCK_MASKED)) {
			s->smi = true;
			s->smi_exit = s->exit;
		}
		s->written = true;
		s->masked = reblock_flag(r, REBLOCK_MASKED);
		break;
	default:
		break;
	}
}

/* After the IRET's own exit, or at a later one, the IRET still not having completed. */
static void stale_mask(const struct state *s, size_t i)
{
	struct reblock_unblock unblock;

	reblock_unblock_of(&s->run->whole[s->exit], &unblock);
	if (unblock.unblocked == REBLOCK_YES)
		(void)tell(s, "stale-mask", s->exit, NULL, i);
	else if (unblock.idtv_valid == REBLOCK_NO)
		(void)tell(s, "stale-mask", s->exit, "later", i);
}

/* Somebody outside has opened NMIs, as they were told that they were open. */
static const char *written_back(const struct state *s, uint32_t truth)
{
	if (!(truth & SIM_MISSED_MASK) || !s->told_stale || s->masked)
		return NULL;
	return s->events ? "write-back" : NULL;
}

/* RSM has opened NMIs that were blocked when the SMI came. */
static void rsm(struct state *s, size_t i)
{
	if (!s->smi || !s->written || s->masked)
		return;
	s->smi = false;
	if (s->events)
		return;
	s->opened = "smm";
	s->opened_exit = s->smi_exit;
	(void)tell(s, "missed-reblock", s->smi_exit, "smm", i);
}

static bool entry(struct state *s, size_t i)
{
	uint32_t truth = s->run->truth[i];
	const char *back = written_back(s, truth);
	bool wrong = false;

	if (truth & (SIM_MISSED | SIM_TASK_OPEN | SIM_LOST | SIM_SILENT | SIM_MISSED_MASK)) {
		s->opened = back;
		s->opened_exit = s->exit;
	}
	/* What follows is that other hypervisor's doing. */
	if (truth & SIM_STOOD_IN)
		return false;
	if (back)
		(void)tell(s, "missed-reblock", s->exit, back, i);
	rsm(s, i);
	if ((truth & SIM_NESTED) && s->opened)
		(void)tell(s, "nmi-in-nmi", s->opened_exit, s->opened, i);
	/* An NMI that goes in again, and that user space has said to be masked: its own mistake. */
	if ((truth & SIM_REINJECTED) && !(truth & SIM_WRITTEN))
		wrong |= tell(s, "reinject-blocked", s->exit,
			      says_bit12(&s->run->whole[s->exit]) ? NULL : "again", i);
	if (truth & SIM_RESERVED)
		wrong |= tell(s, "reserved-bit", s->exit, injection(&s->run->whole[s->exit]), i);
	for (size_t k = 0; k < sizeof(wrongs) / sizeof(wrongs[0]); k++)
		if (truth & wrongs[k].truth)
			wrong |= tell(s, wrongs[k].kind, s->exit, NULL, i);
	/* A turn that comes again: nothing was done about its exit. */
	if (i + 1 < s->run->n && s->run->cell[i + 1] == s->run->cell[i] &&
	    s->run->whole[i + 1].kind == REBLOCK_EXIT)
		wrong |= tell(s, "iret-livelock", s->exit, NULL, i);
	return !wrong;
}

void policy_differences(const struct run *run,
			void (*each)(void *context, const struct difference *difference),
			void *context)
{
	struct state s = { .run = run, .each = each, .context = context };

	for (size_t i = 0; i < run->n; i++) {
		const struct reblock_record *r = &run->whole[i];

		switch (r->kind) {
		case REBLOCK_EXIT:
			s.exit = i;
			s.told_stale = s.events = s.written = false;
			break;
		case REBLOCK_ENTRY:
			if (!entry(&s, i))
				return;
			break;
		default:
			operation(&s, r, run->truth[i]);
			if (s.told_stale && r->kind == REBLOCK_MASK_READ)
				stale_mask(&s, i);
			break;
		}
	}
}
