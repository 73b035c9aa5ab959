// SPDX-License-Identifier: BSD-2-Clause
#include "rights.h"

#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

uint64_t rights_parse(FILE *status)
{
	static const char *const sets[] = { "CapInh:", "CapPrm:", "CapEff:", "CapAmb:" };
	unsigned long long all = 0;
	char line[256];

	while (fgets(line, sizeof(line), status)) {
		for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++) {
			size_t length = strlen(sets[i]);

			if (!strncmp(line, sets[i], length))
				all |= strtoull(line + length, NULL, 16);
		}
	}
	return all;
}

/* Whether what is at PATH, a thread's status, has any rights; false where it is not there. */
static bool held_at(const char *path)
{
	FILE *status = fopen(path, "re");
	bool held = status && rights_parse(status) != 0;

	if (status)
		fclose(status);
	return held;
}

/* Whether another thread of this process has rights: it would keep them. */
static bool held_by_others(void)
{
	DIR *folder = opendir("/proc/self/task");
	long self = syscall(SYS_gettid);
	bool held = false;
	char path[64];

	if (!folder)
		return false;
	for (const struct dirent *each; !held && (each = readdir(folder));) {
		if (each->d_name[0] == '.' || strtol(each->d_name, NULL, 10) == self)
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%.20s/status", each->d_name);
		held = held_at(path);
	}
	closedir(folder);
	return held;
}

int rights_drop(char **error)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	*error = NULL;
	if (held_by_others()) {
		*error = text(
			"rights were to be given up after threads were started that have them, and would keep them");
		return -EBUSY;
	}
	/* The first that is not known is behind the last. Without CAP_SETPCAP the bounding set stays as it is. */
	for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_capset, &header, none)) {
		int result = -errno;

		*error = text("the rights could not be given up: %s", strerror(-result));
		return result;
	}
	/* Where there is no /proc, capset has said that it is done. */
	if (held_at("/proc/thread-self/status")) {
		*error = text("the kernel says that the rights were not given up");
		return -EPERM;
	}
	return 0;
}
