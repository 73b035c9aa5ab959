// SPDX-License-Identifier: BSD-2-Clause
#include "shape.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Which argument of a tracepoint is the vCPU, from 0; -1: none. TYPE is the typedef of its probes. */
static int vcpu_argument(const struct btf *btf, const struct btf_type *type)
{
	const struct btf_param *params;

	type = btf__type_by_id(btf, type->type);
	if (!type || !btf_is_ptr(type))
		return -1;
	type = btf__type_by_id(btf, type->type);
	if (!type || !btf_is_func_proto(type))
		return -1;
	params = btf_params(type);
	/* The first parameter is the probe's own data. */
	for (int i = 1; i < btf_vlen(type); i++) {
		const struct btf_type *to = btf__type_by_id(btf, params[i].type);

		if (!to || !btf_is_ptr(to))
			continue;
		to = btf__type_by_id(btf, to->type);
		if (to && (btf_is_struct(to) || btf_is_fwd(to)) &&
		    !strcmp(btf__name_by_offset(btf, to->name_off), "kvm_vcpu"))
			return i - 1;
	}
	return -1;
}

static void look_at_typedef(const struct btf *btf, const struct btf_type *type, const char *name,
			    struct shape *shape)
{
	if (!strcmp(name, "btf_trace_kvm_exit")) {
		int argument = vcpu_argument(btf, type);

		shape->exit = argument == 0 ? EXIT_VCPU_ISA :
			      argument == 1 ? EXIT_REASON_VCPU_ISA :
					      EXIT_UNKNOWN;
	} else if (!strcmp(name, "btf_trace_kvm_entry")) {
		shape->entry_has_vcpu = vcpu_argument(btf, type) == 0;
	}
}

static bool has_member(const struct btf *btf, const struct btf_type *type, const char *name)
{
	for (int i = 0; i < btf_vlen(type); i++) {
		if (!strcmp(btf__name_by_offset(btf, btf_members(type)[i].name_off), name))
			return true;
	}
	return false;
}

static bool has_enumerator(const struct btf *btf, const struct btf_type *type, const char *name)
{
	for (int i = 0; i < btf_vlen(type); i++) {
		if (!strcmp(btf__name_by_offset(btf, btf_enum(type)[i].name_off), name))
			return true;
	}
	return false;
}

void shape_look(const struct btf *btf, const struct btf *base, struct shape *shape)
{
	for (__u32 id = base ? btf__type_cnt(base) : 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const char *name;

		if (!btf_is_typedef(type) && !btf_is_struct(type) && !btf_is_enum(type))
			continue;
		name = btf__name_by_offset(btf, type->name_off);
		if (btf_is_typedef(type)) {
			look_at_typedef(btf, type, name, shape);
		} else if (btf_is_enum(type) && !strcmp(name, "kvm_reg")) {
			/* These came with 5.8, as the move of kvm_exit before the recovery did. */
			shape->recover_after |=
				has_enumerator(btf, type, "VCPU_EXREG_EXIT_INFO_1") ||
				has_enumerator(btf, type, "VCPU_REG_EXIT_INFO_1");
		} else if (btf_is_struct(type) && !strcmp(name, "kvm_vcpu_stat")) {
			/* Right since 5.12; this is the next change that BTF shows, of 5.14. */
			shape->idt_vectoring |= has_member(btf, type, "generic");
		} else if (btf_is_struct(type) && !strcmp(name, "loaded_vmcs")) {
			shape->controls |= has_member(btf, type, "controls_shadow");
		}
	}
}

struct field {
	const char *name;
	unsigned size;
	uint32_t *offset;
};

/* One line: "\tfield:unsigned int exit_reason;\toffset:8;\tsize:4;\tsigned:0;" */
static void parse_field(char *line, const struct field *fields, size_t n)
{
	char *end = strchr(line, ';'), *name;
	unsigned offset, size;

	if (!end || !strstr(line, "field:"))
		return;
	*end = 0;
	name = strrchr(line, ' ');
	if (!name || sscanf(end + 1, " offset:%u; size:%u;", &offset, &size) != 2)
		return;
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(name + 1, fields[i].name) && size == fields[i].size)
			*fields[i].offset = offset;
	}
}

static void parse_format(FILE *format, const struct field *fields, size_t n)
{
	size_t size = 0;
	char *line = NULL;

	while (getline(&line, &size, format) > 0 && strncmp(line, "print fmt", 9))
		parse_field(line, fields, n);
	free(line);
}

int shape_parse_exit(FILE *format, struct classic_exit_format *at)
{
	const struct field fields[] = {
		{ "exit_reason", 4, &at->reason },
		{ "guest_rip", 8, &at->rip },
		{ "info1", 8, &at->info1 },
		{ "info2", 8, &at->info2 },
		{ "intr_info", 4, &at->intr_info },
		{ "vcpu_id", 4, &at->vcpu },
		{ "isa", 4, &at->isa },
	};

	memset(at, 0, sizeof(*at));
	parse_format(format, fields, sizeof(fields) / sizeof(*fields));
	return at->reason && at->info1 && at->isa ? 0 : -EINVAL;
}

int shape_parse_entry(FILE *format, struct classic_entry_format *at)
{
	const struct field fields[] = {
		{ "vcpu_id", 4, &at->vcpu },
		{ "rip", 8, &at->rip },
		{ "intr_info", 4, &at->intr_info },
	};

	memset(at, 0, sizeof(*at));
	parse_format(format, fields, sizeof(fields) / sizeof(*fields));
	return at->vcpu ? 0 : -EINVAL;
}

int shape_parse_user_exit(FILE *format, struct classic_user_exit_format *at)
{
	const struct field fields[] = {
		{ "reason", 4, &at->reason },
		{ "errno", 4, &at->error },
	};

	memset(at, 0, sizeof(*at));
	parse_format(format, fields, sizeof(fields) / sizeof(*fields));
	return at->reason && at->error ? 0 : -EINVAL;
}
