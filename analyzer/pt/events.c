/* SPDX-License-Identifier: BSD-2-Clause */
/* By libipt's event decoder, of 2.1 and later. */
#include <errno.h>
#include "pt/decoder.h"
#include "pt/libipt.h"

#if defined(REBLOCK_LIBIPT) && PT_LIBIPT_EVENTS

static int open_events(struct pt_decoder **decoder, const uint8_t *bytes, size_t size)
{
	struct libipt_config config;
	struct pt_event_decoder *events;

	pt_config_init(&config);
	config.begin = (uint8_t *)bytes;
	config.end = (uint8_t *)bytes + size;
	events = pt_evt_alloc_decoder(&config);
	if (!events)
		return -ENOMEM;
	/* It reads PSB+ already. What it does not like there pt_evt_next says once more. */
	(void)pt_evt_sync_set(events, 0);
	*decoder = (struct pt_decoder *)events;
	return 0;
}

static void close_events(struct pt_decoder *decoder)
{
	pt_evt_free_decoder((struct pt_event_decoder *)decoder);
}

static void set_ip(struct pt_atom *atom, const struct libipt_event *e, uint64_t ip)
{
	if (e->ip_suppressed)
		return;
	atom->ip = ip;
	atom->has |= PT_HAS_IP;
}

static void set_to(struct pt_atom *atom, const struct libipt_event *e, uint64_t to)
{
	if (e->ip_suppressed)
		return;
	atom->to = to;
	atom->has |= PT_HAS_TO;
}

static void set_cfe(struct pt_atom *atom, const struct libipt_event *e, uint8_t cfe, uint64_t ip)
{
	atom->kind = PT_ATOM_CFE;
	atom->cfe = cfe;
	set_ip(atom, e, ip);
}

/* Branches, and packets on and off. */
static bool branch_of(struct pt_atom *atom, const struct libipt_event *e)
{
	switch (e->type) {
	case ptev_enabled:
		if (e->status_update) {
			atom->kind = PT_ATOM_STATE;
			set_ip(atom, e, e->variant.enabled.ip);
			return true;
		}
		atom->kind = PT_ATOM_PGE;
		set_to(atom, e, e->variant.enabled.ip);
		return true;
	case ptev_disabled:
		atom->kind = e->status_update ? PT_ATOM_STATE : PT_ATOM_PGD;
		if (!e->status_update)
			set_to(atom, e, e->variant.disabled.ip);
		return true;
	case ptev_async_disabled:
		atom->kind = PT_ATOM_PGD;
		set_to(atom, e, e->variant.async_disabled.ip);
		atom->ip = e->variant.async_disabled.at;
		atom->has |= PT_HAS_IP;
		return true;
	case ptev_async_branch:
		atom->kind = PT_ATOM_TIP;
		set_to(atom, e, e->variant.async_branch.to);
		atom->ip = e->variant.async_branch.from;
		atom->has |= PT_HAS_IP;
		return true;
	case ptev_tip:
		atom->kind = PT_ATOM_TIP;
		set_to(atom, e, e->variant.tip.ip);
		return true;
	case ptev_tnt:
		atom->kind = PT_ATOM_TNT;
		return true;
	case ptev_overflow:
		atom->kind = PT_ATOM_OVERFLOW;
		set_ip(atom, e, e->variant.overflow.ip);
		return true;
	default:
		return false;
	}
}

static bool context_of(struct pt_atom *atom, const struct libipt_event *e)
{
	switch (e->type) {
	case ptev_paging:
		atom->kind = PT_ATOM_PIP;
		atom->cr3 = e->variant.paging.cr3;
		atom->nr = e->variant.paging.non_root;
		return true;
	case ptev_async_paging:
		atom->kind = PT_ATOM_PIP;
		atom->bound = e->status_update ? PT_BOUND_STATE : PT_BOUND_BRANCH;
		atom->cr3 = e->variant.async_paging.cr3;
		atom->nr = e->variant.async_paging.non_root;
		return true;
	case ptev_vmcs:
		atom->kind = PT_ATOM_VMCS;
		atom->vmcs = e->variant.vmcs.base;
		return true;
	case ptev_async_vmcs:
		atom->kind = PT_ATOM_VMCS;
		atom->bound = e->status_update ? PT_BOUND_STATE : PT_BOUND_BRANCH;
		atom->vmcs = e->variant.async_vmcs.base;
		return true;
	default:
		return false;
	}
}

static bool cfe_of(struct pt_atom *atom, const struct libipt_event *e)
{
	switch (e->type) {
	case ptev_interrupt:
		set_cfe(atom, e, PT_CFE_INTR, e->variant.interrupt.ip);
		atom->vector = e->variant.interrupt.vector;
		atom->cr2 = e->variant.interrupt.cr2;
		atom->has |= e->variant.interrupt.has_cr2 ? PT_HAS_CR2 : 0;
		return true;
	case ptev_iret:
		set_cfe(atom, e, PT_CFE_IRET, e->variant.iret.ip);
		return true;
	case ptev_vmentry:
		set_cfe(atom, e, PT_CFE_VMENTRY, e->variant.vmentry.ip);
		return true;
	case ptev_vmexit:
		set_cfe(atom, e, e->variant.vmexit.has_vector ? PT_CFE_VMEXIT_INTR : PT_CFE_VMEXIT,
			e->variant.vmexit.ip);
		atom->vector = e->variant.vmexit.vector;
		atom->reason = e->variant.vmexit.vmxr;
		atom->qualification = e->variant.vmexit.vmxq;
		atom->has |= e->variant.vmexit.has_vmxr ? PT_HAS_REASON : 0;
		atom->has |= e->variant.vmexit.has_vmxq ? PT_HAS_QUALIFICATION : 0;
		return true;
	case ptev_shutdown:
		set_cfe(atom, e, PT_CFE_SHUTDOWN, e->variant.shutdown.ip);
		return true;
	default:
		return false;
	}
}

static int next_event(struct pt_decoder *decoder, struct pt_atom *atom)
{
	struct libipt_event e;
	int status;

	for (;;) {
		status = pt_evt_next((struct pt_event_decoder *)decoder, &e, sizeof(e));
		if (status == -pte_eos)
			return 0;
		if (status < 0)
			return -EBADMSG;
		*atom = (struct pt_atom){ .mark = e.has_tsc ? e.tsc : 0 };
		if (branch_of(atom, &e) || context_of(atom, &e) || cfe_of(atom, &e))
			return 1;
		/* the rest is of no use: what mode the processor is in, for one */
	}
}

const struct pt_decoder_ops pt_by_events = {
	.open = open_events,
	.next = next_event,
	.close = close_events,
};

#else

static int open_events(struct pt_decoder **decoder, const uint8_t *bytes, size_t size)
{
	(void)decoder;
	(void)bytes;
	(void)size;
	return -ENOTSUP;
}

const struct pt_decoder_ops pt_by_events = { .open = open_events };

#endif
