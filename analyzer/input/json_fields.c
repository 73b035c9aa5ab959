/* SPDX-License-Identifier: BSD-2-Clause */
#include <reblock/json.h>
#include "input/json_fields.h"

#define K(kind) (1 << REBLOCK_##kind)
#define EVERY_KIND ((1 << REBLOCK_KINDS) - 2)
#define OF_A_VCPU (EVERY_KIND & ~K(META))
#define EXIT_ENTRY (K(EXIT) | K(ENTRY))
#define WITNESS_TOO (EXIT_ENTRY | K(WITNESS))
#define AT(member) (uint8_t)(offsetof(struct reblock_record, member))

#define U64(key, kinds, has, member, hex) \
	key, kinds, REBLOCK_HAS_##has, UINT64_MAX, JSON_FIELD_U64, hex, AT(member), 0
#define U32(key, kinds, has, member, hex) \
	key, kinds, REBLOCK_HAS_##has, UINT32_MAX, JSON_FIELD_U32, hex, AT(member), 0
#define U16(key, kinds, has, member, hex) \
	key, kinds, REBLOCK_HAS_##has, UINT16_MAX, JSON_FIELD_U16, hex, AT(member), 0
#define FLAG(key, kinds, has, bit) \
	key, kinds, REBLOCK_HAS_##has, 1, JSON_FIELD_FLAG, 0, AT(flags), REBLOCK_##bit

const struct json_field json_fields[] = {
	{ "t", EVERY_KIND, 0, REBLOCK_NO_TIME - 1, JSON_FIELD_U64, 0, AT(t), 0 },
	{ "vm", EVERY_KIND, 0, REBLOCK_NO_VM - 1, JSON_FIELD_U32, 0, AT(vm), 0 },
	{ "vcpu", OF_A_VCPU, 0, REBLOCK_NO_VCPU - 1, JSON_FIELD_U16, 0, AT(vcpu), 0 },
	{ "cpu", EVERY_KIND, 0, REBLOCK_NO_CPU - 1, JSON_FIELD_U16, 0, AT(cpu), 0 },
	{ U16("seq", EVERY_KIND & ~K(WITNESS), SEQ, seq, 0) },
	{ "saw", K(WITNESS), REBLOCK_HAS_ERROR_CODE, REBLOCK_SAW_KINDS - 1, JSON_FIELD_SAW, 0,
	  AT(error_code), 0 },
	{ U32("reason", K(EXIT) | K(USER_EXIT) | K(WITNESS), REASON, reason, 0) },
	{ U64("qualification", K(EXIT) | K(WITNESS), QUALIFICATION, qualification, 1) },
	{ U64("to", K(WITNESS), QUALIFICATION, qualification, 1) },
	{ "vector", K(WITNESS), REBLOCK_HAS_INTR_INFO, REBLOCK_INTR_VECTOR, JSON_FIELD_U32, 0,
	  AT(intr_info), 0 },
	{ U32("intr_info", EXIT_ENTRY, INTR_INFO, intr_info, 1) },
	{ U32("error_code", EXIT_ENTRY, ERROR_CODE, error_code, 1) },
	{ U32("idt_vectoring", K(EXIT), IDT_VECTORING, idt_vectoring, 1) },
	{ U32("interruptibility", EXIT_ENTRY, INTERRUPTIBILITY, interruptibility, 1) },
	{ U16("pin", EXIT_ENTRY, PIN, pin, 1) },
	{ U32("exec", EXIT_ENTRY, EXEC, exec, 1) },
	{ U64("rip", WITNESS_TOO, RIP, rip, 1) },
	{ FLAG("rip_same", K(ENTRY), RIP_SAME, RIP_SAME) },
	{ FLAG("l2", WITNESS_TOO, L2, L2) },
	{ FLAG("nmi_injected", K(ENTRY), NMI_INJECTED, NMI_INJECTED) },
	{ "no_other_injection", K(ENTRY), 0, 1, JSON_FIELD_FLAG, 0, AT(flags),
	  REBLOCK_NO_OTHER_INJECTION },
	{ FLAG("nmi_known_unmasked", EXIT_ENTRY, NMI_KNOWN_UNMASKED, NMI_KNOWN_UNMASKED) },
	{ "left_out", EXIT_ENTRY, 0, 1, JSON_FIELD_FLAG, 0, AT(flags), REBLOCK_LEFT_OUT },
	{ FLAG("masked", K(MASK_WRITE) | K(MASK_READ) | K(EVENTS_WRITE), MASKED, MASKED) },
	{ FLAG("blocked", K(BLOCKED_READ), MASKED, MASKED) },
	{ FLAG("at_iret", K(WITNESS), MASKED, MASKED) },
	{ FLAG("injected", K(EVENTS_WRITE), NMI_INJECTED, NMI_INJECTED) },
	{ FLAG("pending", K(EVENTS_WRITE), PENDING, PENDING) },
	{ U64("count", K(LOST), QUALIFICATION, qualification, 0) },
	{ U32("pid", K(META), ERROR_CODE, error_code, 0) },
	{ "name", K(META), REBLOCK_HAS_RIP, 0, JSON_FIELD_NAME, 0, AT(rip), 0 },
	{ NULL, 0, 0, 0, 0, 0, 0, 0 },
};

#define SOURCE_AT(member) \
	(uint16_t)(offsetof(struct reblock_source, member)), \
		(uint16_t)sizeof(((struct reblock_source *)0)->member)

const struct json_source_field json_source_fields[] = {
	{ "source", 0, JSON_SOURCE_TEXT, 0, SOURCE_AT(source) },
	{ "host", 0, JSON_SOURCE_TEXT, 0, SOURCE_AT(host) },
	{ "kernel", 0, JSON_SOURCE_TEXT, 0, SOURCE_AT(kernel) },
	{ "clock", 0, JSON_SOURCE_TEXT, 0, SOURCE_AT(clock) },
	{ "microcode", REBLOCK_SOURCE_MICROCODE, JSON_SOURCE_U32, 1, SOURCE_AT(microcode) },
	{ "tsc_khz", REBLOCK_SOURCE_TSC_KHZ, JSON_SOURCE_U32, 0, SOURCE_AT(tsc_khz) },
	{ "ept", REBLOCK_SOURCE_EPT, JSON_SOURCE_FLAG, 0, SOURCE_AT(ept) },
	{ "vnmi", REBLOCK_SOURCE_VNMI, JSON_SOURCE_FLAG, 0, SOURCE_AT(vnmi) },
	{ "pml", REBLOCK_SOURCE_PML, JSON_SOURCE_FLAG, 0, SOURCE_AT(pml) },
	{ "nested", REBLOCK_SOURCE_NESTED, JSON_SOURCE_FLAG, 0, SOURCE_AT(nested) },
	{ "bare_metal", REBLOCK_SOURCE_BARE_METAL, JSON_SOURCE_FLAG, 0, SOURCE_AT(bare_metal) },
	{ NULL, 0, 0, 0, 0, 0 },
};

static const char *const presence_names[JSON_PRESENCES] = {
	"reason",
	"rip",
	"qualification",
	"intr_info",
	"error_code",
	"idt_vectoring",
	"interruptibility",
	"pin",
	"exec",
	"l2",
	"nmi_known_unmasked",
	"nmi_injected",
	"rip_same",
	"masked",
	"pending",
	"seq",
};

const char *reblock_field_name(unsigned bit)
{
	return bit < JSON_PRESENCES ? presence_names[bit] : NULL;
}

const char *reblock_kind_name(unsigned kind)
{
	static const char *const names[REBLOCK_KINDS] = {
		[REBLOCK_EXIT] = "exit",
		[REBLOCK_ENTRY] = "entry",
		[REBLOCK_MASK_WRITE] = "mask_write",
		[REBLOCK_MASK_READ] = "mask_read",
		[REBLOCK_BLOCKED_READ] = "blocked_read",
		[REBLOCK_EVENTS_WRITE] = "events_write",
		[REBLOCK_USER_EXIT] = "user_exit",
		[REBLOCK_LOST] = "lost",
		[REBLOCK_META] = "meta",
		[REBLOCK_WITNESS] = "witness",
	};

	return kind < REBLOCK_KINDS ? names[kind] : NULL;
}

const char *reblock_witness_name(unsigned saw)
{
	static const char *const names[REBLOCK_SAW_KINDS] = {
		[REBLOCK_SAW_INTERRUPT] = "interrupt",
		[REBLOCK_SAW_ASYNC] = "async",
		[REBLOCK_SAW_IRET] = "iret",
		[REBLOCK_SAW_EXIT] = "exit",
		[REBLOCK_SAW_ENTRY] = "entry",
		[REBLOCK_SAW_OTHER] = "other",
		[REBLOCK_SAW_GAP] = "gap",
	};

	return saw < REBLOCK_SAW_KINDS ? names[saw] : NULL;
}

bool json_field_fits(const struct json_field *f, const struct reblock_record *r)
{
	bool exit = r->error_code == REBLOCK_SAW_EXIT;

	if (r->kind != REBLOCK_WITNESS || f->offset != AT(qualification))
		return true;
	return exit == (f->kinds >> REBLOCK_EXIT & 1);
}
