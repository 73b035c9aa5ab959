/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the formats of a recording have what is needed; what the recording therefore carries. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <event-parse.h>
#include "input/kvm_state.h"

/* Where F is, if it is a number of a size that can be read. */
static void place(const struct tep_format_field *f, struct kvm_field *field)
{
	const unsigned long not_a_number = TEP_FIELD_IS_ARRAY | TEP_FIELD_IS_STRING |
					   TEP_FIELD_IS_DYNAMIC | TEP_FIELD_IS_RELATIVE;

	memset(field, 0, sizeof(*field));
	if (!f || (f->flags & not_a_number) || f->offset < 0 || f->offset > UINT16_MAX - 8 ||
	    (f->size != 1 && f->size != 2 && f->size != 4 && f->size != 8))
		return;
	field->offset = (uint16_t)f->offset;
	field->size = (uint8_t)f->size;
	field->is_signed = (f->flags & TEP_FIELD_IS_SIGNED) != 0;
}

struct wanted {
	const char *name, *or_name; /* or_name: what another version calls it, or NULL */
	size_t at;                  /* of the struct kvm_field */
	bool must;                  /* without it the event is of no use */
};

#define AT(member) offsetof(struct kvm_events, member)

static const struct wanted of_exit[] = {
	{ "exit_reason", NULL, AT(exit.reason), true },
	{ "guest_rip", NULL, AT(exit.rip), true },
	{ "isa", NULL, AT(exit.isa), true },
	{ "info1", NULL, AT(exit.info1), true },
	{ "info2", NULL, AT(exit.info2), true },
	{ "intr_info", NULL, AT(exit.intr_info), false },
	{ "error_code", NULL, AT(exit.error_code), false },
	{ "vcpu_id", NULL, AT(exit.vcpu_id), false },
	{ NULL, NULL, 0, false },
};
static const struct wanted of_entry[] = {
	{ "vcpu_id", NULL, AT(entry.vcpu_id), true },
	{ "rip", NULL, AT(entry.rip), false },
	{ "intr_info", NULL, AT(entry.intr_info), false },
	{ "error_code", NULL, AT(entry.error_code), false },
	{ NULL, NULL, 0, false },
};
static const struct wanted of_user_exit[] = {
	{ "reason", NULL, AT(user_exit.reason), true },
	{ "errno", NULL, AT(user_exit.errno_), false },
	{ NULL, NULL, 0, false },
};
static const struct wanted of_virq[] = {
	{ "irq", "vector", AT(virq.vector), true }, /* "vector" since 6.0 */
	{ "soft", NULL, AT(virq.soft), false },
	{ NULL, NULL, 0, false },
};
static const struct wanted of_exception[] = {
	{ "exception", NULL, AT(exception.exception), true },
	{ "has_error", NULL, AT(exception.has_error), true },
	{ "error_code", NULL, AT(exception.error_code), true },
	{ "reinjected", NULL, AT(exception.reinjected), false },
	{ NULL, NULL, 0, false },
};
static const struct wanted of_nested[] = { { NULL, NULL, 0, false } };

static const struct {
	const char *name;
	enum kvm_kind kind;
	const struct wanted *fields;
} events[] = {
	{ "kvm_exit", KVM_EXIT, of_exit },
	{ "kvm_entry", KVM_ENTRY, of_entry },
	{ "kvm_userspace_exit", KVM_USERSPACE_EXIT, of_user_exit },
	{ "kvm_inj_virq", KVM_INJ_VIRQ, of_virq },
	{ "kvm_inj_exception", KVM_INJ_EXCEPTION, of_exception },
	{ "kvm_nested_vmexit", KVM_NESTED, of_nested },
	{ "kvm_nested_vmenter", KVM_NESTED, of_nested },
	{ "kvm_nested_vmrun", KVM_NESTED, of_nested },
	{ "kvm_nested_vmexit_inject", KVM_NESTED, of_nested },
	{ "kvm_nested_intr_vmexit", KVM_NESTED, of_nested },
	{ "kvm_nested_vmenter_failed", KVM_NESTED, of_nested },
};

/* Finds the fields; returns whether all that must be are there. */
static bool find_fields(struct kvm_events *k, struct tep_event *event, enum kvm_kind kind,
			const struct wanted *w)
{
	for (; w->name; w++) {
		struct kvm_field *field = (struct kvm_field *)(void *)((char *)k + w->at);

		place(tep_find_field(event, w->name), field);
		if (!field->size && w->or_name)
			place(tep_find_field(event, w->or_name), field);
		if (!field->size && w->must)
			return false;
		if (field->size && (uint32_t)field->offset + field->size > k->needs[kind])
			k->needs[kind] = (uint32_t)field->offset + field->size;
	}
	return true;
}

/* Whether RELEASE is 5.12 or later; false where it is not known. */
static bool has_fix(const char *release)
{
	unsigned major, minor;

	return sscanf(release, "%u.%u", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 12));
}

struct kvm_events *kvm_events_new(struct tep_handle *tep, const char *release,
				  kvm_events_name_fn *name, void *context)
{
	struct kvm_events *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->name = name;
	k->context = context;
	for (size_t i = 0; release && release[i] && i < sizeof(k->release) - 1; i++)
		k->release[i] = (char)(isgraph((unsigned char)release[i]) ? release[i] : '?');
	k->idtv_trusted = has_fix(k->release);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		struct tep_event *event = tep_find_event_by_name(tep, "kvm", events[i].name);

		if (!event || event->id <= 0 || event->id >= KVM_IDS)
			continue;
		if (!find_fields(k, event, events[i].kind, events[i].fields))
			continue;
		k->kind[event->id] = (uint8_t)events[i].kind;
		if (strcmp(events[i].name, "kvm_nested_vmexit") == 0)
			k->nested_vmexit = event->id;
		if (!k->common_pid.size)
			place(tep_find_common_field(event, "common_pid"), &k->common_pid);
	}
	return k;
}

void kvm_events_recorded(struct kvm_events *k, int id)
{
	if (id <= 0 || id >= KVM_IDS || k->kind[id] == KVM_OTHER)
		return;
	k->recorded[k->kind[id]] = true;
	k->recorded_nested_vmexit |= id == k->nested_vmexit;
	k->follow_injections = k->recorded[KVM_INJ_VIRQ] && k->recorded[KVM_INJ_EXCEPTION];
}

bool kvm_events_enough(const struct kvm_events *k)
{
	return k->recorded[KVM_EXIT] && k->recorded[KVM_ENTRY];
}

bool kvm_events_wants(const struct kvm_events *k, int id)
{
	return id > 0 && id < KVM_IDS && k->kind[id] != KVM_OTHER;
}

void kvm_events_source(const struct kvm_events *k, struct reblock_source *source)
{
	source->captures = 1u << REBLOCK_EXIT | 1u << REBLOCK_ENTRY | 1u << REBLOCK_LOST |
			   1u << REBLOCK_META;
	if (k->recorded[KVM_USERSPACE_EXIT])
		source->captures |= 1u << REBLOCK_USER_EXIT;
	source->fields = REBLOCK_HAS_REASON | REBLOCK_HAS_RIP | REBLOCK_HAS_QUALIFICATION |
			 REBLOCK_HAS_INTR_INFO;
	if (k->exit.intr_info.size)
		source->fields |= REBLOCK_HAS_IDT_VECTORING;
	if (k->exit.error_code.size)
		source->fields |= REBLOCK_HAS_ERROR_CODE;
	if (k->recorded_nested_vmexit)
		source->fields |= REBLOCK_HAS_L2;
	source->presence |= REBLOCK_SOURCE_CAPTURES | REBLOCK_SOURCE_FIELDS;
}

void kvm_events_free(struct kvm_events *k)
{
	if (!k)
		return;
	u64_map_free(&k->thread_of);
	u64_map_free(&k->vms_of);
	u64_map_free(&k->vm_of);
	u64_map_free(&k->told);
	free(k->vcpus);
	free(k->threads);
	free(k);
}
