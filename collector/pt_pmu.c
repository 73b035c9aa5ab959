// SPDX-License-Identifier: BSD-2-Clause
#include "pt_pmu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Their numbers are hexadecimal without 0x (kernel: arch/x86/events/intel/pt.c, pt_cap_show). */
static const char *const cap_names[PT_CAPS] = {
	[PT_CAP_MAX_SUBLEAF] = "max_subleaf",
	[PT_CAP_PSB_CYC] = "psb_cyc",
	[PT_CAP_PSB_PERIODS] = "psb_periods",
	[PT_CAP_CYCLE_THRESHOLDS] = "cycle_thresholds",
	[PT_CAP_MTC] = "mtc",
	[PT_CAP_MTC_PERIODS] = "mtc_periods",
	[PT_CAP_EVENT_TRACE] = "event_trace",
	[PT_CAP_TNT_DISABLE] = "tnt_disable",
	[PT_CAP_TOPA_MULTIPLE_ENTRIES] = "topa_multiple_entries",
};

static bool read_line(const char *folder, const char *name, char *line, int size)
{
	char path[320];
	FILE *file;
	bool read;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return false;
	file = fopen(path, "re");
	if (!file)
		return false;
	read = fgets(line, size, file) != NULL;
	fclose(file);
	return read;
}

/* A number of base BASE that ends with its line; -1: there is none. */
static int64_t read_number(const char *folder, const char *name, int base)
{
	char line[32], *end;
	unsigned long long value;

	if (!read_line(folder, name, line, sizeof(line)))
		return -1;
	value = strtoull(line, &end, base);
	return end == line || (*end && *end != '\n') || value > INT64_MAX ? -1 : (int64_t)value;
}

/* kernel: PT_MODE_SYSTEM 0 and PT_MODE_HOST_GUEST 1, of arch/x86/kvm/vmx/capabilities.h. */
static enum pt_mode_of_kvm mode_of_kvm(const struct pt_os *os)
{
	char folder[128];
	int64_t mode;

	snprintf(folder, sizeof(folder), "%.64s/sys/module/kvm_intel/parameters", os->root);
	mode = read_number(folder, "pt_mode", 10);
	return mode < 0 ? PT_KVM_UNKNOWN : mode ? PT_KVM_HOST_GUEST : PT_KVM_SYSTEM;
}

/* "EBX:EAX" of CPUID leaf 15H. */
static void read_ratio(struct pt_pmu *pmu, const struct pt_os *os)
{
	char line[48];

	if (!read_line(pmu->path, "tsc_art_ratio", line, sizeof(line)) ||
	    sscanf(line, "%u:%u", &pmu->cpuid_0x15_ebx, &pmu->cpuid_0x15_eax) != 2)
		os->cpuid_0x15(os->context, &pmu->cpuid_0x15_eax, &pmu->cpuid_0x15_ebx);
	if (!pmu->cpuid_0x15_eax || !pmu->cpuid_0x15_ebx)
		pmu->cpuid_0x15_eax = pmu->cpuid_0x15_ebx = 0;
}

bool pt_pmu_read(struct pt_pmu *pmu, const struct pt_os *os)
{
	int64_t type, ratio;
	char name[64];

	memset(pmu, 0, sizeof(*pmu));
	snprintf(pmu->path, sizeof(pmu->path), "%.64s/sys/bus/event_source/devices/intel_pt",
		 os->root);
	type = read_number(pmu->path, "type", 10);
	if (type < 0 || type > UINT32_MAX)
		return false;
	pmu->type = (uint32_t)type;
	for (int i = 0; i < PT_CAPS; i++) {
		snprintf(name, sizeof(name), "caps/%s", cap_names[i]);
		pmu->caps[i] = read_number(pmu->path, name, 16);
	}
	ratio = read_number(pmu->path, "max_nonturbo_ratio", 10);
	pmu->nom_freq = ratio > 0 && ratio <= 255 ? (uint32_t)ratio : 0;
	read_ratio(pmu, os);
	pmu->kvm = mode_of_kvm(os);
	return true;
}

uint64_t pt_pmu_format(const struct pt_pmu *pmu, const char *name)
{
	static const char word[] = "config:";
	char path[64], line[64];
	bool in[64] = { false };
	uint64_t bits = 0;

	/* A term is not a path. */
	if (strchr(name, '/') ||
	    snprintf(path, sizeof(path), "format/%s", name) >= (int)sizeof(path) ||
	    !read_line(pmu->path, path, line, sizeof(line)) ||
	    strncmp(line, word, strlen(word)) != 0)
		return 0;
	pt_list_parse(line + strlen(word), in, 64);
	for (int i = 0; i < 64; i++)
		bits |= (uint64_t)in[i] << i;
	return bits;
}

size_t pt_list_parse(const char *text, bool *in, size_t n)
{
	size_t count = 0;

	while (*text >= '0' && *text <= '9') {
		char *end;
		unsigned long first = strtoul(text, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (unsigned long i = first; i <= last && i < n; i++) {
			count += !in[i];
			in[i] = true;
		}
		text = *end == ',' ? end + 1 : "";
	}
	return count;
}

uint64_t pt_bits_set(uint64_t bits, uint64_t value)
{
	uint64_t config = 0;

	for (int i = 0; i < 64; i++) {
		if (!(bits >> i & 1))
			continue;
		config |= (value & 1) << i;
		value >>= 1;
	}
	return config;
}

uint64_t pt_bits_get(uint64_t bits, uint64_t config)
{
	uint64_t value = 0;
	int at = 0;

	for (int i = 0; i < 64; i++) {
		if (bits >> i & 1)
			value |= (config >> i & 1) << at++;
	}
	return value;
}
