/* SPDX-License-Identifier: BSD-2-Clause */
/* The formats of KVM's events: out of the table, and into TRACING_DATA. */
#include <stdlib.h>
#include <string.h>
#include "perf_build_parts.h"

const char *const perf_build_names[PERF_BUILD_EVENTS] = {
	"kvm_exit",     "kvm_entry",         "kvm_userspace_exit",
	"kvm_inj_virq", "kvm_inj_exception", "kvm_nested_vmexit",
};

/* Where the members of struct perf_build_fields go, by the name of the field. */
static const struct member {
	const char *name;
	size_t at, size;
} members[] = {
#define AT(field) \
	offsetof(struct perf_build_fields, field), sizeof(((struct perf_build_fields *)0)->field)
	{ "exit_reason", AT(reason) },
	{ "guest_rip", AT(rip) },
	{ "isa", AT(isa) },
	{ "info1", AT(info1) },
	{ "info2", AT(info2) },
	{ "intr_info", AT(intr_info) },
	{ "error_code", AT(error_code) },
	{ "vcpu_id", AT(vcpu_id) },
	{ "rip", AT(rip) },
	{ "reason", AT(reason) },
	{ "errno", AT(error) },
	{ "irq", AT(vector) },
	{ "vector", AT(vector) },
	{ "exception", AT(vector) },
	{ "soft", AT(soft) },
	{ "has_error", AT(has_error) },
	{ "reinjected", AT(reinjected) },
#undef AT
};

/* Reads the lines behind "format EVENT VERSION". */
static void read_format(const struct perf_build *b, struct event *e, const char *name,
			const char *version)
{
	char line[256], wanted[128];
	FILE *table = fopen(b->o.table, "r");
	struct bytes_out text = { NULL, 0, 0 };
	bool in = false;

	if (!table)
		abort();
	snprintf(wanted, sizeof(wanted), "format %s %s\n", name, version);
	while (fgets(line, sizeof(line), table)) {
		char field[64] = "";
		unsigned offset, size;

		if (line[0] != '\t') {
			in = strcmp(line, wanted) == 0;
			continue;
		}
		if (!in)
			continue;
		append(&text, line, strlen(line));
		if (sscanf(line, " field:%63[^;]; offset:%u; size:%u;", field, &offset, &size) !=
			    3 ||
		    e->n == FIELDS)
			abort();
		snprintf(e->place[e->n].name, sizeof(e->place[e->n].name), "%s",
			 strrchr(field, ' ') + 1);
		e->place[e->n].offset = offset;
		e->place[e->n].size = size;
		for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
			if (strcmp(e->place[e->n].name, members[i].name) == 0) {
				e->place[e->n].from = members[i].at;
				e->place[e->n].from_size = members[i].size;
			}
		e->n++;
		e->size = (offset + size + 7) & ~7u;
	}
	append(&text, "", 1);
	e->fields = (char *)text.data;
	fclose(table);
}

void read_formats(struct perf_build *b)
{
	char line[256], version[16], of[PERF_BUILD_EVENTS][16];
	FILE *table = fopen(b->o.table, "r");
	bool found = false;

	if (!table) {
		fprintf(stderr, "cannot open %s\n", b->o.table);
		exit(1);
	}
	while (!found && fgets(line, sizeof(line), table))
		found = sscanf(line, "version %15s %15s %15s %15s %15s %15s %15s", version, of[0],
			       of[1], of[2], of[3], of[4], of[5]) == 7 &&
			strcmp(version, b->o.version) == 0;
	fclose(table);
	if (!found) {
		fprintf(stderr, "%s has no version %s\n", b->o.table, b->o.version);
		exit(1);
	}
	for (unsigned i = 0; i < PERF_BUILD_EVENTS; i++)
		read_format(b, &b->events[i], perf_build_names[i], of[i]);
}

/* The names that perf script prints for exit reasons: it has to look each one up, as with the kernel's own. */
static const struct {
	unsigned reason;
	const char *name;
} reasons[] = {
	{ 0, "EXCEPTION_NMI" },
	{ 1, "EXTERNAL_INTERRUPT" },
	{ 2, "TRIPLE_FAULT" },
	{ 7, "INTERRUPT_WINDOW" },
	{ 8, "NMI_WINDOW" },
	{ 9, "TASK_SWITCH" },
	{ 10, "CPUID" },
	{ 12, "HLT" },
	{ 14, "INVLPG" },
	{ 18, "VMCALL" },
	{ 20, "VMLAUNCH" },
	{ 24, "VMRESUME" },
	{ 28, "CR_ACCESS" },
	{ 29, "DR_ACCESS" },
	{ 30, "IO_INSTRUCTION" },
	{ 31, "MSR_READ" },
	{ 32, "MSR_WRITE" },
	{ 40, "PAUSE_INSTRUCTION" },
	{ 44, "APIC_ACCESS" },
	{ 45, "EOI_INDUCED" },
	{ 48, "EPT_VIOLATION" },
	{ 49, "EPT_MISCONFIG" },
	{ 52, "PREEMPTION_TIMER" },
	{ 54, "WBINVD" },
	{ 56, "APIC_WRITE" },
	{ 62, "PML_FULL" },
	{ 66, "SPP" },
	{ 75, "NOTIFY" },
};

/* How to print an event: all of its fields. */
static void make_print(const struct event *e, struct bytes_out *to)
{
	struct bytes_out values = { NULL, 0, 0 };
	char part[128];

	append(to, "print fmt: \"", 12);
	for (size_t i = 0; i < e->n; i++) {
		bool reason = strcmp(e->place[i].name, "exit_reason") == 0;

		snprintf(part, sizeof(part), "%s%s %s", i ? " " : "", e->place[i].name,
			 reason ? "%s" : "0x%lx");
		append(to, part, strlen(part));
		snprintf(part, sizeof(part), reason ? ", __print_symbolic(REC->%s" : ", REC->%s",
			 e->place[i].name);
		append(&values, part, strlen(part));
		for (size_t k = 0; reason && k < sizeof(reasons) / sizeof(reasons[0]); k++) {
			snprintf(part, sizeof(part), ", { %u, \"%s\" }", reasons[k].reason,
				 reasons[k].name);
			append(&values, part, strlen(part));
		}
		append(&values, ")", reason);
	}
	append(to, "\"", 1);
	append(to, values.data, values.size);
	append(to, "\n", 1);
	free(values.data);
}

/* TRACING_DATA, as trace-cmd and perf write it. */
void make_tracing(const struct perf_build *b, struct bytes_out *to)
{
	static const char page[] = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
				   "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
				   "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
				   "\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n";
	static const char event[] = "# compressed entry header\n"
				    "\ttype_len    :    5 bits\n"
				    "\ttime_delta  :   27 bits\n"
				    "\tarray       :   32 bits\n";
	unsigned n = 0;

	append(to, "\x17\x08\x44tracing", 10);
	append(to, "0.6", 4);
	append_number(to, 0, 1);
	append_number(to, 8, 1);
	append_number(to, 4096, 4);
	append(to, "header_page", 12);
	append_number(to, strlen(page), 8);
	append(to, page, strlen(page));
	append(to, "header_event", 13);
	append_number(to, strlen(event), 8);
	append(to, event, strlen(event));
	append_number(to, 0, 4); /* ftrace's own */
	append_number(to, 1, 4);
	append(to, "kvm", 4);
	for (unsigned i = 0; i < PERF_BUILD_EVENTS; i++)
		n += recorded(b, i);
	append_number(to, n, 4);
	for (unsigned i = 0; i < PERF_BUILD_EVENTS; i++) {
		static const char common[] =
			"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
			"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
			"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
			"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n";
		struct bytes_out text = { NULL, 0, 0 };
		char name[64];

		if (!recorded(b, i))
			continue;
		snprintf(name, sizeof(name), "name: %s\nID: %u\nformat:\n", perf_build_names[i],
			 perf_build_id(i));
		append(&text, name, strlen(name));
		append(&text, common, strlen(common));
		append(&text, b->events[i].fields, strlen(b->events[i].fields));
		append(&text, "\n", 1);
		make_print(&b->events[i], &text);
		append_number(to, text.size, 8);
		append(to, text.data, text.size);
		free(text.data);
	}
	append_number(to, 0, 4); /* kallsyms */
	append_number(to, 0, 4); /* printk formats */
	append_number(to, 0, 8); /* command lines */
}
