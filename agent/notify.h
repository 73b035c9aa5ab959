/* SPDX-License-Identifier: BSD-2-Clause */
/* What systemd wants to know of a service of Type=notify: a datagram to the socket that it names. */
#ifndef AGENT_NOTIFY_H
#define AGENT_NOTIFY_H

#include <stdint.h>

struct notify {
	int fd;            /* -1: nobody wants to know */
	uint64_t watchdog; /* ns between signs of life; 0: none are wanted */
	uint64_t last;
};

/* Reads NOTIFY_SOCKET and WATCHDOG_USEC, and takes them out of the environment. */
void notify_begin(struct notify *notify);

/* Sends TEXT, such as "READY=1" or "STATUS=attached". Never waits. */
void notify_send(const struct notify *notify, const char *text);

/* A sign of life, where it is due. */
void notify_alive(struct notify *notify, uint64_t now);

void notify_end(struct notify *notify);

#endif
