/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands in for fields that a source cannot carry at all. */
#include "state.h"
#include "planted.h"

/* Only where the source does not carry the field: one that it carries and that is absent is unknown. */
static bool can_carry(const struct reblock_audit *audit, unsigned field)
{
	return (audit->source.presence & REBLOCK_SOURCE_FIELDS) && (audit->source.fields & field);
}

bool audit_takes_l2_as_0(const struct reblock_audit *audit, const struct audit_vcpu *v)
{
	return !v->has_l2 && !can_carry(audit, REBLOCK_HAS_L2);
}

void audit_assume(struct reblock_audit *audit, struct audit_vcpu *v, struct reblock_record *r)
{
	if (reblock_has(r, REBLOCK_HAS_L2)) {
		v->has_l2 = true;
	} else if (PLANTED(106, audit_takes_l2_as_0(audit, v), true)) {
		r->presence |= REBLOCK_HAS_L2;
		r->flags &= (uint8_t)~REBLOCK_L2;
		v->summary.assumes |= REBLOCK_ASSUMES_L2_0;
	}
	if (reblock_has(r, REBLOCK_HAS_PIN) || audit->options.vnmi == REBLOCK_VNMI_NOT_ASSUMED ||
	    can_carry(audit, REBLOCK_HAS_PIN))
		return;
	r->presence |= REBLOCK_HAS_PIN;
	r->pin = REBLOCK_PIN_NMI_EXITING;
	if (audit->options.vnmi == REBLOCK_VNMI_ON) {
		r->pin |= REBLOCK_PIN_VIRTUAL_NMIS;
		v->summary.assumes |= REBLOCK_ASSUMES_VNMI_ON;
	} else {
		v->summary.assumes |= REBLOCK_ASSUMES_VNMI_OFF;
	}
}

enum reblock_tri audit_l2(const struct reblock_record *r)
{
	if (!reblock_has(r, REBLOCK_HAS_L2))
		return REBLOCK_UNKNOWN;
	return reblock_tri_of(reblock_flag(r, REBLOCK_L2));
}
