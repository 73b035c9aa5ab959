/* SPDX-License-Identifier: BSD-2-Clause */
/* What both sides of the control socket need. */
#ifndef AGENT_CONTROL_SOCKET_H
#define AGENT_CONTROL_SOCKET_H

#include <sys/un.h>

/* The address of PATH. Returns 0 or -ENAMETOOLONG. */
int control_address(const char *path, struct sockaddr_un *address);

/* Returns a connected socket, or a negative errno. */
int control_connect(const char *path);

#endif
