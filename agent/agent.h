/* SPDX-License-Identifier: BSD-2-Clause */
/* The agent: judges what KVM on this host does, or an input, as it happens, until it is asked to end. */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "agent/feed.h"

enum agent_status {
	AGENT_OK = 0,     /* asked to end */
	AGENT_FAILED = 2, /* could not run; said why */
	AGENT_RESTART =
		75 /* wants to be started again: kvm_intel is back, and its rights are gone */
};

struct agent_options {
	const char *version;
	const char *from; /* an input; NULL: KVM on this host */
	bool exit;        /* at the end of the input */
	enum reblock_vnmi vnmi;
	bool json;
	uint64_t rate;        /* findings of a kind and VM told in a minute; 0: all */
	const char *evidence; /* folder; NULL: none is kept */
	size_t records;       /* kept before a finding, half of it after: 2 to AGENT_RECORDS_MOST */
	uint64_t max_size;    /* of the folder */
	size_t most_vcpus;    /* of which a state is kept, at least 1 */
	const char *listen;   /* NULL: no metrics are served */
	bool per_vm;
	const char *control; /* path of the socket; NULL: none */
	bool control_needed; /* the agent does not run without it */
#ifdef REBLOCK_COLLECTOR
	struct feed_live_options live;
#endif
};

#define AGENT_RECORDS_MOST 4096
#define AGENT_VCPUS_MOST 1000000

/* Runs until a signal (TERM, INT, HUP) or the end. Findings go to standard output, all else to standard error. */
enum agent_status agent_run(const struct agent_options *options);

/*
 * Asks the agent at CONTROL (NULL: the default) to do COMMAND, "detach" or "status", and prints what it says. Returns
 * AGENT_OK or AGENT_FAILED.
 */
enum agent_status agent_ask(const char *control, const char *command);

#endif
