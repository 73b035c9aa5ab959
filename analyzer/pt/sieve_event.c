/* SPDX-License-Identifier: BSD-2-Clause */
/* The sieve's part for Event Trace: EVDs wait for their CFE, and the CFE says what may follow. */
#include "pt/sieve_out.h"

/* What there is of time, and nothing else. */
#define TIMES \
	(PT_KIND_BIT(PAD) | PT_KIND_BIT(CYC) | PT_KIND_BIT(MTC) | PT_KIND_BIT(TSC) | \
	 PT_KIND_BIT(TMA) | PT_KIND_BIT(CBR))

bool pt_fup_follows(const uint8_t *at, const uint8_t *end)
{
	return pt_follows(at, end, PT_KIND_FUP, TIMES);
}

bool pt_pge_follows(const uint8_t *at, const uint8_t *end)
{
	return pt_follows(at, end, PT_KIND_TIP_PGE,
			  TIMES | PT_KIND_BIT(PSBEND) | PT_KIND_BIT(PIP) | PT_KIND_BIT(VMCS) |
				  PT_KIND_BIT(MODE) | PT_KIND_BIT(MNT));
}

bool pt_take_evd(struct pt_sieve *s, uint64_t offset, const uint8_t *at)
{
	uint64_t says = pt_number(at + 3, 8);
	uint16_t had;

	if (s->fup)
		return false;
	if (!s->evd)
		s->data = (struct pt_mark){ .offset = offset };
	s->evd = true;
	had = s->data.has;
	switch (at[2] & PT_EVD_TYPE) {
	case PT_EVD_CR2:
		s->data.has |= PT_HAS_CR2;
		s->data.cr2 = says;
		break;
	case PT_EVD_VMXQ:
		s->data.has |= PT_HAS_QUALIFICATION;
		s->data.qualification = says;
		break;
	case PT_EVD_VMXR:
		s->data.has |= PT_HAS_REASON;
		s->data.reason = says;
		break;
	default:
		return true;
	}
	return s->data.has != had;
}

static void put_evd(struct pt_sieve *s, enum pt_event_has what, uint8_t type, uint64_t says)
{
	if (!(s->data.has & what))
		return;
	s->out[s->size++] = 0x02;
	s->out[s->size++] = 0x53;
	s->out[s->size++] = type;
	pt_put_number(s, says, 8);
}

bool pt_take_cfe(struct pt_sieve *s, uint64_t offset, const uint8_t *at, const uint8_t *rest,
		 const uint8_t *end)
{
	uint8_t type = at[2] & PT_CFE_TYPE, cfe[PT_CFE_SIZE] = { 0x02, 0x13, at[2], at[3] };
	bool ip = at[2] & PT_CFE_IP,
	     fup = !ip && s->state == PT_SIEVE_ON && pt_fup_follows(rest, end);
	bool exit = type == PT_CFE_VMEXIT || type == PT_CFE_VMEXIT_INTR, as_is = true;
	struct pt_mark *mark;

	/* there is no type 0 */
	if (s->fup || !type || (ip && s->state != PT_SIEVE_ON))
		return false;
	if (type == PT_CFE_INTR || exit)
		as_is = ip || fup || s->state == PT_SIEVE_OFF;
	else if (type == PT_CFE_IRET || type == PT_CFE_VMENTRY)
		fup = false;
	else
		as_is = fup = false;
	if (exit || type == PT_CFE_VMENTRY)
		s->nr = !exit;
	mark = pt_put_mark(s, s->evd ? s->data.offset : offset);
	if (!s->evd)
		s->data.has = 0;
	s->data.has &= exit                ? PT_HAS_QUALIFICATION | PT_HAS_REASON :
		       type == PT_CFE_INTR ? PT_HAS_CR2 :
					     0;
	if (as_is) {
		put_evd(s, PT_HAS_CR2, PT_EVD_CR2, s->data.cr2);
		put_evd(s, PT_HAS_QUALIFICATION, PT_EVD_VMXQ, s->data.qualification);
		put_evd(s, PT_HAS_REASON, PT_EVD_VMXR, s->data.reason);
	} else {
		mark->cfe = type;
		mark->vector = at[3];
		mark->has |= s->data.has;
		mark->reason = s->data.has & PT_HAS_REASON ? s->data.reason : 0;
		mark->qualification = s->data.has & PT_HAS_QUALIFICATION ? s->data.qualification :
									   0;
		mark->cr2 = s->data.has & PT_HAS_CR2 ? s->data.cr2 : 0;
		cfe[2] = PT_CFE_SHUTDOWN | (at[2] & PT_CFE_IP);
	}
	pt_put(s, cfe, sizeof(cfe));
	s->last = PT_KIND_CFE;
	s->tnt = s->evd = false;
	s->open = true;
	s->cfe = ip || fup;
	s->cfe_has_ip = ip;
	return true;
}
