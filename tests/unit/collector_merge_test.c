// SPDX-License-Identifier: BSD-2-Clause
/*
 * The rings of several CPUs become one stream: on simulated hosts whose vCPUs move between CPUs and whose programs are
 * preempted between reserving and submitting, each vCPU's records come out in order, none lost, none twice.
 */
#include "collector/merge.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <reblock/record.h>

#define CPUS 5
#define VCPUS 23
#define RING_SIZE 4096
#define BUSY (1u << 31)
#define DISCARDED (1u << 30)

struct vcpu {
	unsigned cpu;
	uint16_t seq;
	uint32_t *reserved; /* the header of a sample that is not submitted yet */
	uint32_t length;
	/* what came out */
	uint16_t next;
	uint64_t t;
};

struct host {
	struct ring rings[CPUS];
	unsigned long consumers[CPUS], producers[CPUS];
	struct vcpu vcpus[VCPUS];
	struct merge merge;
	uint64_t now, random;
	uint64_t made, dropped, came, gaps, hidden;
	bool by_clock; /* CLOCK_MONOTONIC, not steps of our own */
};

static uint64_t clock_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t draw(struct host *host, uint64_t below)
{
	host->random ^= host->random << 13;
	host->random ^= host->random >> 7;
	host->random ^= host->random << 17;
	return host->random % below;
}

/* The same memory twice in a row, as the kernel maps a ring's data. */
static unsigned char *map_twice(void)
{
	int fd = memfd_create("ring", MFD_CLOEXEC);
	unsigned char *at;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, RING_SIZE), 0);
	at = mmap(NULL, 2 * RING_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(at != MAP_FAILED);
	for (size_t i = 0; i < 2; i++)
		assert_true(mmap(at + i * RING_SIZE, RING_SIZE, PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED);
	close(fd);
	return at;
}

static struct host *host_begin(uint64_t seed)
{
	struct host *host = calloc(1, sizeof(*host));

	assert_non_null(host);
	host->random = seed;
	host->now = 1000000000;
	for (unsigned i = 0; i < CPUS; i++) {
		/* Positions that wrap around, in the ring and in themselves. */
		host->consumers[i] = host->producers[i] = 0ul - 64 * (i + 1);
		host->rings[i] = (struct ring){ .consumer = &host->consumers[i],
						.producer = &host->producers[i],
						.data = map_twice(),
						.size = RING_SIZE };
	}
	for (unsigned i = 0; i < VCPUS; i++)
		host->vcpus[i].cpu = i % CPUS;
	assert_int_equal(merge_begin(&host->merge, host->rings, CPUS), 0);
	return host;
}

static void host_end(struct host *host)
{
	merge_end(&host->merge);
	for (unsigned i = 0; i < CPUS; i++)
		munmap((void *)host->rings[i].data, 2 * RING_SIZE);
	free(host);
}

static uint64_t host_time(struct host *host)
{
	return host->by_clock ? clock_now() : (host->now += 1 + draw(host, 300000));
}

/* As bpf_ringbuf_reserve. */
static uint32_t *reserve(struct host *host, unsigned cpu, uint32_t length)
{
	struct ring *ring = &host->rings[cpu];
	unsigned long at = host->producers[cpu], end = at + ((8 + length + 7) & ~7ul);
	uint32_t *header = (uint32_t *)(ring->data + (at & (RING_SIZE - 1)));

	if (end - __atomic_load_n(ring->consumer, __ATOMIC_ACQUIRE) > RING_SIZE - 1)
		return NULL;
	header[0] = length | BUSY;
	header[1] = 0;
	__atomic_store_n(&host->producers[cpu], end, __ATOMIC_RELEASE);
	return header;
}

static void submit(uint32_t *header, uint32_t length)
{
	__atomic_store_n(header, length, __ATOMIC_RELEASE);
}

/* A vCPU makes a sample of one or two records, where it runs now. */
static void make(struct host *host, struct vcpu *vcpu)
{
	struct reblock_record two[2];
	size_t n = 1 + draw(host, 2);
	uint32_t *header;

	memset(two, 0, sizeof(two));
	for (size_t i = 0; i < n; i++) {
		two[i].t = host_time(host);
		two[i].vcpu = (uint16_t)(vcpu - host->vcpus);
		two[i].seq = vcpu->seq++;
		two[i].vm = 1;
		two[i].kind = REBLOCK_ENTRY;
		two[i].presence = REBLOCK_HAS_SEQ;
	}
	host->made += n;
	header = reserve(host, vcpu->cpu, (uint32_t)(n * sizeof(*two)));
	if (!header) {
		host->dropped += n;
		return;
	}
	memcpy(header + 2, two, n * sizeof(*two));
	vcpu->reserved = header;
	vcpu->length = (uint32_t)(n * sizeof(*two));
}

static void step(struct host *host)
{
	struct vcpu *vcpu = &host->vcpus[draw(host, VCPUS)];

	if (vcpu->reserved) {
		/* Preempted for some time; nothing else of this vCPU can happen before. */
		if (draw(host, 8))
			return;
		submit(vcpu->reserved, vcpu->length);
		vcpu->reserved = NULL;
		return;
	}
	if (!draw(host, 3))
		vcpu->cpu = (unsigned)draw(host, CPUS);
	make(host, vcpu);
	if (vcpu->reserved && draw(host, 20)) {
		submit(vcpu->reserved, vcpu->length);
		vcpu->reserved = NULL;
	}
}

static void submit_all(struct host *host)
{
	for (unsigned i = 0; i < VCPUS; i++) {
		if (host->vcpus[i].reserved)
			submit(host->vcpus[i].reserved, host->vcpus[i].length);
		host->vcpus[i].reserved = NULL;
	}
}

static int take(void *context, const void *sample, size_t size)
{
	struct host *host = context;
	struct reblock_record record;

	assert_true(size == sizeof(record) || size == 2 * sizeof(record));
	for (size_t at = 0; at < size; at += sizeof(record)) {
		struct vcpu *vcpu;
		uint16_t gap;

		memcpy(&record, (const char *)sample + at, sizeof(record));
		assert_true(record.vcpu < VCPUS);
		vcpu = &host->vcpus[record.vcpu];
		gap = (uint16_t)(record.seq - vcpu->next);
		/* An order that is not the vCPU's is a gap of nearly 65536. */
		assert_true(gap < 32768);
		assert_true(record.t > vcpu->t);
		host->gaps += gap;
		vcpu->next = (uint16_t)(record.seq + 1);
		vcpu->t = record.t;
		host->came++;
	}
	return 0;
}

/* At the end all is accounted for: what did not come out is a gap, or lies behind its vCPU's last record. */
static void account(struct host *host)
{
	int result;

	submit_all(host);
	do {
		result = merge_round(&host->merge, UINT64_MAX, 7, take, host);
		assert_true(result == 0 || result == -EAGAIN);
	} while (result);
	assert_int_equal(merge_hidden(&host->merge), 0);
	for (unsigned i = 0; i < VCPUS; i++)
		host->gaps += (uint16_t)(host->vcpus[i].seq - host->vcpus[i].next);
	assert_int_equal(host->came + host->dropped, host->made);
	assert_int_equal(host->gaps, host->dropped);
}

static void moving(void **state)
{
	uint64_t dropped = 0, hidden = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct host *host = host_begin(seed * 0x9e3779b97f4a7c15u);
		/* Some consumers are too slow. */
		uint64_t every = 1 + seed % 60;

		for (unsigned i = 0; i < 3000; i++) {
			uint64_t before = host->now;

			step(host);
			if (draw(host, every))
				continue;
			/* Records may be made between the look at the clock and that at the rings. */
			for (uint64_t late = draw(host, 10); late; late--)
				step(host);
			assert_int_equal(merge_round(&host->merge, before, 100000, take, host), 0);
			hidden += merge_hidden(&host->merge);
		}
		account(host);
		dropped += host->dropped;
		host_end(host);
	}
	/* What this test is for did happen. */
	assert_true(dropped > 1000);
	assert_true(hidden > 1000);
}

/* The host runs while the rings are looked at, one after the other. */
static atomic_bool enough;

static void *run(void *context)
{
	struct host *host = context;

	while (!atomic_load(&enough)) {
		uint64_t dropped = host->dropped;

		step(host);
		/* So many in a row that a vCPU's numbers begin again would be another test. */
		if (host->dropped > dropped)
			nanosleep(&(struct timespec){ 0, 50000 }, NULL);
	}
	return NULL;
}

static void at_once(void **state)
{
	struct host *host = host_begin(88172645463325252u);
	uint64_t began = clock_now();
	pthread_t thread;

	(void)state;
	host->by_clock = true;
	atomic_store(&enough, false);
	assert_int_equal(pthread_create(&thread, NULL, run, host), 0);
	while (clock_now() - began < 500000000u)
		assert_int_equal(merge_round(&host->merge, clock_now(), 100000, take, host), 0);
	atomic_store(&enough, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	account(host);
	assert_true(host->came > 1000);
	host_end(host);
}

/* One that is preempted holds back what may come after it, on all CPUs, and nothing else. */
static void held_back(void **state)
{
	struct host *host = host_begin(3);
	struct vcpu *stuck = &host->vcpus[0], *other = &host->vcpus[1];

	(void)state;
	make(host, other);
	submit(other->reserved, other->length);
	host->now += 10 * MERGE_MARGIN;
	assert_int_equal(merge_round(&host->merge, host->now, 100, take, host), 0);
	assert_int_equal(host->came, host->made);

	make(host, stuck);
	/* Behind it in the same ring, then in another one. */
	other->cpu = stuck->cpu;
	make(host, other);
	submit(other->reserved, other->length);
	other->cpu = stuck->cpu + 1;
	make(host, other);
	submit(other->reserved, other->length);
	other->reserved = NULL;
	host->now += 10 * MERGE_MARGIN;
	for (int i = 0; i < 3; i++) {
		uint64_t came = host->came;

		assert_int_equal(merge_round(&host->merge, host->now, 100, take, host), 0);
		assert_int_equal(host->came, came);
		assert_int_equal(merge_hidden(&host->merge), 1);
	}
	submit(stuck->reserved, stuck->length);
	stuck->reserved = NULL;
	assert_int_equal(merge_round(&host->merge, host->now, 100, take, host), 0);
	assert_int_equal(host->came, host->made);
	host_end(host);
}

/* What is younger than the time of the look waits for the next round; MOST is heeded; discarded room is passed over. */
static void bounds(void **state)
{
	struct host *host = host_begin(4);
	struct vcpu *vcpu = &host->vcpus[2];
	uint32_t *discarded;
	uint64_t before;

	(void)state;
	for (int i = 0; i < 10; i++) {
		discarded = reserve(host, vcpu->cpu, sizeof(struct reblock_record));
		assert_non_null(discarded);
		submit(discarded, sizeof(struct reblock_record) | DISCARDED);
		make(host, vcpu);
		submit(vcpu->reserved, vcpu->length);
	}
	vcpu->reserved = NULL;
	host->now += 10 * MERGE_MARGIN;
	before = host->now;
	host->now += 10 * MERGE_MARGIN;
	make(host, vcpu);
	submit(vcpu->reserved, vcpu->length);
	vcpu->reserved = NULL;
	assert_int_equal(merge_round(&host->merge, before, 4, take, host), -EAGAIN);
	assert_true(host->came >= 4 && host->came <= 8);
	assert_int_equal(merge_round(&host->merge, before, 100, take, host), 0);
	assert_true(host->came < host->made);
	host->now += 10 * MERGE_MARGIN;
	assert_int_equal(merge_round(&host->merge, host->now, 100, take, host), 0);
	assert_int_equal(host->came, host->made);
	host_end(host);
}

static int refuse(void *context, const void *sample, size_t size)
{
	(void)context;
	(void)sample;
	(void)size;
	return -ECANCELED;
}

static void refused(void **state)
{
	struct host *host = host_begin(5);
	struct vcpu *vcpu = &host->vcpus[3];
	uint32_t *header;

	(void)state;
	make(host, vcpu);
	submit(vcpu->reserved, vcpu->length);
	assert_int_equal(merge_round(&host->merge, UINT64_MAX, 9, refuse, host), -ECANCELED);

	/* Longer than what was reserved in all, then more than the ring holds. */
	header = reserve(host, 1, 64);
	assert_non_null(header);
	submit(header, 256);
	assert_int_equal(merge_round(&host->merge, UINT64_MAX, 9, take, host), -EBADMSG);
	host_end(host);

	host = host_begin(6);
	host->producers[2] = host->consumers[2] + RING_SIZE + 8;
	submit((uint32_t *)(host->rings[2].data + (host->consumers[2] & (RING_SIZE - 1))),
	       RING_SIZE | DISCARDED);
	assert_int_equal(merge_round(&host->merge, UINT64_MAX, 9, take, host), -EBADMSG);
	host_end(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moving), cmocka_unit_test(at_once), cmocka_unit_test(held_back),
		cmocka_unit_test(bounds), cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
