/* SPDX-License-Identifier: BSD-2-Clause */
/* A pipe that has to be read twice, or back and forth, goes to a file first, as large as it is. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "input/bytes.h"

static int unnamed_in(const char *directory)
{
	char path[4096];
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 ||
	    snprintf(path, sizeof(path), "%s/reblock-XXXXXX", directory) >= (int)sizeof(path))
		return fd;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static int unnamed(void)
{
	const char *directory = getenv("TMPDIR");
	int fd = -1;

	if (directory && directory[0] == '/')
		fd = unnamed_in(directory);
	if (fd < 0)
		fd = unnamed_in("/var/tmp");
	return fd < 0 ? unnamed_in("/tmp") : fd;
}

static int write_all(int fd, const uint8_t *p, size_t size)
{
	while (size) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

int bytes_spool(struct bytes *b)
{
	int fd, err = 0;

	if (b->fd < 0)
		return 0;
	fd = unnamed();
	if (fd < 0)
		return -errno;
	while (!err && b->size) {
		err = write_all(fd, b->data, b->size);
		bytes_skip(b, b->size);
		if (!err)
			err = bytes_more(b);
	}
	if (!err && lseek(fd, 0, SEEK_SET) < 0)
		err = -errno;
	bytes_close(b);
	if (err) {
		close(fd);
		return err;
	}
	return bytes_open(b, fd);
}
