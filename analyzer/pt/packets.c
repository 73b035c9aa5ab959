/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * By libipt's packet decoder, of any 2.x: what belongs together is found here, as libipt's event decoder does it. That of
 * 2.0.5 knows no CFE and EVD; its callback for unknown packets takes them.
 */
#include <errno.h>
#include <stdlib.h>
#include "pt/decoder.h"
#include "pt/libipt.h"
#include "pt/packet.h"

#ifdef REBLOCK_LIBIPT

enum {
	HELD = 16, /* more PIPs and VMCSs than the sieve lets through in one go */
};

struct pt_decoder {
	struct pt_packet_decoder *packets;
	const uint8_t *bytes;
	size_t size, at;
	uint64_t mark;
	uint64_t ip; /* of the FUP in PSB+, or the one that waits for its TIP */
	bool psb, on, fup, overflow;
	bool cfe_waits, cfe_bound;
	struct pt_atom cfe;        /* the CFE and EVDs that wait for a FUP or a CFE */
	struct pt_atom held[HELD]; /* PIPs and VMCSs that wait for PSBEND or TIP */
	unsigned n_held;
	struct pt_atom ready[HELD + 2];
	unsigned n_ready, given;
};

static int take_unknown(struct pt_packet_unknown *unknown, const struct libipt_config *config,
			const uint8_t *at, void *context)
{
	size_t left = (size_t)(config->end - at);

	(void)unknown;
	(void)context;
	if (left >= PT_CFE_SIZE && at[0] == 0x02 && at[1] == 0x13)
		return PT_CFE_SIZE;
	if (left >= PT_EVD_SIZE && at[0] == 0x02 && at[1] == 0x53)
		return PT_EVD_SIZE;
	return -pte_bad_opc;
}

static int open_packets(struct pt_decoder **decoder, const uint8_t *bytes, size_t size)
{
	struct libipt_config config;
	struct pt_decoder *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	pt_config_init(&config);
	config.begin = (uint8_t *)bytes;
	config.end = (uint8_t *)bytes + size;
	config.decode.callback = take_unknown;
	d->bytes = bytes;
	d->size = size;
	d->packets = pt_pkt_alloc_decoder(&config);
	if (!d->packets || pt_pkt_sync_set(d->packets, 0) < 0) {
		pt_pkt_free_decoder(d->packets);
		free(d);
		return -ENOMEM;
	}
	*decoder = d;
	return 0;
}

static void close_packets(struct pt_decoder *d)
{
	pt_pkt_free_decoder(d->packets);
	free(d);
}

static struct pt_atom *give(struct pt_decoder *d, struct pt_atom atom)
{
	struct pt_atom *slot = &d->ready[d->n_ready++];

	*slot = atom;
	slot->mark = d->mark;
	return slot;
}

static void give_held(struct pt_decoder *d, enum pt_bound bound)
{
	for (unsigned i = 0; i < d->n_held; i++)
		give(d, d->held[i])->bound = bound;
	d->n_held = 0;
}

static bool hold_or_give(struct pt_decoder *d, struct pt_atom atom)
{
	if (!d->psb && !d->fup) {
		give(d, atom);
		return true;
	}
	if (d->n_held == HELD)
		return false;
	d->held[d->n_held++] = atom;
	return true;
}

static void end_psb(struct pt_decoder *d)
{
	struct pt_atom state = { .kind = PT_ATOM_STATE };

	if (d->on) {
		state.ip = d->ip;
		state.has = PT_HAS_IP;
	}
	give(d, state);
	give_held(d, PT_BOUND_STATE);
	d->psb = false;
}

static void take_overflow(struct pt_decoder *d)
{
	struct pt_atom overflow = { .kind = PT_ATOM_OVERFLOW };

	/* It ends PSB+ too. That packets are off is not known then. */
	if (d->psb && d->on)
		end_psb(d);
	else if (d->psb)
		give_held(d, PT_BOUND_STATE);
	d->psb = d->on = d->fup = d->cfe_waits = false;
	d->n_held = 0;
	/* Packets are on: a FUP says where they go on. The sieve leaves nothing between. */
	d->overflow = d->at < d->size && (d->bytes[d->at] & 0x1f) == 0x1d;
	if (!d->overflow)
		give(d, overflow);
}

static void take_fup(struct pt_decoder *d, uint64_t ip, bool has_ip)
{
	struct pt_atom overflow = { .kind = PT_ATOM_OVERFLOW, .ip = ip };
	uint16_t has = has_ip ? PT_HAS_IP : 0;

	if (d->psb) {
		d->on = has_ip;
		d->ip = ip;
		return;
	}
	if (d->overflow) {
		overflow.has = has;
		give(d, overflow);
		d->overflow = false;
		d->on = true;
		return;
	}
	d->fup = true;
	d->ip = ip;
	if (d->cfe_waits) {
		d->cfe.ip = ip;
		d->cfe.has |= has;
		give(d, d->cfe);
		d->fup = !d->cfe_bound;
		d->cfe_waits = false;
	}
}

static void take_branch(struct pt_decoder *d, enum pt_atom_kind kind, uint64_t to, bool has_to)
{
	struct pt_atom branch = { .kind = kind, .to = to, .has = has_to ? PT_HAS_TO : 0 };

	if (d->fup && kind != PT_ATOM_PGE) {
		branch.ip = d->ip;
		branch.has |= PT_HAS_IP;
	}
	give(d, branch);
	give_held(d, PT_BOUND_BRANCH);
	d->fup = false;
	if (kind != PT_ATOM_TIP)
		d->on = kind == PT_ATOM_PGE;
}

static void take_cfe(struct pt_decoder *d, const uint8_t *at)
{
	bool ip = at[2] & PT_CFE_IP, delivered;

	d->cfe.kind = PT_ATOM_CFE;
	d->cfe.cfe = at[2] & PT_CFE_TYPE;
	d->cfe.vector = at[3];
	delivered = d->cfe.cfe == PT_CFE_INTR || d->cfe.cfe == PT_CFE_VMEXIT ||
		    d->cfe.cfe == PT_CFE_VMEXIT_INTR;
	d->cfe_bound = ip;
	d->cfe_waits = ip || (delivered && d->on);
	if (!d->cfe_waits)
		give(d, d->cfe);
}

static void take_evd(struct pt_decoder *d, const uint8_t *at)
{
	uint64_t says = pt_number(at + 3, 8);

	switch (at[2] & PT_EVD_TYPE) {
	case PT_EVD_CR2:
		d->cfe.cr2 = says;
		d->cfe.has |= PT_HAS_CR2;
		break;
	case PT_EVD_VMXQ:
		d->cfe.qualification = says;
		d->cfe.has |= PT_HAS_QUALIFICATION;
		break;
	case PT_EVD_VMXR:
		d->cfe.reason = says;
		d->cfe.has |= PT_HAS_REASON;
		break;
	default:
		break;
	}
}

static bool take_extended(struct pt_decoder *d, const uint8_t *at)
{
	bool event = at[0] == 0x02 && (at[1] == 0x13 || at[1] == 0x53);

	if (!event)
		return false;
	if (!d->cfe_waits && d->cfe.cfe)
		d->cfe = (struct pt_atom){ .kind = PT_ATOM_CFE };
	if (at[1] == 0x13)
		take_cfe(d, at);
	else
		take_evd(d, at);
	return true;
}

static bool take(struct pt_decoder *d, const struct pt_packet *packet, const uint8_t *at)
{
	const struct pt_packet_ip *ip = &packet->payload.ip;
	bool has_ip = ip->ipc != pt_ipc_suppressed;
	struct pt_atom pip = { .kind = PT_ATOM_PIP }, vmcs = { .kind = PT_ATOM_VMCS };

	/* Whatever this libipt calls them. */
	if (take_extended(d, at))
		return true;
	switch (packet->type) {
	case ppt_psb:
		d->psb = true;
		return true;
	case ppt_psbend:
		end_psb(d);
		return true;
	case ppt_tsc:
		d->mark = packet->payload.tsc.tsc;
		return true;
	case ppt_tnt_8:
		give(d, (struct pt_atom){ .kind = PT_ATOM_TNT });
		return true;
	case ppt_fup:
		take_fup(d, has_ip ? ip->ip : 0, has_ip);
		return true;
	case ppt_tip:
		take_branch(d, PT_ATOM_TIP, has_ip ? ip->ip : 0, has_ip);
		return true;
	case ppt_tip_pge:
		take_branch(d, PT_ATOM_PGE, has_ip ? ip->ip : 0, has_ip);
		return true;
	case ppt_tip_pgd:
		take_branch(d, PT_ATOM_PGD, has_ip ? ip->ip : 0, has_ip);
		return true;
	case ppt_pip:
		pip.cr3 = packet->payload.pip.cr3;
		pip.nr = packet->payload.pip.nr;
		return hold_or_give(d, pip);
	case ppt_vmcs:
		vmcs.vmcs = packet->payload.vmcs.base;
		return hold_or_give(d, vmcs);
	case ppt_ovf:
		take_overflow(d);
		return true;
	default:
		/* the sieve lets nothing else through */
		return false;
	}
}

static int next_atom(struct pt_decoder *d, struct pt_atom *atom)
{
	struct pt_packet packet;
	int size;

	while (d->given == d->n_ready) {
		d->given = d->n_ready = 0;
		size = pt_pkt_next(d->packets, &packet, sizeof(packet));
		if (size == -pte_eos)
			return 0;
		if (size <= 0)
			return -EBADMSG;
		d->at += (size_t)size;
		if (!take(d, &packet, d->bytes + d->at - size))
			return -EBADMSG;
	}
	*atom = d->ready[d->given++];
	return 1;
}

const struct pt_decoder_ops pt_by_packets = {
	.open = open_packets,
	.next = next_atom,
	.close = close_packets,
};

#else

static int open_packets(struct pt_decoder **decoder, const uint8_t *bytes, size_t size)
{
	(void)decoder;
	(void)bytes;
	(void)size;
	return -ENOTSUP;
}

const struct pt_decoder_ops pt_by_packets = { .open = open_packets };

#endif
