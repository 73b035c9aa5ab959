// SPDX-License-Identifier: BSD-2-Clause
#include "vm_name.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND_MOST (128 * 1024) /* of a command line; libvirt's begin with the name */
#define CGROUP_MOST (16 * 1024)

/* The number that the kernel gave the initial PID namespace (PROC_PID_INIT_INO): the PIDs in records are its. */
#define INITIAL_PIDS "pid:[4026531836]"

static int pids_are_initial(void)
{
	char name[32];
	ssize_t n = readlink("/proc/self/ns/pid", name, sizeof(name));

	return n == (ssize_t)strlen(INITIAL_PIDS) && !memcmp(name, INITIAL_PIDS, (size_t)n);
}

/* The first MOST bytes of a file of PID, to be freed; NULL where there are none. */
static char *read_file(uint32_t pid, const char *file, size_t most, size_t *size)
{
	char path[48], *text;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/%s", (unsigned)pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	text = malloc(most);
	for (*size = 0; text && *size < most;) {
		ssize_t n = read(fd, text + *size, most - *size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		*size += (size_t)n;
	}
	close(fd);
	return text;
}

size_t vm_name_of(uint32_t pid, char *name, size_t room)
{
	static const struct {
		const char *file;
		size_t most;
		size_t (*find)(const char *text, size_t size, char *name, size_t room);
	} places[] = {
		{ "cmdline", COMMAND_MOST, vm_name_in_command },
		{ "cgroup", CGROUP_MOST, vm_name_in_cgroup },
	};
	size_t length = 0;

	if (room)
		name[0] = 0;
	if (!pid || !pids_are_initial())
		return 0;
	for (size_t i = 0; !length && i < sizeof(places) / sizeof(places[0]); i++) {
		size_t size;
		char *text = read_file(pid, places[i].file, places[i].most, &size);

		if (text)
			length = places[i].find(text, size, name, room);
		free(text);
	}
	return length;
}
