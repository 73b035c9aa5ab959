/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "agent/http.h"
#include "agent/listen.h"
#include "agent/metrics.h"
#include "agent/thread.h"

/* Prometheus needs one or two; whoever opens more, or is slow, shall not cost the host much. */
#define CONNECTIONS 16
#define SECONDS 10
#define BYTES ((size_t)16 << 10) /* of a connection: request and headers */

struct http {
	struct metrics *metrics;
	struct MHD_Daemon *daemon;
	struct listening listening;
	int error;
};

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status,
			      struct MHD_Response *response, const char *type)
{
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result say_text(struct MHD_Connection *connection, unsigned status,
				const char *text)
{
	/* It is copied: the library takes no text that is constant. */
	return answer(connection, status,
		      MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text,
						      MHD_RESPMEM_MUST_COPY),
		      "text/plain; charset=utf-8");
}

static enum MHD_Result give_metrics(struct MHD_Connection *connection, struct metrics *metrics)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct MHD_Response *response;

	if (!out)
		return MHD_NO;
	metrics_print(metrics, out);
	if (fclose(out) != 0) {
		free(text);
		return MHD_NO;
	}
	response = MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(text);
	return answer(connection, MHD_HTTP_OK, response,
		      "text/plain; version=0.0.4; charset=utf-8");
}

static enum MHD_Result serve(void *context, struct MHD_Connection *connection, const char *url,
			     const char *method, const char *version, const char *data,
			     size_t *data_size, void **state)
{
	static int begun;
	struct http *http = context;

	(void)version;
	(void)data;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return say_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD only\n");
	/* The first call is for the headers alone; a body, which nobody needs, is passed over. */
	if (!*state) {
		*state = &begun;
		return MHD_YES;
	}
	if (*data_size) {
		*data_size = 0;
		return MHD_YES;
	}
	if (strcmp(url, "/metrics") == 0)
		return give_metrics(connection, http->metrics);
	if (strcmp(url, "/") == 0)
		return say_text(connection, MHD_HTTP_OK, "reblock watch: see /metrics\n");
	return say_text(connection, MHD_HTTP_NOT_FOUND, "not found; see /metrics\n");
}

/* In a thread of its own, so that the library's thread, which is started here, has no rights either. */
static void *start(void *context)
{
	struct http *http = context;

	errno = 0;
	http->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, 0, NULL,
					NULL, serve, http, MHD_OPTION_LISTEN_SOCKET,
					http->listening.fd, MHD_OPTION_CONNECTION_LIMIT,
					(unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
					(unsigned)SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
					BYTES, MHD_OPTION_END);
	if (!http->daemon)
		http->error = errno ? -errno : -EIO;
	return NULL;
}

int http_begin(const char *where, struct metrics *metrics, struct http **result, char **error)
{
	struct http *http = calloc(1, sizeof(*http));
	pthread_t thread;
	int err;

	*result = NULL;
	*error = NULL;
	if (!http)
		return -ENOMEM;
	http->metrics = metrics;
	err = listen_at(where, &http->listening, error);
	if (err) {
		free(http);
		return err;
	}
	err = -thread_start(&thread, start, http);
	if (!err) {
		pthread_join(thread, NULL);
		err = http->error;
	}
	if (err) {
		if (asprintf(error, "the server of metrics cannot be started: %s", strerror(-err)) <
		    0)
			*error = NULL;
		close(http->listening.fd);
		free(http);
		return err;
	}
	*result = http;
	return 0;
}

const char *http_address(const struct http *http)
{
	return http->listening.address;
}

int http_is_open(const struct http *http)
{
	return !http->listening.loopback;
}

void http_end(struct http *http)
{
	if (!http)
		return;
	MHD_stop_daemon(http->daemon); /* closes the socket */
	free(http);
}
