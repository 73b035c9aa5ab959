/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A capture: the evidence around findings of one vCPU while it comes together, and those findings, which are told
 * only when it is on the disk.
 */
#ifndef AGENT_CAPTURE_H
#define AGENT_CAPTURE_H

#include <stdbool.h>
#include <time.h>
#include <reblock/audit.h>
#include <reblock/source.h>
#include "agent/vcpus.h"
#include "agent/vms.h"

/* A finding with what is said beside it. */
struct told {
	struct told *next;
	struct reblock_finding finding;
	struct timespec at; /* CLOCK_REALTIME, when it was found */
	uint32_t pid;       /* 0: not known */
	char vm_text[VMS_TEXT_MOST];
	char name[REBLOCK_NAME_LENGTH + 1]; /* of the VM, empty: not known */
};

struct capture {
	struct capture *next; /* of those that are open, or wait to be written */
	struct reblock_source source;
	uint32_t vm;
	uint16_t vcpu;
	char label[VMS_TEXT_MOST];
	bool has_meta;
	struct reblock_record meta;
	uint64_t deadline; /* ns of CLOCK_MONOTONIC */
	size_t after;      /* records still to come */
	struct told *first, **last;
	size_t n, room;
	struct kept kept[];
};

/* With room for ROOM records. Returns NULL without memory. */
struct capture *capture_new(size_t room);

/* Adds a finding, which is then the capture's. */
void capture_tell(struct capture *capture, struct told *told);

/* Adds a record, if there is room. */
void capture_record(struct capture *capture, uint64_t number, const struct reblock_record *record);

/* Whether no more is wanted, or there is no room. */
bool capture_done(const struct capture *capture);

/*
 * The number that the record which was NUMBER in the stream has in the evidence file; UINT64_MAX where it is not in it.
 */
uint64_t capture_number(const struct capture *capture, uint64_t number);

void capture_free(struct capture *capture); /* NULL is allowed; its findings too */

#endif
