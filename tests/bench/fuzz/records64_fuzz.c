/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The harness that a small core gets first, to compare with: 256 bytes are 64 records, four bytes each, exit and entry in turn,
 * and the audit judges them. One input, one vCPU, one short trace.
 */
#include <string.h>
#include <reblock/audit.h>
#include "fuzz.h"

#define RECORDS 64

static void make_record(struct reblock_record *record, const uint8_t *bytes, unsigned number)
{
	static const uint16_t reasons[] = { REBLOCK_REASON_EPT_VIOLATION,
					    REBLOCK_REASON_EXCEPTION_NMI,
					    REBLOCK_REASON_EXTERNAL_INTERRUPT,
					    REBLOCK_REASON_NMI_WINDOW };

	*record =
		(struct reblock_record){ .t = 1000 * (number + 1ull),
					 .rip = 0x1000u + bytes[0],
					 .pin = REBLOCK_PIN_NMI_EXITING | REBLOCK_PIN_VIRTUAL_NMIS,
					 .interruptibility = bytes[1] & 8u,
					 .seq = (uint16_t)number,
					 .vm = 1,
					 .presence = REBLOCK_HAS_RIP | REBLOCK_HAS_PIN |
						     REBLOCK_HAS_INTERRUPTIBILITY |
						     REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_SEQ };
	if (bytes[2] & 1)
		record->intr_info = 0x80000202; /* an NMI */
	if (number % 2) {
		record->kind = REBLOCK_ENTRY;
		return;
	}
	record->kind = REBLOCK_EXIT;
	record->presence |= REBLOCK_HAS_REASON | REBLOCK_HAS_QUALIFICATION |
			    REBLOCK_HAS_IDT_VECTORING;
	record->reason = reasons[bytes[3] % 4];
	record->qualification = (bytes[3] & 16u) << 8 | 0x181;
	record->intr_info = record->reason == REBLOCK_REASON_EXCEPTION_NMI ?
				    0x80000b0e | (bytes[3] & 16u) << 8 :
				    0;
	if (bytes[2] & 2)
		record->idt_vectoring = 0x80000202;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reblock_record records[RECORDS];
	const struct reblock_source source = { .presence = REBLOCK_SOURCE_CAPTURES |
							   REBLOCK_SOURCE_FIELDS,
					       .captures = 1u << REBLOCK_EXIT | 1u << REBLOCK_ENTRY,
					       .fields = 0xffff };
	const struct reblock_audit_options options = { 0 };
	uint8_t bytes[4 * RECORDS] = { 0 };
	struct reblock_audit *audit;

	memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
	for (unsigned i = 0; i < RECORDS; i++)
		make_record(&records[i], bytes + (size_t)4 * i, i);
	audit = reblock_audit_new(&source, &options);
	FUZZ_CHECK(audit != NULL);
	FUZZ_CHECK(reblock_audit_feed(audit, 0, records, RECORDS) == 0);
	FUZZ_CHECK(reblock_audit_finish(audit) == 0);
	reblock_audit_free(audit);
	return 0;
}
