/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "agent/control.h"
#include "agent/control_socket.h"

#define PATIENCE 30 /* seconds: letting go of many attach points takes its time */

int control_address(const char *path, struct sockaddr_un *address)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	memcpy(address->sun_path, path, strlen(path));
	return 0;
}

int control_connect(const char *path)
{
	struct sockaddr_un address;
	int err = control_address(path, &address), fd;

	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Prints the lines of the answer but for the last, which says how it went. */
static int print(FILE *in, FILE *out)
{
	char *line = NULL;
	size_t room = 0;
	int err = -ETIMEDOUT;

	while (err == -ETIMEDOUT && getline(&line, &room, in) > 0) {
		if (strcmp(line, "ok\n") == 0)
			err = 0;
		else if (strncmp(line, "error", 5) == 0)
			err = -EREMOTEIO;
		if (err == -ETIMEDOUT)
			fputs(line, out);
		else if (strncmp(line, "error: ", 7) == 0)
			fputs(line + 7, out);
	}
	free(line);
	return err;
}

int control_ask(const char *path, const char *command, FILE *out)
{
	struct timeval patience = { PATIENCE, 0 };
	int fd = control_connect(path), err = 0;
	FILE *in;

	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	in = fdopen(fd, "r");
	if (!in) {
		close(fd);
		return -ENOMEM;
	}
	if (send(fd, command, strlen(command), MSG_NOSIGNAL) < 0 ||
	    send(fd, "\n", 1, MSG_NOSIGNAL) < 0)
		err = -errno;
	if (!err)
		err = print(in, out);
	fclose(in);
	return err;
}

const char *control_default(char *path, size_t size)
{
	const char *folder = getenv("RUNTIME_DIRECTORY");

	/* systemd may name several; the first is meant. */
	if (folder && *folder)
		(void)snprintf(path, size, "%.*s/watch.sock", (int)strcspn(folder, ":"), folder);
	else
		(void)snprintf(path, size, "/run/reblock/watch.sock");
	return path;
}
