/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_pt [MEGABYTES [ROUNDS]]: decodes a generated recording of Intel PT, host and guest with Event Trace, by each backend, and by a
 * bare loop over libipt's packet decoder as ptdump has it, in turn. Prints the medians, and the ratio to the loop. Status 1 where
 * a backend is slower than the loop, or what it gives is not what was generated.
 *
 * The mix of packets is that of a recording of a Skylake (perf.data.intel_pt-4.14 of google/perf_data_converter): of 100 packets
 * 82 TNT, 14 TIP and 3 MTC; a PSB every 4 kB; an exit and an entry every 250 packets, as a busy guest has them.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "pt/libipt.h"
#include "pt/packet.h"
#include "pt/stream.h"

#ifdef REBLOCK_LIBIPT

enum { MEGABYTES = 128, ROUNDS = 5, ROUNDS_MOST = 99, PSB_EVERY = 4096, EXIT_EVERY = 250 };

struct recording {
	uint8_t *bytes;
	size_t size, psb;
	uint64_t tsc, exits;
	uint32_t random;
	uint8_t mtc;
	bool guest;
};

static void put(struct recording *r, const char *bytes, size_t size)
{
	memcpy(r->bytes + r->size, bytes, size);
	r->size += size;
}

static void put_number(struct recording *r, uint64_t number, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		r->bytes[r->size++] = (uint8_t)(number >> 8 * i);
}

static uint32_t random32(struct recording *r)
{
	return r->random = r->random * 1664525 + 1013904223;
}

static void put_pip(struct recording *r)
{
	put(r, "\x02\x43", 2);
	put_number(r, r->guest ? 0x5501 : 0x1000, 6);
}

static void put_psb(struct recording *r)
{
	r->psb = r->size;
	for (int i = 0; i < 8; i++)
		put(r, "\x02\x82", 2);
	put(r, "\x19", 1);
	put_number(r, r->tsc, 7);
	put(r, "\x02\x73", 2);
	put_number(r, (uint16_t)(r->mtc << 3), 5);
	put_pip(r);
	put(r, "\x02\xc8\x07\x00\x00\x00\x00", 7);
	put(r, "\x02\x03\x18\x00", 4);
	put(r, "\x99\x01", 2);
	put(r, "\x7d", 1);
	put_number(r, 0xffff81000100, 6);
	put(r, "\x02\x23", 2);
}

static void put_exit(struct recording *r)
{
	r->guest = false;
	r->exits++;
	put(r, "\x02\x53\x01\x81\x11\x00\x00\x00\x00\x00\x00", 11);
	put(r, "\x02\x53\x02\x30\x00\x00\x00\x00\x00\x00\x00", 11);
	put(r, "\x02\x13\x08\x00\x3d\x10\x00", 7);
	put_pip(r);
	put(r, "\x6d", 1);
	put_number(r, 0xffff81000300, 6);
}

static void put_entry(struct recording *r)
{
	r->guest = true;
	put(r, "\x02\x13\x87\x00\x3d\x20\x00", 7);
	put_pip(r);
	put(r, "\x6d", 1);
	put_number(r, 0xffffa0000010, 6);
}

static void put_usual(struct recording *r)
{
	uint32_t what = random32(r) >> 8, of_100 = what % 100;

	if (of_100 < 82) {
		r->bytes[r->size++] = (uint8_t)(0x80 | (what >> 8 & 0x7e));
	} else if (of_100 < 96) {
		r->bytes[r->size++] = of_100 < 90 ? 0x2d : 0x4d;
		put_number(r, what, of_100 < 90 ? 2 : 4);
	} else if (of_100 < 99) {
		r->tsc += 800;
		r->bytes[r->size++] = 0x59;
		r->bytes[r->size++] = ++r->mtc;
	} else {
		put(r, "\x99\x01", 2);
		r->bytes[r->size++] = 0x2d;
		put_number(r, what, 2);
	}
}

static void generate(struct recording *r, size_t size)
{
	r->tsc = 1000000;
	r->random = 1;
	put_psb(r);
	for (unsigned n = 0; r->size < size; n++) {
		if (r->size - r->psb >= PSB_EVERY)
			put_psb(r);
		if (n % EXIT_EVERY)
			put_usual(r);
		else if (r->guest)
			put_exit(r);
		else
			put_entry(r);
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Returns how many packets a bare loop meets, CFE and EVD by the callback where libipt does not know them. */
static int take_unknown(struct pt_packet_unknown *unknown, const struct libipt_config *config,
			const uint8_t *at, void *context)
{
	(void)unknown;
	(void)config;
	(void)context;
	return at[1] == 0x13 ? PT_CFE_SIZE : at[1] == 0x53 ? PT_EVD_SIZE : -pte_bad_opc;
}

static uint64_t bare_loop(const struct recording *r)
{
	struct pt_packet_decoder *decoder;
	struct libipt_config config;
	struct pt_packet packet;
	uint64_t packets = 0;

	pt_config_init(&config);
	config.begin = r->bytes;
	config.end = r->bytes + r->size;
	config.decode.callback = take_unknown;
	decoder = pt_pkt_alloc_decoder(&config);
	if (!decoder || pt_pkt_sync_set(decoder, 0) < 0)
		abort();
	while (pt_pkt_next(decoder, &packet, sizeof(packet)) > 0)
		packets++;
	pt_pkt_free_decoder(decoder);
	return packets;
}

struct met {
	uint64_t packets, exits, gaps;
};

static struct met by(const struct recording *r, enum pt_backend backend)
{
	struct pt_config config = { .mtc_freq = 3,
				    .nom_freq = 24,
				    .cpuid_0x15_eax = 1,
				    .cpuid_0x15_ebx = 100,
				    .backend = backend };
	struct met met = { .packets = 0 };
	struct pt_stream *stream;
	struct pt_event event;

	if (pt_stream_open(&config, r->bytes, r->size, &stream))
		abort();
	while (pt_stream_next(stream, &event) == 1)
		met.exits += event.type == PT_EVENT_EXIT && event.reason == 48;
	for (int i = 0; i < PT_KINDS; i++)
		met.packets += pt_stream_counts(stream)->packets[i];
	met.gaps = pt_stream_counts(stream)->gaps;
	pt_stream_close(stream);
	return met;
}

static int by_time(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(double *times, unsigned n)
{
	qsort(times, n, sizeof(*times), by_time);
	return times[n / 2];
}

static const char *const names[] = { "bare loop over libipt's packets", "by libipt's event decoder",
				     "by libipt's packet decoder" };

/* Times each way in turn; returns whether all gave what there is. */
static bool measure(const struct recording *r, unsigned rounds, double times[3][ROUNDS_MOST])
{
	uint64_t packets = 0;

	for (unsigned i = 0; i <= rounds; i++) {
		/* the first one warms up */
		unsigned slot = i ? i - 1 : 0;
		double begin = now();

		packets = bare_loop(r);
		times[0][slot] = now() - begin;
		for (int way = 1; way < 3; way++) {
			enum pt_backend backend = way == 1 ? PT_BACKEND_EVENTS : PT_BACKEND_PACKETS;
			struct met met;

			if (!pt_has_backend(backend))
				continue;
			begin = now();
			met = by(r, backend);
			times[way][slot] = now() - begin;
			if (met.packets != packets || met.exits != r->exits || met.gaps) {
				fprintf(stderr,
					"bench_pt: %s: %llu packets, %llu exits, %llu gaps\n",
					names[way], (unsigned long long)met.packets,
					(unsigned long long)met.exits,
					(unsigned long long)met.gaps);
				return false;
			}
		}
	}
	printf("%zu MB, %llu packets, %llu exits; %s; CPU time, median of %u\n", r->size >> 20,
	       (unsigned long long)packets, (unsigned long long)r->exits, pt_library(), rounds);
	return true;
}

int main(int argc, char **argv)
{
	static double times[3][ROUNDS_MOST];
	size_t size = (argc > 1 ? strtoul(argv[1], NULL, 10) : MEGABYTES) << 20;
	unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : ROUNDS;
	struct recording r = { .guest = true };
	bool slow = false;

	if (!pt_library() || !size || size >> 34 || !rounds || rounds > ROUNDS_MOST) {
		fprintf(stderr, "usage: bench_pt [MEGABYTES [ROUNDS]], and libipt\n");
		return 2;
	}
	r.bytes = malloc(size + PSB_EVERY);
	if (!r.bytes)
		return 2;
	generate(&r, size);
	if (!measure(&r, rounds, times))
		return 1;
	for (int way = 0; way < 3; way++) {
		double loop = median(times[0], rounds), took = median(times[way], rounds);

		if (took <= 0)
			continue;
		printf("%-34s %7.1f ms %6.0f MB/s", names[way], took * 1e3,
		       (double)r.size / took / 1e6);
		if (way)
			printf("   %.2f times the loop's; target 1.00: %s", loop / took,
			       loop >= took ? "met" : "MISSED");
		printf("\n");
		slow |= way && loop < took;
	}
	free(r.bytes);
	return slow;
}

#else

int main(void)
{
	fprintf(stderr, "bench_pt: built without libipt\n");
	return 2;
}

#endif
