/* SPDX-License-Identifier: BSD-2-Clause */
#include "pt/assemble.h"

enum { HAS_STATE = PT_HAS_NR | PT_HAS_CR3 | PT_HAS_VMCS };

void pt_assemble_begin(struct pt_assembler *a, const struct pt_mark *marks, size_t n)
{
	*a = (struct pt_assembler){ .marks = marks, .n_marks = n };
}

static void set_nr(struct pt_assembler *a, bool nr)
{
	a->state.nr = nr;
	a->state.has |= PT_HAS_NR;
}

/* What it is, now that all of it is there. PIP has put its NR into now.nr. */
static void name_it(struct pt_assembler *a)
{
	struct pt_event *e = &a->now;
	bool changed = a->paging && a->state.has & PT_HAS_NR && a->state.nr != e->nr;

	if (changed && !e->cfe && e->type != PT_EVENT_STATE)
		e->type = e->nr ? PT_EVENT_ENTRY : PT_EVENT_EXIT;
	if (a->paging)
		set_nr(a, e->nr);
	if (e->type == PT_EVENT_EXIT || e->type == PT_EVENT_ENTRY) {
		set_nr(a, e->type == PT_EVENT_ENTRY);
		/* The other side has another one. */
		if (!a->paging)
			a->state.has &= ~PT_HAS_CR3;
	}
	if (e->type == PT_EVENT_ASYNC && e->ends)
		e->type = PT_EVENT_DISABLED;
	if (e->type == PT_EVENT_PAGING && e->begins)
		e->type = PT_EVENT_ENABLED;
	if (e->type == PT_EVENT_PAGING && e->ends)
		e->type = PT_EVENT_DISABLED;
	if (e->type == PT_EVENT_VMCS && e->begins)
		e->type = PT_EVENT_ENABLED;
	if (e->type == PT_EVENT_VMCS && e->ends)
		e->type = PT_EVENT_DISABLED;
}

/* Where neither exit nor entry came of it, the branch that came next was another's. */
static void leave_branch(struct pt_event *e)
{
	if (e->type != PT_EVENT_PAGING && e->type != PT_EVENT_VMCS)
		return;
	e->has &= ~PT_HAS_TO;
	e->to = 0;
}

static void finish(struct pt_assembler *a)
{
	struct pt_event *e = &a->now;

	if (!e->type)
		return;
	if (a->paging) {
		a->state.cr3 = e->cr3;
		a->state.has |= PT_HAS_CR3;
	}
	if (a->vmcs) {
		a->state.vmcs = e->vmcs;
		a->state.has |= PT_HAS_VMCS;
	}
	name_it(a);
	leave_branch(e);
	e->has = (e->has & ~HAS_STATE) | (a->state.has & HAS_STATE);
	e->nr = a->state.nr;
	e->cr3 = e->has & PT_HAS_CR3 ? a->state.cr3 : 0;
	e->vmcs = a->state.vmcs;
	a->ready[a->n_ready++] = *e;
	*e = (struct pt_event){ .type = 0 };
}

static void begin(struct pt_assembler *a, const struct pt_atom *atom, enum pt_event_type type)
{
	const struct pt_mark *mark = &a->marks[atom->mark < a->n_marks ? atom->mark : 0];

	finish(a);
	a->branch = a->paging = a->vmcs = false;
	a->now = (struct pt_event){ .type = type,
				    .offset = mark->offset,
				    .tsc = mark->tsc,
				    .packet = mark->packet,
				    .packet_counted = mark->packet_counted,
				    .counted = mark->counted,
				    .guest_tsc = mark->guest,
				    .at_mtc = mark->at_mtc,
				    .has = mark->has & PT_HAS_TSC };
}

static void add_addresses(struct pt_event *e, const struct pt_atom *atom)
{
	if (atom->has & PT_HAS_IP)
		e->ip = atom->ip;
	if (atom->has & PT_HAS_TO)
		e->to = atom->to;
	e->has |= atom->has & (PT_HAS_IP | PT_HAS_TO);
}

static enum pt_event_type type_of_cfe(uint8_t cfe)
{
	switch (cfe) {
	case PT_CFE_INTR:
		return PT_EVENT_INTERRUPT;
	case PT_CFE_IRET:
		return PT_EVENT_IRET;
	case PT_CFE_VMENTRY:
		return PT_EVENT_ENTRY;
	case PT_CFE_VMEXIT:
	case PT_CFE_VMEXIT_INTR:
		return PT_EVENT_EXIT;
	default:
		return PT_EVENT_OTHER;
	}
}

static bool has_vector(uint8_t cfe)
{
	return cfe == PT_CFE_INTR || cfe == PT_CFE_VMEXIT_INTR || cfe == PT_CFE_SIPI ||
	       cfe == PT_CFE_UINTR || cfe == PT_CFE_SWINTR;
}

static void take_cfe(struct pt_assembler *a, const struct pt_atom *atom)
{
	const struct pt_mark *mark = &a->marks[atom->mark < a->n_marks ? atom->mark : 0];
	uint8_t cfe = mark->cfe ? mark->cfe : atom->cfe;
	const enum pt_event_has data = PT_HAS_REASON | PT_HAS_QUALIFICATION | PT_HAS_CR2;
	struct pt_event *e = &a->now;

	begin(a, atom, type_of_cfe(cfe));
	add_addresses(e, atom);
	e->cfe = cfe;
	/* What the sieve had to give another name says all itself. */
	e->has |= (mark->cfe ? mark->has : atom->has) & data;
	e->reason = mark->cfe ? mark->reason : atom->reason;
	e->qualification = mark->cfe ? mark->qualification : atom->qualification;
	e->cr2 = mark->cfe ? mark->cr2 : atom->cr2;
	if (has_vector(cfe)) {
		e->vector = mark->cfe ? mark->vector : atom->vector;
		e->has |= PT_HAS_VECTOR;
	}
}

static void take_pip(struct pt_assembler *a, const struct pt_atom *atom)
{
	bool bound = atom->bound != PT_BOUND_NO;

	if (!a->now.type || a->branch != (atom->bound == PT_BOUND_BRANCH) ||
	    (!bound && (a->paging || a->now.type == PT_EVENT_STATE)))
		begin(a, atom, PT_EVENT_PAGING);
	a->paging = true;
	a->now.cr3 = atom->cr3;
	a->now.nr = atom->nr;
}

static void take_vmcs(struct pt_assembler *a, const struct pt_atom *atom)
{
	bool bound = atom->bound != PT_BOUND_NO;

	if (!a->now.type || a->branch != (atom->bound == PT_BOUND_BRANCH) ||
	    (!bound && (a->vmcs || a->now.type == PT_EVENT_STATE)))
		begin(a, atom, PT_EVENT_VMCS);
	a->vmcs = true;
	a->now.vmcs = atom->vmcs;
}

/* Whether the branch ATOM is that of the event that is being put together. */
static bool is_its_branch(const struct pt_assembler *a, const struct pt_atom *atom)
{
	const struct pt_event *e = &a->now;

	if (!e->type || a->branch || e->type == PT_EVENT_STATE || e->type == PT_EVENT_GAP)
		return false;
	if (!(atom->has & PT_HAS_IP))
		return true;
	/* The FUP before the branch says where an event came from. An instruction's has none. */
	if (!e->cfe || e->type == PT_EVENT_IRET || e->type == PT_EVENT_ENTRY)
		return false;
	return !(e->has & PT_HAS_IP) || e->ip == atom->ip;
}

static void take_branch(struct pt_assembler *a, const struct pt_atom *atom)
{
	struct pt_event *e = &a->now;

	if (!is_its_branch(a, atom)) {
		if (atom->has & PT_HAS_IP)
			begin(a, atom, PT_EVENT_ASYNC);
		else if (atom->kind == PT_ATOM_PGE)
			begin(a, atom, PT_EVENT_ENABLED);
		else if (atom->kind == PT_ATOM_PGD)
			begin(a, atom, PT_EVENT_DISABLED);
		else {
			finish(a);
			return;
		}
	}
	add_addresses(e, atom);
	e->begins = atom->kind == PT_ATOM_PGE;
	e->ends = atom->kind == PT_ATOM_PGD;
	a->branch = true;
	/* Only with a FUP can PIP and VMCS be bound to the branch. */
	if (!(atom->has & PT_HAS_IP))
		finish(a);
}

void pt_assemble(struct pt_assembler *a, const struct pt_atom *atom)
{
	switch (atom->kind) {
	case PT_ATOM_STATE:
		begin(a, atom, PT_EVENT_STATE);
		add_addresses(&a->now, atom);
		break;
	case PT_ATOM_CFE:
		take_cfe(a, atom);
		break;
	case PT_ATOM_PIP:
		take_pip(a, atom);
		break;
	case PT_ATOM_VMCS:
		take_vmcs(a, atom);
		break;
	case PT_ATOM_TIP:
	case PT_ATOM_PGE:
	case PT_ATOM_PGD:
		take_branch(a, atom);
		break;
	case PT_ATOM_OVERFLOW:
		finish(a);
		a->state = (struct pt_event){ .type = 0 };
		begin(a, atom, PT_EVENT_GAP);
		add_addresses(&a->now, atom);
		a->now.gap = PT_GAP_OVERFLOW;
		finish(a);
		break;
	case PT_ATOM_TNT:
		if (!a->branch)
			finish(a);
		break;
	case PT_ATOM_END:
		finish(a);
		break;
	}
}

bool pt_assembled(struct pt_assembler *a, struct pt_event *event)
{
	if (a->given == a->n_ready) {
		a->given = a->n_ready = 0;
		return false;
	}
	*event = a->ready[a->given++];
	return true;
}
