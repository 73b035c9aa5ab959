/* SPDX-License-Identifier: BSD-2-Clause */
/* The decision diagram of the SDM, "Information About NMI Unblocking Due to IRET", step by step. */
#include <inttypes.h>
#include <string.h>
#include <reblock/json.h>
#include <reblock/processor.h>
#include "report/explain_steps.h"

/* Takes down one step of the diagram: the question, its answer, the field it rests on, and what follows. */
static void step(struct explain_step **next, enum explain_node node, const char *question,
		 enum reblock_tri answer, const char *from, const char *then)
{
	struct explain_step *s = (*next)++;

	s->node = node;
	s->question = question;
	s->answer = answer;
	s->then = then;
	snprintf(s->from, sizeof(s->from), "%s", from);
}

static const char *raw(char text[2 * DECODE_MAX], const struct reblock_record *x, unsigned has,
		       const char *name, uint64_t value, const char *meaning)
{
	if (!reblock_has(x, has))
		snprintf(text, 2 * DECODE_MAX, "%s is absent: this source did not see it", name);
	else
		snprintf(text, 2 * DECODE_MAX, "%s 0x%" PRIx64 "%s%s", name, value,
			 *meaning ? ": " : "", meaning);
	return text;
}

static void step_failed(struct explain_step **next, const struct reblock_record *x,
			const struct reblock_unblock *u)
{
	char text[2 * DECODE_MAX], meaning[DECODE_MAX];

	step(next, EXPLAIN_NODE_FAILED, "Did the VM entry fail (exit reason, bit 31)?",
	     u->failed_entry,
	     raw(text, x, REBLOCK_HAS_REASON, "reason", x->reason,
		 decode_reason(x->reason, meaning)),
	     u->failed_entry == REBLOCK_YES ? "the exit's other fields mean nothing (rule 1.3)" :
					      NULL);
}

static void step_field(struct explain_step **next, const struct reblock_record *x,
		       const struct reblock_unblock *u)
{
	char text[2 * DECODE_MAX], meaning[DECODE_MAX];
	uint32_t basic = x->reason & REBLOCK_REASON_BASIC;
	const char *then = NULL;
	enum reblock_tri answer = REBLOCK_YES;

	raw(text, x, REBLOCK_HAS_REASON, "reason", x->reason, decode_reason(x->reason, meaning));
	switch (u->field) {
	case REBLOCK_BIT12_IN_INTR_INFO:
		then = "bit 12 of the VM-exit interruption information (rule 1.3)";
		raw(text, x, REBLOCK_HAS_INTR_INFO, "intr_info", x->intr_info,
		    decode_interruption(x->intr_info, DECODE_BIT12_EXIT, meaning));
		break;
	case REBLOCK_BIT12_IN_QUALIFICATION:
		then = "bit 12 of the exit qualification (rule 1.3)";
		break;
	case REBLOCK_BIT12_NOWHERE:
		answer = REBLOCK_NO;
		then = "no exit of this kind says whether an IRET unblocked NMIs (rule 1.3)";
		if (basic == REBLOCK_REASON_APIC_ACCESS || basic == REBLOCK_REASON_EPT_MISCONFIG)
			then = "had an IRET caused it, NMIs would be unblocked with no word of it (rule 1.3)";
		else if (basic == REBLOCK_REASON_EXCEPTION_NMI)
			raw(text, x, REBLOCK_HAS_INTR_INFO, "intr_info", x->intr_info,
			    decode_interruption(x->intr_info, DECODE_BIT12_EXIT, meaning));
		break;
	case REBLOCK_BIT12_FIELD_UNKNOWN:
		answer = REBLOCK_UNKNOWN;
		if (reblock_has(x, REBLOCK_HAS_REASON))
			raw(text, x, REBLOCK_HAS_INTR_INFO, "intr_info", x->intr_info, "");
		break;
	}
	step(next, EXPLAIN_NODE_FIELD,
	     "Does this exit have a field for \"NMI unblocking due to IRET\" (bit 12)?", answer,
	     text, then);
}

static void step_controls(struct explain_step **next, const struct explain *e,
			  const struct reblock_unblock *u)
{
	char text[2 * DECODE_MAX], meaning[DECODE_MAX];

	raw(text, &e->exit, REBLOCK_HAS_PIN, "pin", e->exit.pin, decode_pin(e->exit.pin, meaning));
	if (e->assumed_pin)
		snprintf(text, sizeof(text),
			 "pin is absent; assumed by --vnmi: NMI exiting 1, virtual NMIs %d",
			 (e->exit.pin & REBLOCK_PIN_VIRTUAL_NMIS) != 0);
	step(next, EXPLAIN_NODE_CONTROLS, "Is \"NMI exiting\" 0 or \"virtual NMIs\" 1?",
	     u->controls, text,
	     u->controls == REBLOCK_NO ? "bit 12 is undefined (rule 1.4)" : NULL);
}

static void step_idtv(struct explain_step **next, const struct reblock_record *x,
		      const struct reblock_unblock *u)
{
	char text[2 * DECODE_MAX], meaning[DECODE_MAX];

	step(next, EXPLAIN_NODE_IDTV,
	     "Does the exit set the valid bit of the IDT-vectoring information?", u->idtv_valid,
	     raw(text, x, REBLOCK_HAS_IDT_VECTORING, "idt_vectoring", x->idt_vectoring,
		 decode_interruption(x->idt_vectoring, DECODE_BIT12_IDTV, meaning)),
	     u->idtv_valid == REBLOCK_YES ? "bit 12 is undefined (rule 1.4)" : NULL);
}

static void step_double_fault(struct explain_step **next, const struct reblock_record *x,
			      const struct reblock_unblock *u)
{
	char text[2 * DECODE_MAX], meaning[DECODE_MAX];
	bool exception = (x->reason & REBLOCK_REASON_BASIC) == REBLOCK_REASON_EXCEPTION_NMI;

	if (reblock_has(x, REBLOCK_HAS_REASON) && !exception)
		snprintf(text, sizeof(text), "the exit is due to no exception");
	else
		raw(text, x, REBLOCK_HAS_INTR_INFO, "intr_info", x->intr_info,
		    decode_interruption(x->intr_info, DECODE_BIT12_EXIT, meaning));
	step(next, EXPLAIN_NODE_DOUBLE_FAULT, "Is the exit due to a double fault?", u->double_fault,
	     text, u->double_fault == REBLOCK_YES ? "bit 12 is undefined (rule 1.4)" : NULL);
}

static void step_bit12(struct explain_step **next, const struct reblock_record *x,
		       const struct reblock_unblock *u)
{
	char text[2 * DECODE_MAX], meaning[DECODE_MAX];
	const char *then = NULL;

	if (u->field == REBLOCK_BIT12_IN_INTR_INFO)
		raw(text, x, REBLOCK_HAS_INTR_INFO, "intr_info", x->intr_info,
		    decode_interruption(x->intr_info, DECODE_BIT12_EXIT, meaning));
	else if (u->field == REBLOCK_BIT12_IN_QUALIFICATION)
		raw(text, x, REBLOCK_HAS_QUALIFICATION, "qualification", x->qualification,
		    decode_qualification(x->reason, x->qualification, meaning));
	else
		snprintf(text, sizeof(text), "which field would hold it is not known");
	if (u->defined == REBLOCK_NO)
		then = "undefined: it can be anything and must not be used";
	else if (u->defined == REBLOCK_UNKNOWN)
		then = "whether it is defined is not known";
	step(next, EXPLAIN_NODE_BIT12, "Is bit 12 set?", u->bit12, text, then);
}

const char *explain_outcome(const struct reblock_unblock *u)
{
	if (u->failed_entry == REBLOCK_YES)
		return "The entry failed: nothing ran, nothing was unblocked.";
	if (u->unblocked == REBLOCK_YES)
		return "An IRET began with NMIs blocked, has unblocked them, and did not complete: bit 12 is defined and 1.";
	if (u->unblocked == REBLOCK_UNKNOWN)
		return "Whether an IRET has unblocked NMIs cannot be known from the fields that are there.";
	if (u->field == REBLOCK_BIT12_NOWHERE)
		return "The processor says nothing about an IRET here.";
	if (u->defined == REBLOCK_NO)
		return "Bit 12 is undefined: nothing may be concluded from it.";
	return "No IRET unblocked NMIs at this exit: bit 12 is defined and 0.";
}

unsigned explain_steps(const struct explain *e, const struct reblock_unblock *u,
		       struct explain_step steps[EXPLAIN_STEPS])
{
	struct explain_step *next = steps;

	step_failed(&next, &e->exit, u);
	if (u->failed_entry == REBLOCK_YES)
		return 1;
	step_field(&next, &e->exit, u);
	if (u->field == REBLOCK_BIT12_NOWHERE)
		return 2;
	step_controls(&next, e, u);
	step_idtv(&next, &e->exit, u);
	step_double_fault(&next, &e->exit, u);
	step_bit12(&next, &e->exit, u);
	return (unsigned)(next - steps);
}

const char *explain_between(unsigned bit_number)
{
	/* In the order of enum reblock_between. */
	static const char *const texts[] = {
		"the hypervisor set its NMI mask",
		"user space set the vCPU's events",
		"user space ran, and this source does not record its events writes",
		"an exit to user space cannot be excluded: this source does not say that it records them",
		"the entry used another VMCS (nested guest)",
		"whether the entry used the same VMCS is not known",
	};

	return bit_number < sizeof(texts) / sizeof(texts[0]) ? texts[bit_number] : NULL;
}

const char *explain_answer(enum reblock_tri answer)
{
	static const char *const answers[] = {
		[REBLOCK_NO] = "no", [REBLOCK_YES] = "yes", [REBLOCK_UNKNOWN] = "not known"
	};

	return answers[answer];
}
