// SPDX-License-Identifier: BSD-2-Clause
/* What /proc and /sys say about a host, and what is said where something is missing. */
#include "collector/host.h"
#include <reblock/record.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char intel[] = "processor\t: 0\n"
			    "vendor_id\t: GenuineIntel\n"
			    "cpu family\t: 6\n"
			    "model\t\t: 85\n"
			    "model name\t: Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz\n"
			    "stepping\t: 7\n"
			    "microcode\t: 0x5003604\n"
			    "cpu MHz\t\t: 2500.000\n"
			    "flags\t\t: fpu vme vmx ssse3\n"
			    "vmx flags\t: vnmi preemption_timer\n"
			    "\n"
			    "processor\t: 1\n"
			    "vendor_id\t: GenuineIntel\n"
			    "stepping\t: 9\n";

/* Under a hypervisor, without VMX, without microcode and with a stepping Linux does not know. */
static const char guest[] = "processor\t: 0\n"
			    "vendor_id\t: GenuineIntel\n"
			    "cpu family\t: 6\n"
			    "model\t\t: 106\n"
			    "model name\t: x\n"
			    "stepping\t: unknown\n"
			    "flags\t\t: fpu hypervisor vmxish\n";

static void parse(const char *text, struct host_cpu *cpu)
{
	FILE *file = fmemopen((void *)text, strlen(text) + !*text, "r");

	assert_non_null(file);
	host_parse_cpuinfo(file, cpu);
	fclose(file);
}

static void cpuinfo(void **state)
{
	struct host_cpu cpu;

	(void)state;
	parse(intel, &cpu);
	assert_string_equal(cpu.vendor, "GenuineIntel");
	assert_string_equal(cpu.name, "Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz");
	assert_true(cpu.known);
	assert_int_equal(cpu.family, 6);
	assert_int_equal(cpu.model, 85);
	assert_int_equal(cpu.stepping, 7);
	assert_true(cpu.microcode_known);
	assert_int_equal(cpu.microcode, 0x5003604);
	assert_true(cpu.vmx);
	assert_false(cpu.hypervisor);

	parse(guest, &cpu);
	assert_true(cpu.known);
	assert_int_equal(cpu.model, 106);
	assert_false(cpu.microcode_known);
	assert_false(cpu.vmx);
	assert_true(cpu.hypervisor);

	parse("", &cpu);
	assert_false(cpu.known);
	assert_string_equal(cpu.vendor, "");
	parse("vendor_id\t:\nmodel\t\t:\n", &cpu);
	assert_false(cpu.known);
}

static void vmread_fields(void **state)
{
	const unsigned both = REBLOCK_HAS_INTERRUPTIBILITY | REBLOCK_HAS_INTR_INFO;

	(void)state;
	assert_int_equal(host_parse_vmread("interruptibility,intr_info\n"), both);
	assert_int_equal(host_parse_vmread("intr_info,new_one,interruptibility"), both);
	assert_int_equal(host_parse_vmread("interruptibility,intr_info,idt_vectoring,pin,exec\n"),
			 both | REBLOCK_HAS_IDT_VECTORING | REBLOCK_HAS_PIN | REBLOCK_HAS_EXEC);
	assert_int_equal(host_parse_vmread("interrupt,pi,execs\n"), 0);
	assert_int_equal(host_parse_vmread("\n"), 0);
	assert_int_equal(host_parse_vmread(""), 0);
}

static void small_texts(void **state)
{
	static const char status[] =
		"Name:\treblock\nCapPrm:\t0\nCapEff:\t000000c000200000\nCapBnd:\t1\n";
	FILE *file = fmemopen((void *)status, sizeof(status) - 1, "r");
	struct host host = { 0 };

	(void)state;
	host.capabilities = host_parse_capabilities(file);
	fclose(file);
	assert_true(host_can(&host, HOST_CAP_SYS_ADMIN));
	assert_true(host_can(&host, HOST_CAP_PERFMON));
	assert_true(host_can(&host, HOST_CAP_BPF));
	assert_false(host_can(&host, 0));

	assert_int_equal(host_parse_parameter("Y\n"), 1);
	assert_int_equal(host_parse_parameter("N\n"), 0);
	assert_int_equal(host_parse_parameter("1\n"), 1);
	assert_int_equal(host_parse_parameter("0\n"), 0);
	assert_int_equal(host_parse_parameter("(null)\n"), -1);
	assert_int_equal(host_parse_parameter(""), -1);

	assert_int_equal(host_parse_lockdown("[none] integrity confidentiality\n"), LOCKDOWN_NONE);
	assert_int_equal(host_parse_lockdown("none [integrity] confidentiality\n"),
			 LOCKDOWN_INTEGRITY);
	assert_int_equal(host_parse_lockdown("none integrity [confidentiality]\n"),
			 LOCKDOWN_CONFIDENTIALITY);
	assert_int_equal(host_parse_lockdown("\n"), LOCKDOWN_UNKNOWN);
}

/* A host where everything is in place. */
static struct host good(void)
{
	struct host host = { .lockdown = LOCKDOWN_NONE,
			     .dev_kvm = true,
			     .kvm = true,
			     .kvm_intel = true,
			     .btf = true,
			     .tracefs = "/sys/kernel/tracing",
			     .capabilities = UINT64_MAX };

	strcpy(host.cpu.vendor, "GenuineIntel");
	return host;
}

static void expect(const struct host *host, int result, const char *word)
{
	char *error = NULL;

	assert_int_equal(host_check(host, &error), result);
	assert_non_null(error);
	assert_non_null(strstr(error, word));
	free(error);
}

static void checks(void **state)
{
	struct host host = good();
	char *error = NULL;

	(void)state;
	assert_int_equal(host_check(&host, &error), 0);
	assert_null(error);

	host.kvm_intel = false;
	expect(&host, -ENOENT, "modprobe kvm_intel");
	strcpy(host.cpu.vendor, "AuthenticAMD");
	expect(&host, -ENOENT, "AuthenticAMD");
	host = good();
	host.kvm = host.kvm_intel = false;
	expect(&host, -ENOENT, "there is no KVM");
	host = good();
	host.capabilities = 0;
	expect(&host, -EPERM, "run as root");
	host = good();
	host.lockdown = LOCKDOWN_CONFIDENTIALITY;
	expect(&host, -EPERM, "locked down");
	host = good();
	host.btf = false;
	assert_int_equal(host_check(&host, &error), 0);
	host.tracefs = NULL;
	expect(&host, -ENOENT, "CONFIG_DEBUG_INFO_BTF");
}

static void expect_ready(const struct host *host, int result)
{
	char *error = NULL;

	assert_int_equal(host_ready(host, &error), result);
	assert_int_equal(error != NULL, result != 0);
	free(error);
}

/* What may come is waited for; what will not, is not. */
static void ready(void **state)
{
	struct host host = good();

	(void)state;
	host.cpu.known = host.cpu.vmx = true;
	expect_ready(&host, 0);
	host.kvm_intel = false;
	expect_ready(&host, -EAGAIN);
	host.kvm = false;
	expect_ready(&host, -EAGAIN);
	host.cpu.vmx = false;
	expect_ready(&host, -ENOENT);
	host.cpu.known = false;
	expect_ready(&host, -EAGAIN);
	host.capabilities = 0;
	expect_ready(&host, -EPERM);
	host = good();
	host.btf = false;
	host.tracefs = NULL;
	expect_ready(&host, -ENOENT);
	host = good();
	host.kvm_intel = false;
	host.cpu.known = host.cpu.vmx = true;
	strcpy(host.cpu.vendor, "AuthenticAMD");
	expect_ready(&host, -ENOENT);
}

/* CAP_BPF with CAP_PERFMON does, or CAP_SYS_ADMIN, which they came from. */
static void rights(void **state)
{
	const uint64_t bpf = 1ull << HOST_CAP_BPF, perfmon = 1ull << HOST_CAP_PERFMON;
	struct host host = good();

	(void)state;
	host.capabilities = bpf | perfmon;
	expect_ready(&host, 0);
	host.capabilities = 1ull << HOST_CAP_SYS_ADMIN;
	expect_ready(&host, 0);
	host.capabilities = bpf;
	expect_ready(&host, -EPERM);
	host.capabilities = ~(bpf | 1ull << HOST_CAP_SYS_ADMIN);
	expect_ready(&host, -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpuinfo),     cmocka_unit_test(vmread_fields),
		cmocka_unit_test(small_texts), cmocka_unit_test(checks),
		cmocka_unit_test(ready),       cmocka_unit_test(rights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
