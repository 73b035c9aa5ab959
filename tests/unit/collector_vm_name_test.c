// SPDX-License-Identifier: BSD-2-Clause
/* Names of VMs, from command lines and cgroups as VMMs have them and as somebody hostile would. */
#include "collector/vm_name.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define ROOM 256

typedef size_t finder(const char *text, size_t size, char *name, size_t room);

/* The text is copied to memory of just its size: a byte read too far is seen by the sanitizer. */
static void expect_n(finder *find, const char *text, size_t size, size_t room, const char *expected)
{
	char *copy = malloc(size ? size : 1), *name = malloc(room);
	size_t length;

	assert_non_null(copy);
	assert_non_null(name);
	memcpy(copy, text, size);
	memset(name, 'X', room);
	length = find(copy, size, name, room);
	if (strcmp(name, expected))
		fail_msg("%.*s: \"%s\", not \"%s\"", (int)size, text, name, expected);
	assert_int_equal(length, strlen(expected));
	free(copy);
	free(name);
}

/* ARGUMENTS are separated by spaces. */
static void command(const char *arguments, const char *expected)
{
	char text[1024];
	size_t size = strlen(arguments) + 1;

	memcpy(text, arguments, size);
	for (size_t i = 0; i < size; i++)
		if (text[i] == ' ')
			text[i] = 0;
	expect_n(vm_name_in_command, text, size, ROOM, expected);
	expect_n(vm_name_in_command, text, size - 1, ROOM, expected); /* cut before the last zero */
}

static void cgroup(const char *text, const char *expected)
{
	expect_n(vm_name_in_cgroup, text, strlen(text), ROOM, expected);
}

static void qemu(void **state)
{
	(void)state;
	command("/usr/bin/qemu-system-x86_64 -name web-1 -m 512", "web-1");
	command("/usr/bin/kvm -id 100 -name db,debug-threads=on -no-shutdown", "db");
	command("/usr/libexec/qemu-kvm -name guest=instance-0000a1,debug-threads=on -S",
		"instance-0000a1");
	command("qemu-system-x86_64 --name guest=a,process=b", "a");
	command("qemu-system-x86_64 -name process=b,guest=a", "a");
	command("qemu-system-x86_64 -name debug-threads=on,guest=a", "a");
	command("qemu-system-x86_64 -name debug-threads=on", "");
	command("qemu-system-x86_64 -name first -name second", "second");
	command("qemu-system-x86_64 -name first -name debug-threads=on", "first");
	command("qemu-system-x86_64 -name a,,b,,,,c,process=d", "a,b,,c");
	command("qemu-system-x86_64 -name guest=a,,b,debug-threads=on", "a,b");
	command("qemu-system-x86_64 -name guest=k=v", "k=v");
	command("qemu-system-x86_64 -m 512 -uuid 1234", "");
	command("qemu-system-x86_64 -name", "");
	command("qemu-system-x86_64 -names x", "");
	command("qemu-system-x86_64 -append -nameless", "");
	command("lkvm run --name guest-9 -k bzImage", "guest-9");
	command("crosvm run --name=vm7 kernel", "vm7");
	/* the name of the program is none, whatever it looks like */
	command("-name x", "");
}

static void firecracker(void **state)
{
	(void)state;
	command("/usr/bin/firecracker --id 551e7604-e35c-42b3-b825-416853441234 --api-sock /a.sock",
		"551e7604-e35c-42b3-b825-416853441234");
	command("/firecracker --id=vm3 --start-time-us 1", "vm3");
	command("firecracker-v1.7.0-x86_64 --id vm3", "vm3");
	command("firecracker --api-sock /srv/vms/blue.socket", "blue");
	command("firecracker --api-sock /run/firecracker.socket", "");
	command("firecracker --api-sock /srv/jail/firecracker/vm8/run/firecracker.socket", "");
	/* somebody else's --id */
	command("qemu-system-x86_64 --id vm3", "");
}

static void cloud_hypervisor(void **state)
{
	(void)state;
	command("cloud-hypervisor --api-socket /run/vms/web.sock --cpus boot=4", "web");
	command("cloud-hypervisor --api-socket path=/run/vms/web-api.sock", "web");
	command("cloud-hypervisor --api-socket=/run/libvirt/ch/guest-1-socket", "guest-1");
	command("clh --api-socket /run/vc/vm/0123abcd/clh-api.sock", "0123abcd");
	command("cloud-hypervisor --api-socket /tmp/cloud-hypervisor.sock", "");
	command("cloud-hypervisor --api-socket /tmp/ch.sock", "");
	command("cloud-hypervisor --api-socket web.sock", "web");
	command("cloud-hypervisor --api-socket .sock", ".sock");
	command("cloud-hypervisor --api-socket /", "");
	command("cloud-hypervisor --api-socket fd=3", "");
	command("cloud-hypervisor --api-socket fd=3 --platform "
		"num_pci_segments=1,uuid=6f2c7a52-0d2b-4a4e-9f40-8d2f4a3f1c11",
		"6f2c7a52-0d2b-4a4e-9f40-8d2f4a3f1c11");
	command("cloud-hypervisor --platform uuid=1 --api-socket /vms/web.sock", "web");
}

static void libvirt(void **state)
{
	(void)state;
	cgroup("0::/machine.slice/machine-qemu\\x2d3\\x2dweb\\x2d1.scope/libvirt/emulator\n",
	       "web-1");
	cgroup("0::/machine.slice/machine-qemu\\x2d12\\x2dinstance\\x2d0000a1.scope\n",
	       "instance-0000a1");
	cgroup("0::/machine.slice/machine-ch\\x2d1\\x2dblue.scope\n", "blue");
	cgroup("0::/machine.slice/machine-qemu\\x2dbob\\x2d3\\x2dweb.scope\n", "web");
	cgroup("0::/machine.slice/machine-qemu\\x2dembed\\x2d0a1b2c3d\\x2d3\\x2dweb.scope\n",
	       "web");
	cgroup("0::/machine.slice/machine-qemu\\x2d3\\x2d3\\x2d4.scope\n", "3-4");
	cgroup("0::/machine.slice/machine-desktop.scope/payload\n", "desktop");
	cgroup("0::/machine.slice/machine-box.scope/x/machine-qemu\\x2d1\\x2din.scope/libvirt\n",
	       "in");
	cgroup("11:cpuset:/machine/qemu-3-web-1.libvirt-qemu/emulator\n0::/\n", "web-1");
	cgroup("12:pids:/user.slice\n11:cpu,cpuacct:/machine.slice/machine-qemu\\x2d3\\x2da.scope\n",
	       "a");
	cgroup("0::/machine.slice/machine-qemu\\x2d3\\x2da.scope", "a");
	/* what libvirt would not write stays as it is */
	cgroup("0::/machine.slice/machine-qemu\\x2d3.scope\n", "qemu-3");
	cgroup("0::/machine.slice/machine-qemu\\x2dweb.scope\n", "qemu-web");
	cgroup("0::/machine.slice/machine-a\\x2.scope\n", "a\\x2");
	cgroup("0::/machine.slice/machine-a\\xzz.scope\n", "a\\xzz");
	cgroup("0::/user.slice/user-0.slice/session-1.scope\n", "");
	cgroup("0::/qemu.slice/100.scope\n", "");
	cgroup("0::/machine.slice/machine-.scope\n", "");
	cgroup("", "");
	cgroup("\n\n:::\n", "");
}

/* Terminals, JSON and pages get no control characters and no broken UTF-8. */
static void hostile_bytes(void **state)
{
	(void)state;
	command("qemu -name a\x1b[31mb", "a?[31mb");
	command("qemu -name a\nb\tc\x7f", "a?b?c?");
	command("qemu -name b\xc3\xb6se", "b\xc3\xb6se");
	command("qemu -name \xc2\x9b"
		"31m",
		"??31m"); /* CSI as one C1 character */
	command("qemu -name a\xff\xfe", "a??");
	command("qemu -name \xc0\xaf", "??"); /* overlong */
	command("qemu -name \xe0\x80\xaf", "???");
	command("qemu -name \xed\xa0\x80", "???");      /* a surrogate */
	command("qemu -name \xf4\x90\x80\x80", "????"); /* beyond U+10FFFF */
	command("qemu -name \xf0\x9f\x90\x84", "\xf0\x9f\x90\x84");
	command("qemu -name a\xe2\x82", "a??"); /* cut */
	cgroup("0::/machine-a\\x1b\\x5bb.scope", "a?[b");
	cgroup("0::/machine-a\\x00b.scope", "a?b");
	cgroup("0::/machine-\\xe2\\x82\\xac.scope", "\xe2\x82\xac");
}

/* The room is kept to, and a name is cut between characters. */
static void room(void **state)
{
	static const char text[] = "qemu\0-name\0a\xe2\x82\xac\xc3\xb6z";

	(void)state;
	expect_n(vm_name_in_command, text, sizeof(text), 1, "");
	expect_n(vm_name_in_command, text, sizeof(text), 2, "a");
	expect_n(vm_name_in_command, text, sizeof(text), 4, "a");
	expect_n(vm_name_in_command, text, sizeof(text), 5, "a\xe2\x82\xac");
	expect_n(vm_name_in_command, text, sizeof(text), 6, "a\xe2\x82\xac");
	expect_n(vm_name_in_command, text, sizeof(text), 7, "a\xe2\x82\xac\xc3\xb6");
	expect_n(vm_name_in_command, text, sizeof(text), 8, "a\xe2\x82\xac\xc3\xb6z");
	assert_int_equal(vm_name_in_command(text, sizeof(text), NULL, 0), 0);
	assert_int_equal(vm_name_of((uint32_t)getpid(), NULL, 0), 0);
}

/* Values of any size, around the limits of the parsers: nothing is read or written too far. */
static void sizes(void **state)
{
	static const size_t limits[] = { 254, 4095, 4096, 4097, 9000 };

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		size_t n = limits[i];
		char *text = malloc(n + 64), *expected = calloc(1, ROOM), name[ROOM];

		assert_non_null(text);
		assert_non_null(expected);
		memcpy(text, (const char[11]){ "qemu\0-name" }, 11);
		memset(text + 11, 'x', n);
		/* longer ones are no names, and the next option is read all the same */
		memset(expected, 'x', ROOM - 1 < n ? ROOM - 1 : n);
		expect_n(vm_name_in_command, text, 11 + n, ROOM, n <= 4096 ? expected : "");
		snprintf(text, n + 64, "0::/machine-");
		memset(text + 12, 'y', n);
		snprintf(text + 12 + n, 8, ".scope\n");
		assert_in_range(vm_name_in_cgroup(text, n + 19, name, ROOM), n < 255 ? n : 255,
				255);
		memset(text, ',', n);
		vm_name_in_command(text, n, name, ROOM);
		memset(text, '/', n);
		vm_name_in_cgroup(text, n, name, ROOM);
		free(text);
		free(expected);
	}
}

/* Ten thousand texts out of the parsers' own words and bytes at random: what comes out is a good name. */
static void any_text(void **state)
{
	static const char *const words[] = {
		"qemu",
		"firecracker",
		"-name",
		"--name=",
		"guest=",
		",",
		",,",
		"=",
		"--id",
		"--api-socket",
		"path=/",
		"/",
		".sock",
		"clh-api.sock",
		"--platform",
		"uuid=",
		"machine-",
		".scope",
		"\\x2d",
		"\\x",
		"qemu-",
		"3-",
		":",
		"0::/",
		"\n",
		".libvirt-qemu",
		"\xe2\x82\xac",
		"\xff",
		"\x1b",
	};
	uint64_t seed = 88172645463325252u;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		char text[512], name[40];
		size_t size = 0, room;

		for (int part = 0; part < 12; part++) {
			const char *word;

			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			word = words[seed % (sizeof(words) / sizeof(words[0]))];
			size += (size_t)snprintf(text + size, sizeof(text) - size, "%s", word);
			if (seed >> 32 & 1)
				text[size++] = (char)(seed >> 40 & (seed >> 33 & 1 ? 0xff : 0));
		}
		room = 1 + (size_t)(seed >> 50) % sizeof(name);
		for (int which = 0; which < 2; which++) {
			finder *find = which ? vm_name_in_cgroup : vm_name_in_command;
			char *copy = malloc(size);
			size_t n;

			assert_non_null(copy);
			memcpy(copy, text, size);
			n = find(copy, size, name, room);
			free(copy);
			assert_true(n < room);
			assert_int_equal(strlen(name), n);
			for (size_t c = 0; c < n; c++)
				assert_true((unsigned char)name[c] >= 0x20 && name[c] != 0x7f);
		}
	}
}

/* A process with such a command line, looked up for real; and what there is for a process that is none. */
static void process(void **state)
{
	char name[ROOM], where[64], byte;
	int told[2], hold[2], status;
	ssize_t n;
	pid_t pid;

	(void)state;
	n = readlink("/proc/self/ns/pid", where, sizeof(where));
	assert_true(n > 0);
	assert_int_equal(pipe(told), 0);
	assert_int_equal(pipe(hold), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		dup2(told[1], 1);
		dup2(hold[0], 0);
		close(told[0]);
		close(hold[1]);
		execl("/bin/sh", "qemu-system-x86_64", "-c", "echo; read line", "-name",
		      "guest=from,,a process,debug-threads=on", (char *)NULL);
		_exit(1);
	}
	close(told[1]);
	close(hold[0]);
	assert_int_equal(read(told[0], &byte, 1), 1); /* it runs */
	strcpy(name, "old");
	if (n == 16 && !memcmp(where, "pid:[4026531836]", 16)) {
		assert_int_equal(vm_name_of((uint32_t)pid, name, sizeof(name)), 14);
		assert_string_equal(name, "from,a process");
	} else { /* here a PID of the host's is another process */
		assert_int_equal(vm_name_of((uint32_t)pid, name, sizeof(name)), 0);
		assert_string_equal(name, "");
	}
	close(hold[1]);
	close(told[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	strcpy(name, "old");
	assert_int_equal(vm_name_of((uint32_t)pid, name, sizeof(name)), 0);
	assert_string_equal(name, "");
	assert_int_equal(vm_name_of(0, name, sizeof(name)), 0);
	assert_int_equal(vm_name_of(UINT32_MAX, name, sizeof(name)), 0);
}

/* In another PID namespace the number is another process's there: its name would be a wrong one. */
static void other_pids(void **state)
{
	char name[ROOM];
	pid_t outer = fork(), inner;
	int status;

	(void)state;
	assert_true(outer >= 0);
	if (!outer) {
		pid_t me = getpid();

		if (unshare(CLONE_NEWPID) && unshare(CLONE_NEWUSER | CLONE_NEWPID))
			_exit(77);
		inner = fork();
		if (!inner) {
			/* this process's own command line, told by the host's number: there is one */
			strcpy(name, "old");
			_exit(vm_name_of((uint32_t)me, name, sizeof(name)) || name[0]);
		}
		if (inner < 0 || waitpid(inner, &status, 0) != inner || !WIFEXITED(status))
			_exit(2);
		_exit(WEXITSTATUS(status));
	}
	assert_int_equal(waitpid(outer, &status, 0), outer);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(qemu),
		cmocka_unit_test(firecracker),
		cmocka_unit_test(cloud_hypervisor),
		cmocka_unit_test(libvirt),
		cmocka_unit_test(hostile_bytes),
		cmocka_unit_test(room),
		cmocka_unit_test(sizes),
		cmocka_unit_test(any_text),
		cmocka_unit_test(process),
		cmocka_unit_test(other_pids),
	};

	/* with a command line that has a name in it, for other_pids to find or not */
	if (argc == 1) {
		execl("/proc/self/exe", argv[0], "-name", "test", (char *)NULL);
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
