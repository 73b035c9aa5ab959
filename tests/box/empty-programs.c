/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * empty-programs COMMAND...: runs COMMAND while a BPF program that does nothing is attached to kvm_exit, and another one to
 * kvm_entry: the least that can be had. Runs inside the box.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int bpf(int command, union bpf_attr *attributes)
{
	int result = (int)syscall(SYS_bpf, command, attributes, sizeof *attributes);

	if (result < 0) {
		fprintf(stderr, "empty-programs: bpf: %s\n", strerror(errno));
		exit(125);
	}
	return result;
}

/* As cheap as a tp_btf program: both are called by the tracepoint itself. */
static void attach(const char *tracepoint)
{
	static const char license[] = "GPL";
	static const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insns = (uintptr_t)nothing,
		.insn_cnt = 2,
		.license = (uintptr_t)license,
	};
	union bpf_attr open = { 0 };

	open.raw_tracepoint.name = (uintptr_t)tracepoint;
	open.raw_tracepoint.prog_fd = (uint32_t)bpf(BPF_PROG_LOAD, &load);
	bpf(BPF_RAW_TRACEPOINT_OPEN, &open);
}

int main(int argc, char **argv)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	int status;
	pid_t child;

	if (argc < 2)
		return 125;
	setrlimit(RLIMIT_MEMLOCK, &unlimited); /* what programs take counts there before 5.11 */
	attach("kvm_exit");
	attach("kvm_entry");
	child = fork();
	if (child == 0) {
		execvp(argv[1], argv + 1);
		_exit(126);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 125;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
