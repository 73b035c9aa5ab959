/* SPDX-License-Identifier: BSD-2-Clause */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "agent/notify.h"

/* Connected, so that who has made it a file of another mount later does not matter. */
static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = path ? strlen(path) : 0;
	int fd;

	if (length < 2 || length >= sizeof(address.sun_path) || !strchr("/@", path[0]))
		return -1;
	memcpy(address.sun_path, path, length);
	if (path[0] == '@')
		address.sun_path[0] = 0; /* an abstract name */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address,
			       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

void notify_begin(struct notify *n)
{
	const char *every = getenv("WATCHDOG_USEC");

	n->fd = connect_to(getenv("NOTIFY_SOCKET"));
	n->last = 0;
	/* Half the time that systemd waits. */
	n->watchdog = n->fd >= 0 && every ? strtoull(every, NULL, 10) * 1000 / 2 : 0;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
}

void notify_send(const struct notify *n, const char *text)
{
	if (n->fd >= 0)
		(void)!send(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void notify_alive(struct notify *n, uint64_t now)
{
	if (!n->watchdog || now - n->last < n->watchdog)
		return;
	n->last = now;
	notify_send(n, "WATCHDOG=1");
}

void notify_end(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}
