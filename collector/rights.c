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

/* How many threads this process has; 0: not known. */
static unsigned threads(void)
{
	DIR *folder = opendir("/proc/self/task");
	unsigned n = 0;

	if (!folder)
		return 0;
	for (const struct dirent *each; (each = readdir(folder));)
		n += each->d_name[0] != '.';
	closedir(folder);
	return n;
}

static int still_held(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	int held;

	if (!status)
		return 0; /* capset has said that it is done */
	held = rights_parse(status) != 0;
	fclose(status);
	return held;
}

int rights_drop(char **error)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	*error = NULL;
	if (threads() > 1) {
		*error = text(
			"rights were to be given up after threads were started, which would keep them");
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
	if (still_held()) {
		*error = text("the kernel says that the rights were not given up");
		return -EPERM;
	}
	return 0;
}
