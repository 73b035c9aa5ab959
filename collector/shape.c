// SPDX-License-Identifier: BSD-2-Clause
#include "shape.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Which argument of tracepoint NAME is the vCPU, from 0; -1: none, or no such tracepoint here. */
static int vcpu_argument(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF);
	const struct btf_type *type;
	const struct btf_param *params;

	if (id < 0)
		return -1;
	type = btf__type_by_id(btf, btf__type_by_id(btf, (__u32)id)->type);
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

enum exit_shape shape_exit(const struct btf *btf)
{
	switch (vcpu_argument(btf, "btf_trace_kvm_exit")) {
	case 0:
		return EXIT_VCPU_ISA;
	case 1:
		return EXIT_REASON_VCPU_ISA;
	default:
		return EXIT_UNKNOWN;
	}
}

bool shape_entry_has_vcpu(const struct btf *btf)
{
	return vcpu_argument(btf, "btf_trace_kvm_entry") == 0;
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
