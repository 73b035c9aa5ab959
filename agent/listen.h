/* SPDX-License-Identifier: BSD-2-Clause */
/* A listening TCP socket from the text of an address, or the one that systemd passes. */
#ifndef AGENT_LISTEN_H
#define AGENT_LISTEN_H

#include <stdbool.h>

struct listening {
	int fd;
	bool loopback;    /* only this machine can reach it */
	char address[80]; /* as in a URL, with the port that it has */
};

/* As http_begin. Names are not looked up: an agent must not wait for a name server. */
int listen_at(const char *where, struct listening *listening, char **error);

#endif
