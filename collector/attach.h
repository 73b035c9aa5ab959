/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the programs are attached, which of them this kernel can have, and loading them. */
#ifndef COLLECTOR_ATTACH_H
#define COLLECTOR_ATTACH_H

#include "collector.h"
#include "host.h"
#include "prog_info.h"
#include "rings.h"
#include "shape.h"

struct reblock_bpf;
struct bpf_link;

/* In the order of attaching: what fills KVM's caches before what reads them, kvm_exit at the end. */
enum point {
	POINT_VM_END,
	POINT_VCPU_END,
	POINT_USER_EXIT,
	POINT_EVENTS_WRITE,
	POINT_MASK_WRITE,
	POINT_MASK_READ,
	POINT_NMI_BLOCKED,
	POINT_NMI_ALLOWED,
	POINT_VMREAD,
	POINT_ENTRY,
	POINT_CACHE,
	POINT_EXIT,
	POINTS
};

/* How kvm_exit and kvm_entry are attached, best first. */
enum way {
	WAY_TP_BTF, /* typed arguments, plain loads */
	WAY_RAW_TP, /* untyped arguments, reads by helper calls; needs the same BTF for the offsets */
	WAY_CLASSIC, /* the tracepoints' own records; no BTF */
	WAYS
};

struct point_description {
	const char *label;         /* a word or two for what it gives */
	const char *hook;          /* as the kernel names it */
	const char *program[WAYS]; /* NULL: not attached that way; kvm_exit's goes by its shape */
	unsigned kind;             /* the record it makes, 0: none of its own */
	enum collector_call call;  /* CALL_NONE: not watched */
	const char *records;       /* what it is for */
	const char *loses;         /* what is lost without it */
};

extern const struct point_description point_descriptions[POINTS];
extern const char *const way_names[WAYS];

struct attached {
	struct reblock_bpf *bpf;
	struct bpf_link *links[POINTS];
	int errors[POINTS]; /* a negative errno where there is no link */
	enum way way;
	struct shape shape;
	bool entry_intr_info;
	bool filtered; /* most exits are only counted */
	bool filled;   /* kvm_exit's program is a classic one, so that KVM fills its copies */
	struct rings rings;
	const struct collector_row *exits; /* counted by the programs, a row for each CPU; mapped */
	unsigned cpus;
	int info[POINTS]; /* of prog_info_open where there is a link */
	int stats; /* keeps the kernel's run-time statistics on; 0: not asked for, or a negative errno */
	int empty_btf; /* a file that classic_open has made, or 0 */
};

/* Why POINT is missing and what is lost by it, to be freed; NULL: it is not missing. */
char *point_missing(const struct attached *attached, enum point point);

/*
 * Loads and attaches what can be had. Returns 0, or a negative errno with *ERROR (to be freed); then
 * there is nothing to detach.
 */
int attach(struct attached *attached, const struct host *host,
	   const struct collector_options *options, char **error);

/*
 * The classic tracepoints: tells the programs where their fields are. Returns 0 or a negative errno.
 */
int classic_prepare(struct attached *attached, const struct host *host);

/* Opens the skeleton where the kernel has no BTF, which libbpf would otherwise insist on. */
struct reblock_bpf *classic_open(struct attached *attached);

/* Detaches; the tables and the ring stay. No program runs any more when it returns. */
void detach(struct attached *attached);

/* Detaches and frees everything. */
void attached_free(struct attached *attached);

/* What the kernel counts of all programs; of `skipped`, only those that make records. Needs no rights. */
void attached_info(const struct attached *attached, struct prog_info *info);

#endif
