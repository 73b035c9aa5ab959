/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_pt_file loop MEGABYTES CPUS FILE: perf.data with Intel PT of a program that runs in a loop: a packet of 6 branches
 *   nearly always, an indirect branch after 36, a PSB after 4 KiB.
 * bench_pt_file guests MEGABYTES CPUS FILE: of a host whose guests leave and come back every 200 bytes, with Event Trace.
 * bench_pt_file repeat MEGABYTES RECORDING FILE: the PT of a recording again and again, with times that go on.
 * bench_pt_file packets FILE: the least that anybody does with libipt: its packet decoder, packet after packet, on one CPU.
 * bench_pt_file decode FILE JOBS: reads FILE, PT decoded by so many threads, to the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <reblock/pt.h>
#include "perf_build_pt.h"
#include "pt/libipt.h"

#define PIECE ((size_t)1 << 20) /* what perf takes out at once */
#define LOOP 0x401000u
#define CPUS_MOST 256
#define TICKS_PER_PSB 2000

struct bytes {
	uint8_t data[PIECE + 8192];
	size_t size;
};

static void put(struct bytes *b, const void *data, size_t size)
{
	memcpy(b->data + b->size, data, size);
	b->size += size;
}

static void put_number(struct bytes *b, uint64_t value, size_t size)
{
	put(b, &value, size);
}

/* A packet that begins with the OPCODE bytes and has a number of SIZE bytes. */
#define PACKET(b, opcode, value, size) \
	(put(b, opcode, sizeof(opcode) - 1), put_number(b, value, size))

/* Packets are on; where it is the FIRST, they begin behind it (perf ends by a signal where a queue begins otherwise). */
static void put_psb(struct bytes *b, uint64_t tsc, uint64_t ip, bool first)
{
	for (int i = 0; i < 8; i++)
		put(b, "\x02\x82", 2);
	PACKET(b, "\x19", tsc, 7);
	PACKET(b, "\x02\x03", 12, 2); /* CBR */
	put(b, "\x99\x01", 2);        /* MODE.Exec, 64 bits */
	if (!first)
		PACKET(b, "\x7d", ip, 6); /* FUP */
	put(b, "\x02\x23", 2);
	if (first)
		PACKET(b, "\x71", ip, 6); /* TIP.PGE */
}

static void put_loop(struct bytes *b, size_t from)
{
	while (b->size - from < 4096) {
		put(b, "\xfe\xfe\xfe\xfe\xfe\xfc", 6); /* 35 branches taken, one not */
		PACKET(b, "\x2d", LOOP & 0xffff, 2);   /* TIP */
	}
}

static void put_guests(struct bytes *b, uint64_t tsc, size_t from)
{
	while (b->size - from < 4096) {
		PACKET(b, "\x19", tsc += 50, 7);
		put(b, "\x02\x13\x87\x00", 4);             /* CFE VMENTRY, IP */
		PACKET(b, "\x7d", 0xffffc0000100, 6);      /* FUP */
		PACKET(b, "\x02\x43", 0x5000 >> 4 | 1, 6); /* PIP, NR */
		PACKET(b, "\x6d", 0xffff81000f00, 6);      /* TIP */
		for (int i = 0; i < 10; i++) {
			put(b, "\xfe\xda\xfe\xb6\xfe\xfc", 6);
			PACKET(b, "\x2d", 0x0f00 + i, 2);
		}
		PACKET(b, "\x02\x53\x01", 0x181, 8); /* EVD VMXQ */
		PACKET(b, "\x02\x53\x02", 48, 8);    /* EVD VMXR */
		put(b, "\x02\x13\x08\x00", 4);       /* CFE VMEXIT */
		PACKET(b, "\x7d", 0xffff81000f10, 6);
		PACKET(b, "\x02\x43", 0x1000 >> 4, 6); /* PIP */
		PACKET(b, "\x6d", 0xffffc0000200, 6);
	}
}

static int write_recording(uint64_t megabytes, unsigned cpus, const char *path, bool guests)
{
	static const uint64_t words[17] = { 6, 0, 1, 0, 1, 0x400, 0x800, 3, 0,
					    1, 0, 0, 0, 0, 2,     12,    0 };
	static struct bytes b;
	struct perf_build_options o = { .table = SOURCE_DIR "/tests/unit/tables/kvm_formats.table",
					.version = "6.1",
					.cpus = cpus,
					.no_kvm = true,
					.pt = true };
	uint64_t tsc[CPUS_MOST], at[CPUS_MOST] = { 0 };
	struct perf_build *p;

	if (!cpus)
		return -EINVAL;

	o.out = fopen(path, "w+");
	if (!o.out)
		return -errno;
	p = perf_build_new(&o);
	perf_build_pt_info(p, 1, words, 17);
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		tsc[cpu] = 0xbc00000000 + cpu;
		perf_build_comm(p, cpu, 100, 100 + cpu, 100 + cpu, guests ? "qemu" : "loop");
		perf_build_switch(p, cpu, 200, 0, 0, 100 + cpu, 100 + cpu);
	}
	perf_build_round(p);
	for (uint64_t n = 0; n < megabytes; n++) {
		unsigned cpu = (unsigned)(n % cpus);

		b.size = 0;
		while (b.size < PIECE) {
			size_t from = b.size;

			put_psb(&b, tsc[cpu], guests ? 0xffffc0000000 : LOOP, !at[cpu] && !from);
			if (guests)
				put_guests(&b, tsc[cpu], from);
			else
				put_loop(&b, from);
			tsc[cpu] += TICKS_PER_PSB;
		}
		perf_build_auxtrace(p, cpu, UINT32_MAX, at[cpu], b.data, b.size);
		perf_build_aux(p, cpu, tsc[cpu], 100 + cpu, at[cpu], b.size, 0);
		perf_build_round(p);
		at[cpu] += b.size;
	}
	return perf_build_finish(p, NULL, NULL) ? -EIO : fclose(o.out) ? -errno : 0;
}

static uint64_t number(const uint8_t *at, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, at, size);
	return value;
}

/* Adds MORE to the TSC packet of each PSB+. */
static void go_on(uint8_t *bytes, size_t size, uint64_t more)
{
	static const char psb[] =
		"\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82";
	uint8_t *at = bytes;

	while ((at = memmem(at, (size_t)(bytes + size - at), psb, 16)) != NULL) {
		size_t left = (size_t)(bytes + size - at);
		uint8_t *tsc = memchr(at + 16, 0x19, left < 72 ? left - 16 : 56);
		uint64_t is = tsc && tsc + 8 <= bytes + size ? number(tsc + 1, 7) + more : 0;

		if (is)
			memcpy(tsc + 1, &is, 7);
		at += 16;
	}
}

struct source {
	uint8_t *file;
	size_t size, records, records_size;
};

/* Writes all records but AUXTRACE (PT false), or those alone, for the NTH time; returns how many bytes. */
static uint64_t write_records(const struct source *s, FILE *to, bool pt, uint64_t nth)
{
	static uint64_t offset[CPUS_MOST];
	uint64_t written = 0;

	for (size_t at = s->records, n; at < s->records + s->records_size; at += n) {
		uint8_t *r = s->file + at;
		bool is_pt = number(r, 4) == 71;
		uint64_t payload = is_pt ? number(r + 8, 8) : 0;
		unsigned cpu = is_pt ? (unsigned)number(r + 40, 4) % CPUS_MOST : 0;

		n = (size_t)(number(r + 6, 2) + payload);
		if (!n || n > s->records + s->records_size - at)
			return written;
		if (is_pt != pt)
			continue;
		if (pt) {
			memcpy(r + 16, &offset[cpu], 8);
			offset[cpu] += payload;
			go_on(r + n - payload, payload, nth ? 10000000 : 0);
		}
		written += fwrite(r, 1, n, to);
	}
	return written;
}

/* The features' table moves to behind the records; the index of AUXTRACE, which no longer holds, is empty. */
static void write_features(const struct source *s, FILE *to, uint64_t moved)
{
	size_t table = s->records + s->records_size, at = table;

	for (unsigned i = 0; i < 256; i++) {
		uint64_t place[2];

		if (!(s->file[72 + i / 8] >> i % 8 & 1))
			continue;
		memcpy(place, s->file + at, 16);
		place[0] += moved;
		place[1] = i == 18 ? 0 : place[1];
		memcpy(s->file + at, place, 16);
		at += 16;
	}
	fwrite(s->file + table, 1, s->size - table, to);
}

static int repeat(uint64_t megabytes, const char *from, const char *path)
{
	FILE *f = fopen(from, "r"), *to = f ? fopen(path, "w") : NULL;
	struct source s = { .size = 0 };
	uint64_t written;
	bool failed;

	if (!to)
		return -errno;
	s.file = calloc(1, (size_t)1 << 24);
	s.size = s.file ? fread(s.file, 1, (size_t)1 << 24, f) : 0;
	fclose(f);
	if (s.size < 104)
		return -EINVAL;
	s.records = (size_t)number(s.file + 40, 8);
	s.records_size = (size_t)number(s.file + 48, 8);
	if (s.records > s.size || s.records_size > s.size - s.records)
		return -EINVAL;
	fwrite(s.file, 1, s.records, to);
	written = write_records(&s, to, false, 0);
	for (uint64_t n = 0; written < megabytes << 20; n++) {
		uint64_t some = write_records(&s, to, true, n);

		if (!some)
			return -EINVAL;
		written += some;
	}
	write_features(&s, to, written - s.records_size);
	failed = fseek(to, 48, SEEK_SET) || fwrite(&written, 8, 1, to) != 1;
	free(s.file);
	return fclose(to) || failed ? -EIO : 0;
}

static int decode(const char *path, unsigned jobs)
{
	struct reblock_pt_options o = { .jobs = jobs };
	const struct reblock_record *records;
	struct reblock_input *in;
	uint64_t n = 0;
	char *error;
	long got;

	if (reblock_input_open(path, NULL, NULL, &in, &error) || reblock_input_pt(in, &o, &error)) {
		fprintf(stderr, "bench_pt_file: %s\n", error);
		return -EINVAL;
	}
	while ((got = reblock_input_next(in, &records)) > 0)
		n += (uint64_t)got;
	printf("%" PRIu64 " records, %" PRIu64 " damages\n", n, reblock_input_damages(in));
	reblock_input_close(in);
	return (int)got;
}

#ifdef REBLOCK_LIBIPT
static uint64_t packets_of(uint8_t *bytes, size_t size)
{
	struct libipt_config config;
	struct pt_packet_decoder *decoder;
	struct pt_packet packet;
	uint64_t n = 0;

	pt_config_init(&config);
	config.begin = bytes;
	config.end = bytes + size;
	decoder = pt_pkt_alloc_decoder(&config);
	if (!decoder || pt_pkt_sync_set(decoder, 0) < 0)
		exit(2);
	while (pt_pkt_next(decoder, &packet, sizeof(packet)) > 0)
		n++;
	pt_pkt_free_decoder(decoder);
	return n;
}

static int packets(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	uint64_t n = 0, bytes = 0;
	uint8_t *file;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		return -errno;
	/* AUXTRACE records are 48 bytes long, and so are no others: kind 71, and 64 KiB more than that behind it. */
	for (size_t at = 0; at + 48 < (size_t)st.st_size;) {
		uint64_t size;
		uint32_t head[2];

		memcpy(head, file + at, 8);
		memcpy(&size, file + at + 8, 8);
		if (head[0] != 71 || head[1] != 48u << 16 || size > (size_t)st.st_size - at - 48) {
			at += 8;
			continue;
		}
		n += packets_of(file + at + 48, size);
		bytes += size;
		at += 48 + size;
	}
	printf("%" PRIu64 " packets, %" PRIu64 " bytes\n", n, bytes);
	return 0;
}
#else
static int packets(const char *path)
{
	(void)path;
	return -ENOTSUP;
}
#endif

int main(int argc, char **argv)
{
	int err = -EINVAL;

	if (argc == 5 && (!strcmp(argv[1], "loop") || !strcmp(argv[1], "guests"))) {
		err = write_recording(strtoull(argv[2], NULL, 10),
				      (unsigned)atoi(argv[3]) % CPUS_MOST, argv[4],
				      argv[1][0] == 'g');
	} else if (argc == 5 && !strcmp(argv[1], "repeat")) {
		err = repeat(strtoull(argv[2], NULL, 10), argv[3], argv[4]);
	} else if (argc == 3 && !strcmp(argv[1], "packets")) {
		err = packets(argv[2]);
	} else if (argc == 4 && !strcmp(argv[1], "decode")) {
		err = decode(argv[2], (unsigned)atoi(argv[3]));
	}
	if (err)
		fprintf(stderr, "bench_pt_file: %s\n", strerror(-err));
	return err ? 2 : 0;
}
