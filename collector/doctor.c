// SPDX-License-Identifier: BSD-2-Clause
/* reblock doctor: everything that decides what can be recorded on this host, and what it is worth. */
#include "internal.h"
#include "pt.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum mark { OK, MISSING, NOTE };

struct page {
	FILE *out;
	bool colour;
};

static void line(const struct page *page, enum mark mark, const char *what, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void line(const struct page *page, enum mark mark, const char *what, const char *format, ...)
{
	static const char *const words[] = { "ok", "missing", "note" };
	static const char *const colours[] = { "\033[32m", "\033[31m", "\033[33m" };
	char *said = NULL;
	va_list arguments;

	fprintf(page->out, "  %s%-7s%s  %-24s  ", page->colour ? colours[mark] : "", words[mark],
		page->colour ? "\033[0m" : "", what);
	va_start(arguments, format);
	if (vasprintf(&said, format, arguments) < 0)
		said = NULL;
	va_end(arguments);
	/* What has several lines goes on below its beginning. */
	for (char *at = said; at && *at; at++) {
		fputc(*at, page->out);
		if (*at == '\n')
			fprintf(page->out, "%37s", "");
	}
	fputc('\n', page->out);
	free(said);
}

static void heading(const struct page *page, const char *text)
{
	fprintf(page->out, "%s%s%s\n", page->colour ? "\033[1m" : "", text,
		page->colour ? "\033[0m" : "");
}

static void show_processor(const struct page *page, const struct host *host)
{
	const struct host_cpu *cpu = &host->cpu;

	if (cpu->known)
		line(page, strcmp(cpu->vendor, "GenuineIntel") ? MISSING : OK, "processor",
		     "%s (%s), family %u model %u stepping %u", cpu->name, cpu->vendor, cpu->family,
		     cpu->model, cpu->stepping);
	else
		line(page, MISSING, "processor", "not known: /proc/cpuinfo does not say");
	if (cpu->microcode_known)
		line(page, OK, "microcode", "0x%x", cpu->microcode);
	line(page, cpu->vmx ? OK : MISSING, "VMX",
	     cpu->vmx ? "there" :
			"not there: not an Intel processor, or switched off in the firmware");
	if (host->bare_metal == 1)
		line(page, OK, "bare metal", "no hypervisor below this kernel");
	else
		line(page, NOTE, "bare metal",
		     "%s: no findings of kind hardware,\nfor what lies below may have changed the exits",
		     host->bare_metal ? "not known" : "this kernel runs under a hypervisor");
}

/* Nothing that recording needs: a second witness. */
static void show_pt(const struct page *page)
{
	char *said;
	bool can = pt_doctor(&pt_os_linux, &said);

	line(page, can ? OK : NOTE, "Intel PT", "%s", said ? said : "not known");
	free(said);
}

static void show_parameter(const struct page *page, const char *name, int value, const char *off)
{
	if (value < 0)
		line(page, NOTE, name, "not known");
	else
		line(page, value ? OK : NOTE, name, value ? "on" : "off%s%s", *off ? ": " : "",
		     off);
}

static void show_kvm(const struct page *page, const struct host *host)
{
	line(page, host->dev_kvm ? OK : MISSING, "/dev/kvm", host->dev_kvm ? "there" : "not there");
	line(page, host->kvm ? OK : MISSING, "kvm", host->kvm ? "loaded" : "not loaded");
	line(page, host->kvm_intel ? OK : MISSING, "kvm_intel",
	     host->kvm_intel ? "loaded" : "not loaded; record and watch can wait for it (--wait)");
	if (!host->kvm_intel)
		return;
	show_parameter(page, "kvm_intel.vnmi", host->parameters.vnmi,
		       "bit 12 is undefined, and KVM blocks NMIs in software");
	show_parameter(page, "kvm_intel.ept", host->parameters.ept,
		       "page faults take the place of EPT violations");
	show_parameter(page, "kvm_intel.pml", host->parameters.pml, "no exits of kind PML full");
	show_parameter(page, "kvm_intel.nested", host->parameters.nested, "");
}

static void show_kernel(const struct page *page, const struct host *host)
{
	static const char *const lockdown[] = {
		[LOCKDOWN_UNKNOWN] =
			"none (this kernel has no lockdown, or securityfs is not mounted)",
		[LOCKDOWN_NONE] = "none",
		[LOCKDOWN_INTEGRITY] = "integrity: some attach points may be refused",
		[LOCKDOWN_CONFIDENTIALITY] = "confidentiality: BPF must not read kernel memory",
	};

	line(page, OK, "kernel", "%s", host->kernel);
	line(page,
	     host->lockdown == LOCKDOWN_CONFIDENTIALITY ? MISSING :
	     host->lockdown == LOCKDOWN_INTEGRITY       ? NOTE :
							  OK,
	     "lockdown", "%s", lockdown[host->lockdown]);
	line(page, host->btf ? OK : MISSING, "BTF of the kernel",
	     host->btf ? "/sys/kernel/btf/vmlinux" : "not there (CONFIG_DEBUG_INFO_BTF)");
	if (host->kvm)
		line(page, host->btf_kvm ? OK : NOTE, "BTF of kvm",
		     host->btf_kvm ? "/sys/kernel/btf/kvm" : "not there, or kvm is built in");
	if (host->kvm_intel)
		line(page, host->btf_kvm_intel ? OK : NOTE, "BTF of kvm_intel",
		     host->btf_kvm_intel ? "/sys/kernel/btf/kvm_intel" :
					   "not there (it needs 5.11), or kvm_intel is built in");
	line(page, host->tracefs ? OK : NOTE, "tracefs", "%s",
	     host->tracefs ?
		     host->tracefs :
		     "not mounted, or without KVM's events: the exit's fields cannot be filled\n"
		     "(\"mount -t tracefs none /sys/kernel/tracing\")");
}

static void show_rights(const struct page *page, const struct host *host)
{
	const bool all = host_can(host, HOST_CAP_SYS_ADMIN);
	const struct {
		int number;
		const char *name, *why;
		enum mark without;
	} needed[] = {
		{ HOST_CAP_SYS_ADMIN, "CAP_SYS_ADMIN",
		  "to read the modules' BTF (without it: classic tracepoints), and for --bpf-stats",
		  NOTE },
		{ HOST_CAP_BPF, "CAP_BPF", "to load programs (CAP_SYS_ADMIN does too)",
		  all ? NOTE : MISSING },
		{ HOST_CAP_PERFMON, "CAP_PERFMON", "to attach them (CAP_SYS_ADMIN does too)",
		  all ? NOTE : MISSING },
	};
	struct rlimit locked;

	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		line(page, host_can(host, needed[i].number) ? OK : needed[i].without,
		     needed[i].name, "%s", needed[i].why);
	if (getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_max != RLIM_INFINITY)
		line(page, NOTE, "locked memory",
		     "at most %llu KiB: before Linux 5.11 the tables count (\"ulimit -l unlimited\", or\n"
		     "LimitMEMLOCK=infinity of a systemd unit)",
		     (unsigned long long)locked.rlim_max / 1024);
	line(page, NOTE, "afterwards", "all rights are given up once everything is attached");
}

/* What recording takes at most, whatever the guests do. */
static void show_limits(const struct page *page, const struct attached *attached)
{
	const struct rings *rings = &attached->rings;

	line(page, OK, "rings", "%zu of %zu KiB, for %u CPUs", rings->n, rings->size / 1024,
	     attached->cpus);
	line(page, OK, "tables", "room for %u vCPUs at a time", COLLECTOR_VCPUS);
	line(page, OK, "records",
	     "at most %u a second, unless --max-records-per-second says otherwise",
	     COLLECTOR_BUDGET);
}

static void show_points(const struct page *page, const struct host *host,
			const struct attached *attached)
{
	line(page, attached->way == WAY_TP_BTF ? OK : NOTE, "way", "%s", way_names[attached->way]);
	for (enum point i = 0; i < POINTS; i++) {
		const struct point_description *point = &point_descriptions[i];
		char *missing = point_missing(attached, i);

		if (missing)
			line(page, MISSING, point->label, "%s", missing);
		else if (attached->links[i])
			line(page, OK, point->label, "%s: %s", point->hook, point->records);
		free(missing);
	}
	if (!host->vmread && !host->evmcs)
		line(page, NOTE, point_descriptions[POINT_VMREAD].label,
		     "the kernel module reblock_vmread is not loaded: %s",
		     point_descriptions[POINT_VMREAD].loses);
}

/* What a finding on this host can rest on, strongest first. */
static void show_grades(const struct page *page, const struct host *host,
			const struct attached *attached)
{
	bool vnmi = host->parameters.vnmi != 0, full = attached->way != WAY_CLASSIC;
	bool looks = attached->links[POINT_NMI_BLOCKED] || attached->links[POINT_NMI_ALLOWED];

	if (!vnmi) {
		line(page, NOTE, "any", "vnmi is off: bit 12 is undefined, nothing can be judged");
		return;
	}
	if (attached->links[POINT_VMREAD] && host->vmread & REBLOCK_HAS_INTERRUPTIBILITY)
		line(page, OK, "direct", "blocking as the VMCS has it, at each exit and entry");
	if (host->evmcs && full)
		line(page, OK, "direct",
		     "blocking as Hyper-V's enlightened VMCS has it (never tried on Hyper-V)");
	line(page, looks ? OK : NOTE, "direct",
	     looks ? "KVM's own look at the VMCS, made when an NMI waits; or the first exit after the entry\n"
		     "is an NMI window" :
		     "only where the first exit after the entry is an NMI window");
	line(page, OK, "delivered", "%s",
	     full ? "an NMI injected at the first entry after the exit" :
		    "an NMI whose delivery exits, or kvm_entry's own field where the kernel has it");
	line(page, attached->shape.recover_after && full ? OK : MISSING, "derived",
	     attached->shape.recover_after && full ?
		     "KVM's nmi_known_unmasked at fault exits%s" :
		     "not without KVM's nmi_known_unmasked, read before its recovery%s",
	     attached->links[POINT_MASK_READ] ? "; the NMI mask that KVM reports" : "");
	line(page, OK, "predicted", "replaying the exits through KVM's model");
	if (!attached->links[POINT_VMREAD] && !(host->evmcs && full))
		line(page, NOTE, "not here",
		     "blocking at every entry: KVM keeps no copy of the interruptibility state\n"
		     "(the kernel module reblock_vmread reads it)");
}

int collector_doctor(FILE *out, bool colour)
{
	const struct page page = { .out = out, .colour = colour };
	const struct collector_options options = { 0 };
	struct attached attached;
	struct host host;
	char *error = NULL;
	int status;

	host_look(&host);
	heading(&page, "Host");
	show_processor(&page, &host);
	show_pt(&page);
	show_kernel(&page, &host);
	heading(&page, "KVM");
	show_kvm(&page, &host);
	heading(&page, "Rights");
	show_rights(&page, &host);

	status = host_check(&host, &error);
	if (!status)
		status = attach(&attached, &host, &options, &error);
	if (!status) {
		heading(&page, "Attach points");
		show_points(&page, &host, &attached);
		heading(&page, "Evidence");
		show_grades(&page, &host, &attached);
		heading(&page, "Limits");
		show_limits(&page, &attached);
		attached_free(&attached);
	}
	fprintf(out, "\n");
	if (status) {
		heading(&page, "reblock record cannot run here:");
		fprintf(out, "%s\n", error ? error : strerror(-status));
	} else {
		heading(&page, "reblock record can run here.");
	}
	free(error);
	return status != 0;
}
