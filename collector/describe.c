// SPDX-License-Identifier: BSD-2-Clause
#include "internal.h"

#include <string.h>

#ifndef REBLOCK_VERSION
#define REBLOCK_VERSION "(unversioned)"
#endif

static void describe_host(struct reblock_source *source, const struct host *host)
{
	const struct host_parameters *p = &host->parameters;
	const struct {
		int value;
		uint8_t *to;
		uint32_t presence;
	} known[] = {
		{ p->ept, &source->ept, REBLOCK_SOURCE_EPT },
		{ p->vnmi, &source->vnmi, REBLOCK_SOURCE_VNMI },
		{ p->pml, &source->pml, REBLOCK_SOURCE_PML },
		{ p->nested, &source->nested, REBLOCK_SOURCE_NESTED },
		{ host->bare_metal, &source->bare_metal, REBLOCK_SOURCE_BARE_METAL },
	};

	snprintf(source->source, sizeof(source->source), "reblock record " REBLOCK_VERSION);
	snprintf(source->host, sizeof(source->host), "%s", host->name);
	snprintf(source->kernel, sizeof(source->kernel), "%s", host->kernel);
	snprintf(source->clock, sizeof(source->clock), "monotonic");
	if (host->cpu.known) {
		source->family = host->cpu.family;
		source->model = host->cpu.model;
		source->stepping = host->cpu.stepping;
		source->presence |= REBLOCK_SOURCE_CPU;
	}
	if (host->cpu.microcode_known) {
		source->microcode = host->cpu.microcode;
		source->presence |= REBLOCK_SOURCE_MICROCODE;
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (known[i].value < 0)
			continue;
		*known[i].to = (uint8_t)known[i].value;
		source->presence |= known[i].presence;
	}
}

void collector_describe(struct reblock_source *source, const struct host *host,
			const struct attached *attached)
{
	memset(source, 0, sizeof(*source));
	describe_host(source, host);

	/* Lost records and the names of VMs need no attach point of their own. */
	source->captures = 1u << REBLOCK_LOST | 1u << REBLOCK_META;
	for (enum point i = 0; i < POINTS; i++) {
		if (attached->links[i] && point_descriptions[i].kind)
			source->captures |= 1u << point_descriptions[i].kind;
	}
	source->fields = REBLOCK_HAS_REASON | REBLOCK_HAS_RIP | REBLOCK_HAS_QUALIFICATION |
			 REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_RIP_SAME | REBLOCK_HAS_SEQ;
	if (attached->shape.idt_vectoring)
		source->fields |= REBLOCK_HAS_IDT_VECTORING;
	if (attached->entry_intr_info)
		source->fields |= REBLOCK_HAS_NMI_INJECTED;
	if (attached->way != WAY_CLASSIC) {
		source->fields |= REBLOCK_HAS_L2 | REBLOCK_HAS_NMI_INJECTED | REBLOCK_HAS_MASKED |
				  REBLOCK_HAS_PENDING;
		if (attached->shape.controls)
			source->fields |= REBLOCK_HAS_PIN | REBLOCK_HAS_EXEC;
		if (attached->shape.recover_after)
			source->fields |= REBLOCK_HAS_NMI_KNOWN_UNMASKED;
	}
	/* No kernel keeps a copy of the interruptibility that BPF could read. */
	if (attached->links[POINT_VMREAD]) {
		source->fields |= host->vmread;
		if (host->vmread & REBLOCK_HAS_INTR_INFO)
			source->fields |= REBLOCK_HAS_NMI_INJECTED;
	}
	if (host->evmcs && attached->way != WAY_CLASSIC)
		source->fields |= REBLOCK_HAS_INTERRUPTIBILITY;
	source->presence |= REBLOCK_SOURCE_CAPTURES | REBLOCK_SOURCE_FIELDS;
}
