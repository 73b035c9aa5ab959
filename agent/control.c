/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "agent/control.h"
#include "agent/control_socket.h"
#include "agent/thread.h"

#define CLIENTS 4
#define BACKLOG 16
#define COMMAND_MOST 64
#define PATIENCE 2000000000ull /* ns, for a client to send its line */

struct client {
	int fd; /* -1: none */
	uint64_t since;
	size_t n;
	char command[COMMAND_MOST];
};

struct control {
	int fd;
	char *path;
	control_fn *run;
	void *context;
	struct client clients[CLIENTS];
};

/* The folder of the default path, which nobody else makes where there is no systemd. */
static void make_folder(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	const char *slash = strrchr(path, '/');

	if (!slash || slash == path || (size_t)(slash - path) >= sizeof(folder))
		return;
	memcpy(folder, path, (size_t)(slash - path));
	folder[slash - path] = 0;
	(void)mkdir(folder, 0755);
}

static int listen_on(const char *path, int *fd)
{
	struct sockaddr_un address;
	struct stat st;
	mode_t mask;
	int err = control_address(path, &address), other;

	if (err)
		return err;
	make_folder(path);
	/* Nobody answers: it was left by an agent that was killed. */
	other = control_connect(path);
	if (other >= 0) {
		close(other);
		return -EADDRINUSE;
	}
	if (other == -ECONNREFUSED && lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		(void)unlink(path);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return -errno;
	mask = umask(0177);
	if (bind(*fd, (struct sockaddr *)&address, sizeof(address)) || listen(*fd, BACKLOG))
		err = -errno;
	umask(mask);
	if (err)
		close(*fd);
	return err;
}

int control_begin(const char *path, control_fn *run, void *context, struct control **result,
		  char **error)
{
	struct control *c = calloc(1, sizeof(*c));
	int err = -ENOMEM, n = 0;

	*result = NULL;
	*error = NULL;
	if (!c)
		return err;
	c->path = strdup(path);
	c->run = run;
	c->context = context;
	for (unsigned i = 0; i < CLIENTS; i++)
		c->clients[i].fd = -1;
	if (c->path)
		err = listen_on(path, &c->fd);
	if (!err) {
		*result = c;
		return 0;
	}
	if (err == -EADDRINUSE)
		n = asprintf(
			error,
			"%s: another reblock watch answers there; --control names another place",
			path);
	else
		n = asprintf(error, "%s: the control socket cannot be made: %s", path,
			     strerror(-err));
	if (n < 0)
		*error = NULL;
	free(c->path);
	free(c);
	return err;
}

static void drop(struct client *client)
{
	close(client->fd);
	client->fd = -1;
}

static void answer(struct control *c, struct client *client)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out) {
		int err = c->run(c->context, client->command, out);

		if (!err)
			fprintf(out, "ok\n");
		else if (ftell(out) > 0)
			fprintf(out, "error\n"); /* it has said why */
		else
			fprintf(out, "error: %s\n", strerror(-err));
		/* It fits into the socket's buffer, or the client has itself to blame. */
		if (fclose(out) == 0)
			(void)!send(client->fd, text, size, MSG_NOSIGNAL | MSG_DONTWAIT);
		free(text);
	}
	drop(client);
}

static void hear(struct control *c, struct client *client)
{
	ssize_t got = recv(client->fd, client->command + client->n,
			   sizeof(client->command) - 1 - client->n, MSG_DONTWAIT);
	char *end;

	if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
		if (thread_now() - client->since > PATIENCE)
			drop(client);
		return;
	}
	if (got <= 0) {
		drop(client);
		return;
	}
	client->n += (size_t)got;
	client->command[client->n] = 0;
	end = strchr(client->command, '\n');
	if (end) {
		*end = 0;
		answer(c, client);
	} else if (client->n == sizeof(client->command) - 1) {
		drop(client);
	}
}

void control_serve(struct control *c)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct client *client = &c->clients[i];

		if (client->fd < 0) {
			client->fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
			client->since = thread_now();
			client->n = 0;
		}
		if (client->fd >= 0)
			hear(c, client);
	}
}

void control_end(struct control *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < CLIENTS; i++)
		if (c->clients[i].fd >= 0)
			drop(&c->clients[i]);
	(void)unlink(c->path);
	close(c->fd);
	free(c->path);
	free(c);
}
