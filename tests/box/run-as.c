/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run-as [--cgroup FOLDER] [--fifo N] [--user N] [--capabilities NUMBER,...] COMMAND...: runs COMMAND in that cgroup, with
 * real-time priority N, as user N, with these capabilities alone. Inside the box no other program of that kind is static.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void must(int result, const char *what)
{
	if (result == 0)
		return;
	fprintf(stderr, "run-as: %s: %s\n", what, strerror(errno));
	exit(125);
}

static uint64_t capabilities(char *list)
{
	uint64_t set = 0;

	for (char *one = strtok(list, ","); one != NULL; one = strtok(NULL, ","))
		set |= 1ull << (strtoul(one, NULL, 10) & 63);
	return set;
}

/* Capabilities that COMMAND keeps although its file has none. */
static void take(uint64_t set)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = {
		{ (uint32_t)set, (uint32_t)set, (uint32_t)set },
		{ (uint32_t)(set >> 32), (uint32_t)(set >> 32), (uint32_t)(set >> 32) },
	};

	must((int)syscall(SYS_capset, &header, data), "capset");
	for (unsigned long i = 0; i < 64; i++)
		if (set >> i & 1)
			must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0),
			     "ambient capability");
}

static void join(const char *cgroup)
{
	char path[256];
	int fd;

	snprintf(path, sizeof path, "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	must(fd < 0 || write(fd, "0", 1) != 1, path);
	close(fd);
}

int main(int argc, char **argv)
{
	uint64_t set = 0;
	uid_t user = 0;
	int i = 1;

	for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
		if (strcmp(argv[i], "--fifo") == 0) {
			struct sched_param param = { .sched_priority = atoi(argv[i + 1]) };

			must(sched_setscheduler(0, SCHED_FIFO, &param), "real-time priority");
		} else if (strcmp(argv[i], "--cgroup") == 0) {
			join(argv[i + 1]);
		} else if (strcmp(argv[i], "--user") == 0) {
			user = (uid_t)strtoul(argv[i + 1], NULL, 10);
		} else if (strcmp(argv[i], "--capabilities") == 0) {
			set = capabilities(argv[i + 1]);
		} else {
			break;
		}
	}
	if (i >= argc) {
		fputs("run-as: which command?\n", stderr);
		return 125;
	}
	if (user != 0) {
		must(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "keep capabilities");
		must(setgroups(0, NULL), "groups");
		must(setresgid(user, user, user), "group");
		must(setresuid(user, user, user), "user");
		take(set);
	}
	execvp(argv[i], argv + i);
	must(-1, argv[i]);
}
