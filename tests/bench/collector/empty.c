/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_empty EVENT EVENT COMMAND...: runs COMMAND with an empty program at each of two of KVM's tracepoints. */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "empty.skel.h"

static int run(char **command)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		execvp(command[0], command);
		perror(command[0]);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	struct empty_bpf *bpf;
	int result;

	if (argc < 4) {
		fputs("usage: bench_empty EVENT EVENT COMMAND...\n", stderr);
		return 2;
	}
	bpf = empty_bpf__open();
	if (!bpf) {
		perror("bench_empty");
		return 1;
	}
	result = bpf_program__set_attach_target(bpf->progs.at_exit, 0, argv[1]);
	if (!result)
		result = bpf_program__set_attach_target(bpf->progs.at_entry, 0, argv[2]);
	if (!result)
		result = empty_bpf__load(bpf);
	if (!result)
		result = empty_bpf__attach(bpf);
	if (result)
		fprintf(stderr, "bench_empty: %s\n", strerror(-result));
	result = result ? 1 : run(argv + 3);
	empty_bpf__destroy(bpf);
	return result;
}
