// SPDX-License-Identifier: BSD-2-Clause
#include "host.h"

#include <cpuid.h>
#include <reblock/record.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static void copy(char *to, size_t size, const char *from)
{
	size_t length = strcspn(from, "\n");

	if (length >= size)
		length = size - 1;
	memcpy(to, from, length);
	to[length] = 0;
}

static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += length) {
		bool starts = at == text || strchr(" \t", at[-1]);

		if (starts && (!at[length] || strchr(" \t\n", at[length])))
			return true;
	}
	return false;
}

void host_parse_cpuinfo(FILE *cpuinfo, struct host_cpu *cpu)
{
	size_t size = 0;
	char *line = NULL;
	int numbers = 0;

	memset(cpu, 0, sizeof(*cpu));
	while (getline(&line, &size, cpuinfo) > 0) {
		char *value = strchr(line, ':');

		if (!value)
			break; /* the empty line after the first processor */
		value += 1 + (value[1] == ' ');
		if (!strncmp(line, "vendor_id", 9)) {
			copy(cpu->vendor, sizeof(cpu->vendor), value);
		} else if (!strncmp(line, "cpu family", 10)) {
			cpu->family = (uint32_t)strtoul(value, NULL, 10);
			numbers |= 1;
		} else if (!strncmp(line, "model name", 10)) {
			copy(cpu->name, sizeof(cpu->name), value);
		} else if (!strncmp(line, "model", 5)) {
			cpu->model = (uint32_t)strtoul(value, NULL, 10);
			numbers |= 2;
		} else if (!strncmp(line, "stepping", 8) && strncmp(value, "unknown", 7)) {
			cpu->stepping = (uint32_t)strtoul(value, NULL, 10);
			numbers |= 4;
		} else if (!strncmp(line, "microcode", 9)) {
			cpu->microcode = (uint32_t)strtoul(value, NULL, 16);
			cpu->microcode_known = true;
		} else if (!strncmp(line, "flags", 5)) {
			cpu->vmx = has_word(value, "vmx");
			cpu->hypervisor = has_word(value, "hypervisor");
		}
	}
	cpu->known = (numbers & 3) == 3;
	free(line);
}

uint64_t host_parse_capabilities(FILE *status)
{
	unsigned long long capabilities = 0;
	char line[256];

	while (fgets(line, sizeof(line), status)) {
		if (!strncmp(line, "CapEff:", 7))
			capabilities = strtoull(line + 7, NULL, 16);
	}
	return capabilities;
}

int host_parse_parameter(const char *text)
{
	switch (text[0]) {
	case 'Y':
	case 'y':
		return 1;
	case 'N':
	case 'n':
		return 0;
	default:
		if (text[0] < '0' || text[0] > '9')
			return -1;
		return strtoul(text, NULL, 10) != 0;
	}
}

enum host_lockdown host_parse_lockdown(const char *text)
{
	if (strstr(text, "[none]"))
		return LOCKDOWN_NONE;
	if (strstr(text, "[integrity]"))
		return LOCKDOWN_INTEGRITY;
	if (strstr(text, "[confidentiality]"))
		return LOCKDOWN_CONFIDENTIALITY;
	return LOCKDOWN_UNKNOWN;
}

bool host_is_hyperv(uint32_t ebx, uint32_t ecx, uint32_t edx)
{
	const uint32_t words[3] = { ebx, ecx, edx };

	return !memcmp(words, "Microsoft Hv", sizeof(words));
}

unsigned host_parse_vmread(const char *text)
{
	static const struct {
		const char *name;
		unsigned bit;
	} fields[] = {
		{ "interruptibility", REBLOCK_HAS_INTERRUPTIBILITY },
		{ "intr_info", REBLOCK_HAS_INTR_INFO },
		{ "idt_vectoring", REBLOCK_HAS_IDT_VECTORING },
		{ "pin", REBLOCK_HAS_PIN },
		{ "exec", REBLOCK_HAS_EXEC },
	};
	unsigned bits = 0;

	while (*text) {
		size_t length = strcspn(text, ",\n");

		for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
			if (strlen(fields[i].name) == length &&
			    !strncmp(text, fields[i].name, length))
				bits |= fields[i].bit;
		}
		text += length + (text[length] != 0);
	}
	return bits;
}

static bool read_line(const char *path, char *line, int size)
{
	FILE *file = fopen(path, "re");
	bool read = false;

	if (file) {
		read = fgets(line, size, file) != NULL;
		fclose(file);
	}
	return read;
}

static int parameter(const char *path)
{
	char line[32];

	return read_line(path, line, sizeof(line)) ? host_parse_parameter(line) : -1;
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* Built in, or a module that is neither coming nor going. */
static bool module_lives(const char *folder, const char *state)
{
	char line[16];

	return exists(folder) &&
	       (!read_line(state, line, sizeof(line)) || !strncmp(line, "live", 4));
}

static int bare_metal(void)
{
	unsigned eax, ebx, ecx, edx;

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx))
		return -1;
	return !(ecx >> 31);
}

static bool hyperv(void)
{
	unsigned eax, ebx, ecx, edx;

	__cpuid(0x40000000, eax, ebx, ecx, edx);
	return host_is_hyperv(ebx, ecx, edx);
}

void host_look(struct host *host)
{
	struct utsname name;
	char line[128];
	FILE *file;

	memset(host, 0, sizeof(*host));
	if (uname(&name) == 0) {
		copy(host->name, sizeof(host->name), name.nodename);
		copy(host->kernel, sizeof(host->kernel), name.release);
	}
	file = fopen("/proc/cpuinfo", "re");
	if (file) {
		host_parse_cpuinfo(file, &host->cpu);
		fclose(file);
	}
	file = fopen("/proc/self/status", "re");
	if (file) {
		host->capabilities = host_parse_capabilities(file);
		fclose(file);
	}
	if (read_line("/sys/kernel/security/lockdown", line, sizeof(line)))
		host->lockdown = host_parse_lockdown(line);
	host->bare_metal = bare_metal();
	host->hyperv = host->bare_metal == 0 && hyperv();
	host->evmcs = host->hyperv &&
		      parameter("/sys/module/kvm_intel/parameters/enlightened_vmcs") == 1;
	host->dev_kvm = exists("/dev/kvm");
	host->kvm = exists("/sys/module/kvm");
	host->kvm_intel = module_lives("/sys/module/kvm_intel", "/sys/module/kvm_intel/initstate");
	host->parameters.ept = parameter("/sys/module/kvm_intel/parameters/ept");
	host->parameters.vnmi = parameter("/sys/module/kvm_intel/parameters/vnmi");
	host->parameters.pml = parameter("/sys/module/kvm_intel/parameters/pml");
	host->parameters.nested = parameter("/sys/module/kvm_intel/parameters/nested");
	if (read_line("/sys/module/reblock_vmread/parameters/fields", line, sizeof(line)))
		host->vmread = host_parse_vmread(line);
	host->btf = exists("/sys/kernel/btf/vmlinux");
	host->btf_kvm = exists("/sys/kernel/btf/kvm");
	host->btf_kvm_intel = exists("/sys/kernel/btf/kvm_intel");
	if (exists("/sys/kernel/tracing/events/kvm"))
		host->tracefs = "/sys/kernel/tracing";
	else if (exists("/sys/kernel/debug/tracing/events/kvm"))
		host->tracefs = "/sys/kernel/debug/tracing";
}

bool host_can(const struct host *host, int number)
{
	return host->capabilities >> number & 1;
}
