/* SPDX-License-Identifier: BSD-2-Clause */
/* The server of /metrics: one thread of libmicrohttpd, few connections, none for long. */
#ifndef AGENT_HTTP_H
#define AGENT_HTTP_H

struct http;
struct metrics;

/*
 * Starts it at WHERE: "127.0.0.1:9747", "[::1]:9747", "localhost:9747"; port 0: one that is free. METRICS must live as
 * long. "systemd": on the socket that a socket unit passes. Returns 0 and sets *HTTP, to be ended by http_end; or a negative errno with *ERROR (to be freed) a plain
 * sentence: -EINVAL for what is no such address, others of socket(2) and bind(2).
 */
int http_begin(const char *where, struct metrics *metrics, struct http **http, char **error);

/* Where it listens, with the port that it has. */
const char *http_address(const struct http *http);

/* Whether other machines can reach it. */
int http_is_open(const struct http *http);

void http_end(struct http *http); /* NULL is allowed */

#endif
