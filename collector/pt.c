// SPDX-License-Identifier: BSD-2-Clause
#include "internal.h"
#include "pt_open.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000000000ull

struct pt_recording {
	const struct pt_os *os;
	struct pt_events events;
	struct reblock_pt_setup setup;
	struct pt_limit limit;
	uint64_t point;    /* when the clocks were read last */
	uint64_t n_points; /* how often they were */
	bool snapshot, stopped;
};

static void describe_config(struct reblock_pt_setup *s, const struct pt_pmu *pmu, uint64_t config)
{
	const struct {
		const char *name;
		uint64_t *bits;
	} fields[] = {
		{ "tsc", &s->tsc_bits },
		{ "cyc", &s->cyc_bits },
		{ "mtc", &s->mtc_bits },
		{ "mtc_period", &s->mtc_period_bits },
		{ "psb_period", &s->psb_period_bits },
		{ "noretcomp", &s->noretcomp_bits },
		{ "event", &s->event_bits },
		{ "branch", &s->branch_bits },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		*fields[i].bits = pt_pmu_format(pmu, fields[i].name);
	s->config = config;
	s->presence |= REBLOCK_PT_HAS_CONFIG;
	if (config & s->mtc_bits) {
		s->mtc_freq = (uint32_t)pt_bits_get(s->mtc_period_bits, config);
		s->presence |= REBLOCK_PT_HAS_MTC_FREQ;
	}
	if (config & s->event_bits)
		s->mode |= REBLOCK_PT_EVENT_TRACE;
	/* Where a driver has no such field it always traces branches. */
	if (!s->branch_bits || config & s->branch_bits)
		s->mode |= REBLOCK_PT_BRANCHES;
}

/* perf's clock, where this host has one that comes from the TSC. */
static void describe_clock(struct reblock_pt_setup *s, const struct perf_event_mmap_page *page)
{
	uint32_t lock;

	do {
		lock = __atomic_load_n(&page->lock, __ATOMIC_ACQUIRE);
		s->time_zero = page->time_zero;
		s->time_mult = page->time_mult;
		s->time_shift = page->time_shift;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (lock != __atomic_load_n(&page->lock, __ATOMIC_RELAXED) || lock & 1);
	if (page->cap_user_time_zero && s->time_mult)
		s->presence |= REBLOCK_PT_HAS_CLOCK;
	else
		s->time_zero = s->time_mult = s->time_shift = 0;
}

static void describe(struct reblock_pt_setup *s, const struct pt_pmu *pmu,
		     const struct pt_options *o, uint64_t config)
{
	memset(s, 0, sizeof(*s));
	describe_config(s, pmu, config);
	s->mode |= (o->snapshot ? REBLOCK_PT_SNAPSHOT : 0) |
		   (o->no_host ? REBLOCK_PT_NOT_HOST : 0) |
		   (o->no_guest ? REBLOCK_PT_NOT_GUEST : 0) |
		   (o->no_kernel ? REBLOCK_PT_NOT_KERNEL : 0) |
		   (o->no_user ? REBLOCK_PT_NOT_USER : 0) | (o->pid ? REBLOCK_PT_OF_PROCESS : 0) |
		   (o->cgroup ? REBLOCK_PT_OF_CGROUP : 0);
	s->pmu_type = pmu->type;
	s->presence |= REBLOCK_PT_HAS_PMU_TYPE;
	s->nom_freq = pmu->nom_freq;
	if (s->nom_freq)
		s->presence |= REBLOCK_PT_HAS_NOM_FREQ;
	s->cpuid_0x15_eax = pmu->cpuid_0x15_eax;
	s->cpuid_0x15_ebx = pmu->cpuid_0x15_ebx;
	if (s->cpuid_0x15_eax)
		s->presence |= REBLOCK_PT_HAS_RATIO;
	s->pid = o->pid;
	s->buffer = o->buffer ? o->buffer : PT_BUFFER;
}

/* What would make it of no use to trace. */
static int check(const struct pt_os *os, struct pt_pmu *pmu, char **said)
{
	if (!pt_pmu_read(pmu, os)) {
		text_add(
			said,
			"Intel PT is not recorded: this CPU has none, or the kernel has no driver for it (there is no "
			"/sys/bus/event_source/devices/intel_pt)\n");
		return -ENODEV;
	}
	if (pmu->kvm == PT_KVM_HOST_GUEST) {
		text_add(
			said,
			"Intel PT is not recorded: kvm_intel.pt_mode is 1 (host-guest), so the host's trace stops where a guest "
			"runs: load kvm_intel with pt_mode=0\n");
		return -ENODEV;
	}
	return 0;
}

int pt_recording_begin(const struct pt_os *os, const struct pt_options *o,
		       struct pt_recording **result, char **said)
{
	struct pt_recording *r;
	struct pt_pmu pmu;
	uint64_t config;
	int err;

	*result = NULL;
	*said = NULL;
	err = check(os, &pmu, said);
	if (!err)
		err = pt_pmu_config(&pmu, o, &config, said);
	if (err)
		return err;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->os = os;
	r->snapshot = o->snapshot;
	r->limit.most = o->most_per_second;
	err = pt_events_open(&r->events, os, &pmu, o, config, said);
	if (!err) {
		describe(&r->setup, &pmu, o, config);
		describe_clock(&r->setup, r->events.rings[0].page);
		err = pt_events_enable(&r->events, os, NULL, true);
		if (err)
			text_add(said, "Intel PT is not recorded: it cannot be started: %s\n",
				 strerror(-err));
	}
	if (err) {
		pt_recording_free(r);
		return err;
	}
	*result = r;
	return 0;
}

const struct reblock_pt_setup *pt_recording_setup(const struct pt_recording *r)
{
	return &r->setup;
}

static int give_point(struct pt_recording *r, uint64_t *now, bool last, const struct pt_sink *sink)
{
	struct reblock_pt_point point;

	r->os->clocks(r->os->context, &point.tsc, &point.t);
	*now = point.t;
	/* One reading is no clock: the second follows at once, for the first file of a set may be full soon. */
	if (!last && r->n_points >= 2 && point.t - r->point < SECOND)
		return 0;
	r->point = point.t;
	r->n_points++;
	return sink->point(sink->context, &point);
}

static int drain(struct pt_recording *r, uint64_t now, const struct pt_sink *sink)
{
	int result = 0;

	for (size_t i = 0; !result && i < r->events.n; i++) {
		struct pt_ring *ring = &r->events.rings[i];

		result = pt_ring_drain(ring, now, &r->limit, sink);
		if (ring->stalled && !r->stopped)
			pt_events_enable(&r->events, r->os, ring, true);
		ring->stalled = false;
	}
	return result;
}

int pt_recording_poll(struct pt_recording *r, const struct pt_sink *sink)
{
	uint64_t now;
	int result = give_point(r, &now, false, sink);

	if (result || r->snapshot || r->stopped)
		return result;
	pt_limit_look(&r->limit, now);
	return drain(r, now, sink);
}

int pt_recording_stop(struct pt_recording *r, const struct pt_sink *sink)
{
	uint64_t now;
	int result;

	if (r->stopped)
		return 0;
	r->stopped = true;
	pt_events_enable(&r->events, r->os, NULL, false);
	result = give_point(r, &now, true, sink);
	if (!r->snapshot && !result) {
		pt_limit_look(&r->limit, now);
		return drain(r, now, sink);
	}
	for (size_t i = 0; !result && i < r->events.n; i++)
		result = pt_ring_snapshot(&r->events.rings[i], now, sink);
	return result;
}

void pt_recording_stats(const struct pt_recording *r, struct pt_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->cpus = (unsigned)r->events.n;
	for (size_t i = 0; i < r->events.n; i++) {
		const struct pt_stats *of = &r->events.rings[i].stats;

		stats->bytes += of->bytes;
		stats->left_out += of->left_out;
		stats->truncated += of->truncated;
		stats->partial += of->partial;
		stats->lost += of->lost;
	}
}

void pt_recording_free(struct pt_recording *r)
{
	if (!r)
		return;
	pt_events_close(&r->events, r->os);
	free(r);
}

bool pt_doctor(const struct pt_os *os, char **said)
{
	const struct pt_options options = { .n_terms = 0 };
	struct pt_pmu pmu;
	uint64_t config;

	*said = NULL;
	if (!pt_pmu_read(&pmu, os)) {
		*said = text(
			"not there: this CPU has none, or the kernel has no driver for it; --pt records the rest");
		return false;
	}
	if (pmu.kvm == PT_KVM_HOST_GUEST) {
		*said = text(
			"there, but kvm_intel.pt_mode is 1: the host's trace stops where a guest runs;\n"
			"load kvm_intel with pt_mode=0");
		return false;
	}
	if (pt_pmu_config(&pmu, &options, &config, said))
		return false;
	*said = config & pt_pmu_format(&pmu, "event") ?
			text("with Event Trace (--pt): NMIs, IRETs, exits and entries are told apart") :
		pmu.caps[PT_CAP_EVENT_TRACE] > 0 ?
			text("without Event Trace: this CPU has it, the kernel's driver has not (Linux 5.18\n"
			     "and later do); --pt records branches") :
			text("without Event Trace, which this CPU has not: --pt records branches, with which\n"
			     "interrupts and IRETs are not told apart");
	return true;
}
