/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stays and sections by their times alone: vCPUs run on one CPU by chance, PSBs and TSC packets come in host and guests, whose
 * counters have offsets and multipliers that change, MTC packets and records go missing, and overflows hide exits and entries. Addresses tell which stay each section
 * is of, and the records do not have them: no section may be given to another stay, and nearly all are to be found.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "pt/config.h"
#include "pt/join.h"
#include "pt_packets.h"

enum { STAYS = 200, VCPUS = 3, BYTES = 1 << 18, RUNS = 300 };

struct guest {
	uint64_t offset, times; /* of its counter */
};

struct run {
	uint64_t random, now, tick;             /* of the crystal */
	unsigned psbs, tscs, overflows, losses; /* one in so many places has one */
	uint8_t bytes[BYTES];
	size_t size;
	struct reblock_record records[2 * STAYS];
	size_t n;
	struct guest guests[VCPUS];
	unsigned stays; /* of which there are records */
};

static uint64_t any(struct run *r, uint64_t from, uint64_t to)
{
	r->random ^= r->random << 13;
	r->random ^= r->random >> 7;
	r->random ^= r->random << 17;
	return from + r->random % (to - from + 1);
}

__attribute__((format(printf, 2, 3))) static void put(struct run *r, const char *format, ...)
{
	char line[128];
	va_list args;
	long size;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	size = pt_packet_from_words(line, r->bytes, r->size, BYTES);
	if (size < 0)
		fail_msg("no packet: %s", line);
	r->size = (size_t)size;
}

/* Time passes, and MTC tells it; one in thirty is lost. */
static void pass(struct run *r, uint64_t least, uint64_t most)
{
	uint64_t to = r->now + any(r, least, most);

	for (uint64_t tick = r->now / r->tick + 1; tick * r->tick <= to; tick++)
		if (any(r, 1, 30) != 1)
			put(r, "mtc %" PRIu64, tick % 256);
	r->now = to;
}

/* GUEST: NULL in the host. */
static void put_time(struct run *r, const struct guest *guest, bool tma)
{
	uint64_t tsc;

	/* TMA's fast counter has 9 bits. */
	if (r->now % r->tick >= 512)
		pass(r, r->tick - r->now % r->tick, r->tick - r->now % r->tick);
	tsc = guest ? r->now * guest->times + guest->offset : r->now;
	put(r, "tsc %" PRIu64, tsc % ((uint64_t)1 << 56));
	if (tma)
		put(r, "tma %" PRIu64 " %" PRIu64, r->now / r->tick % 65536, r->now % r->tick);
}

static void put_psb(struct run *r, const struct guest *guest, unsigned vmcs)
{
	put(r, "psb");
	put_time(r, guest, !guest || any(r, 0, 1));
	put(r, guest ? "pip 0x5000 nr" : "pip 0x1000 root");
	put(r, "vmcs %#x", vmcs);
	put(r, "fup 0x900");
	put(r, "psbend");
}

static bool overflows(struct run *r)
{
	return any(r, 1, r->overflows) == 1;
}

static void put_entry(struct run *r, unsigned vmcs)
{
	put(r, "vmcs %#x", vmcs);
	put(r, "pip 0x5000 nr");
	put(r, "tip 0x900");
}

static void put_exit(struct run *r, unsigned k)
{
	put(r, "fup %#x", 0x1000 + k);
	put(r, "pip 0x1000 root");
	put(r, "tip 0xffffffffc0000000");
}

/* Packets are lost; from here on it is not known whether a guest runs. */
static void overflow(struct run *r)
{
	put(r, "ovf");
	put(r, "fup 0x900");
}

static void perhaps_time(struct run *r, const struct guest *guest, unsigned vmcs)
{
	if (any(r, 1, r->psbs) == 1)
		put_psb(r, guest, vmcs);
	else if (any(r, 1, r->tscs) == 1)
		put_time(r, guest, true);
	else if (overflows(r))
		overflow(r);
}

static void record(struct run *r, uint8_t kind, unsigned vcpu)
{
	struct reblock_record *to = &r->records[r->n++];

	memset(to, 0, sizeof(*to));
	to->kind = kind;
	to->t = r->now;
	to->vm = 1;
	to->vcpu = (uint16_t)vcpu;
	to->cpu = 3;
}

/* Stay K of a vCPU: its exit is at 0x1000 + K, and its exit record, where it is kept, has the reason K. */
static void stay(struct run *r, unsigned k)
{
	unsigned vcpu = (unsigned)any(r, 0, VCPUS - 1), vmcs = 0x7000 + 0x1000 * vcpu;
	struct guest *guest = &r->guests[vcpu];
	bool kept = any(r, 1, r->losses) != 1;

	if (kept)
		record(r, REBLOCK_ENTRY, vcpu);
	pass(r, 100, 600);
	if (overflows(r))
		overflow(r);
	else
		put_entry(r, vmcs);
	for (uint64_t n = any(r, 1, 4); n; n--) {
		pass(r, 200, 6000);
		perhaps_time(r, guest, vmcs);
		if (any(r, 1, 30) == 1) /* it writes its counter */
			guest->offset = any(r, 0, UINT32_MAX) << any(r, 0, 24);
	}
	pass(r, 50, 100);
	if (overflows(r))
		overflow(r);
	else
		put_exit(r, k);
	pass(r, 100, 600);
	if (kept) {
		record(r, REBLOCK_EXIT, vcpu);
		r->records[r->n - 1].error_code = k; /* of no use to joining: which one it is */
		r->stays++;
	}
	pass(r, 700, 4000);
	perhaps_time(r, NULL, vmcs);
}

static void make(struct run *r, uint64_t seed)
{
	memset(r, 0, sizeof(*r));
	r->random = seed * 0x9e3779b97f4a7c15u + 1;
	r->now = any(r, 100000, (uint64_t)1 << 40);
	r->tick = any(r, 100, 4000);
	r->psbs = (unsigned)any(r, 2, 60);
	r->tscs = (unsigned)any(r, 5, 100);
	r->overflows = (unsigned)any(r, 10, 1000);
	r->losses = (unsigned)any(r, 2, 30);
	for (int i = 0; i < VCPUS; i++)
		r->guests[i] =
			(struct guest){ any(r, 0, UINT32_MAX) << any(r, 0, 24), any(r, 1, 3) };
	put_psb(r, NULL, 0x7000);
	pass(r, 1000, 2000);
	for (unsigned k = 0; k < STAYS; k++)
		stay(r, k);
	put_psb(r, NULL, 0x7000);
	pass(r, 1000, 2000);
	put_time(r, NULL, true);
	put(r, "fup 0xffffffffc0000300");
	put(r, "tip 0xffffffffc0000400");
}

/* Joins R; returns how many stays were found. */
static unsigned join(const struct run *r, uint64_t seed)
{
	struct pt_config config = { .cpuid_0x15_eax = 1, .cpuid_0x15_ebx = (uint32_t)r->tick };
	struct pt_piece piece = { .bytes = r->bytes, .size = r->size };
	struct pt_queue queue = { .cpu = 3, .config = &config, .pieces = &piece, .n_pieces = 1 };
	struct pt_clock clock = { .kind = PT_CLOCK_TSC };
	struct pt_join_options o = {
		.queues = &queue, .n_queues = 1, .clock = &clock, .has_records = true
	};
	const struct reblock_record *records;
	uint64_t saw = 0; /* the address of the last exit */
	unsigned found = 0;
	bool ended = false;
	struct pt_join *j;
	long n;

	assert_int_equal(pt_join_new(&o, &j), 0);
	while ((n = pt_join_give(j, &records)) > 0 || !ended) {
		assert_true(n >= 0);
		for (long i = 0; i < n; i++) {
			if (records[i].kind == REBLOCK_WITNESS &&
			    records[i].error_code == REBLOCK_SAW_EXIT)
				saw = records[i].rip;
			if (records[i].kind != REBLOCK_EXIT)
				continue;
			if (saw && saw != 0x1000 + records[i].error_code)
				fail_msg("seed %" PRIu64 ": stay %u has the section of %" PRIu64,
					 seed, records[i].error_code, saw - 0x1000);
			found += saw != 0;
			saw = 0;
		}
		if (n)
			continue;
		ended = true;
		assert_int_equal(pt_join_take(j, r->records, r->n), 0);
		pt_join_end(j);
	}
	pt_join_free(j);
	return found;
}

static void test_times(void **state)
{
	static struct run r;
	unsigned found = 0, stays = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= RUNS; seed++) {
		make(&r, seed);
		found += join(&r, seed);
		stays += r.stays;
	}
	print_message("%u of %u stays were found\n", found, stays);
	assert_true(found >= stays / 100 * 70);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times),
	};

	if (!pt_has_backend(PT_BACKEND_BEST)) {
		puts("this program has no libipt");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
