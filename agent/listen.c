/* SPDX-License-Identifier: BSD-2-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "agent/listen.h"

#define BACKLOG 16

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static bool read_port(const char *text, in_port_t *port)
{
	unsigned long value;

	if (!*text || strlen(text) > 5 || strspn(text, "0123456789") != strlen(text))
		return false;
	value = strtoul(text, NULL, 10);
	*port = htons((uint16_t)value);
	return value <= UINT16_MAX;
}

static bool read_address(const char *where, union address *a)
{
	const char *colon = strrchr(where, ':');
	char host[INET6_ADDRSTRLEN + 2];
	size_t length = colon ? (size_t)(colon - where) : 0;
	in_port_t port;

	memset(a, 0, sizeof(*a));
	if (!colon || length >= sizeof(host) || !read_port(colon + 1, &port))
		return false;
	memcpy(host, where, length);
	host[length] = 0;
	if (host[0] == '[' && length > 2 && host[length - 1] == ']') {
		host[length - 1] = 0;
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = port;
		return inet_pton(AF_INET6, host + 1, &a->v6.sin6_addr) == 1;
	}
	a->v4.sin_family = AF_INET;
	a->v4.sin_port = port;
	return inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host,
			 &a->v4.sin_addr) == 1;
}

static void describe(const union address *a, struct listening *l)
{
	char host[INET6_ADDRSTRLEN] = "?";

	if (a->any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &a->v6.sin6_addr, host, sizeof(host));
		(void)snprintf(l->address, sizeof(l->address), "[%s]:%u", host,
			       ntohs(a->v6.sin6_port));
		l->loopback = IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
	} else {
		inet_ntop(AF_INET, &a->v4.sin_addr, host, sizeof(host));
		(void)snprintf(l->address, sizeof(l->address), "%s:%u", host,
			       ntohs(a->v4.sin_port));
		l->loopback = ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
	}
}

static int bind_to(const union address *a, struct listening *l)
{
	socklen_t size = a->any.sa_family == AF_INET6 ? sizeof(a->v6) : sizeof(a->v4);
	union address has = *a;
	int on = 1, err;

	l->fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return -errno;
	/* Not in the way of itself when it is started again at once. */
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->any.sa_family == AF_INET6)
		setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(l->fd, &a->any, size) || listen(l->fd, BACKLOG) ||
	    getsockname(l->fd, &has.any, &size)) {
		err = -errno;
		close(l->fd);
		return err;
	}
	describe(&has, l);
	return 0;
}

#define FIRST_PASSED 3

/*
 * The socket that systemd has opened for this service (sd_listen_fds(3)), so that the agent need not be allowed to
 * open one.
 */
static int take_passed(struct listening *l)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	int listens = 0, flags;
	socklen_t size = sizeof(listens);
	union address has = { .v6 = { 0 } };

	if (!pid || !count || strtol(pid, NULL, 10) != getpid() || strcmp(count, "1") != 0)
		return -ENOENT;
	l->fd = FIRST_PASSED;
	if (getsockopt(l->fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size))
		return -errno;
	size = sizeof(has);
	if (getsockname(l->fd, &has.any, &size))
		return -errno;
	if (!listens || (has.any.sa_family != AF_INET && has.any.sa_family != AF_INET6))
		return -EPROTOTYPE;
	flags = fcntl(l->fd, F_GETFL);
	if (flags < 0 || fcntl(l->fd, F_SETFL, flags | O_NONBLOCK) ||
	    fcntl(l->fd, F_SETFD, FD_CLOEXEC))
		return -errno;
	describe(&has, l);
	return 0;
}

static int listen_passed(struct listening *l, char **error)
{
	int err = take_passed(l);

	if (err &&
	    asprintf(error,
		     "--listen systemd takes one listening TCP socket from a socket unit: %s",
		     err == -ENOENT ? "none was passed" : strerror(-err)) < 0)
		*error = NULL;
	return err;
}

int listen_at(const char *where, struct listening *l, char **error)
{
	union address a;
	int err, n;

	*error = NULL;
	memset(l, 0, sizeof(*l));
	if (strcmp(where, "systemd") == 0)
		return listen_passed(l, error);
	if (!read_address(where, &a)) {
		n = asprintf(
			error,
			"--listen takes an address and a port, such as 127.0.0.1:9747 or [::1]:9747, systemd or none, not \"%s\"",
			where);
		if (n < 0)
			*error = NULL;
		return -EINVAL;
	}
	err = bind_to(&a, l);
	if (!err)
		return 0;
	n = asprintf(error, "%s: metrics cannot be served there: %s%s", where, strerror(-err),
		     err == -EADDRINUSE ? "; --listen names another place" : "");
	if (n < 0)
		*error = NULL;
	return err;
}
