/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "input/trace_create.h"

/* The system's own links: /dev/stdout, /proc/self/fd/3. */
static int is_system_link(const char *path)
{
	return strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0;
}

static int create(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* A regular file that is the caller's alone is used again: that takes no right to its folder. */
static int reuse(const char *path)
{
	int fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;

	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1 &&
	    status.st_uid == geteuid() && fchmod(fd, 0600) == 0 && ftruncate(fd, 0) == 0)
		return fd;
	close(fd);
	errno = EPERM;
	return -1;
}

int trace_create(const char *path)
{
	struct stat status;
	int fd;

	if (strcmp(path, "-") == 0) {
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		return fd < 0 ? -errno : fd;
	}
	fd = create(path);
	if (fd >= 0 || errno != EEXIST)
		return fd < 0 ? -errno : fd;
	if (lstat(path, &status) != 0)
		return -errno;
	if (S_ISREG(status.st_mode)) {
		fd = reuse(path);
		if (fd < 0 && unlink(path) == 0)
			fd = create(path);
	} else if (S_ISLNK(status.st_mode) && status.st_uid != geteuid() && !is_system_link(path)) {
		return -ELOOP;
	} else {
		/* A pipe, a device, or where the caller's own link leads. */
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	}
	return fd < 0 ? -errno : fd;
}
