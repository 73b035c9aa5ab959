/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "perf_build_parts.h"
#include "perf_build_pt.h"
#include "pt_recording.h"
#include "pt_walk.h"

#define PIECE ((size_t)1 << 20) /* what perf takes out at once */
#define LOOP 0x401000u
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

/* Packets are on; where it is the FIRST, they begin behind it. */
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

static bool walks_through(enum pt_recording_kind kind)
{
	return kind == PT_RECORDING_PROGRAM || kind == PT_RECORDING_GUEST;
}

/* PSBs and what KIND has between them, from *TSC on. */
static void put_piece(struct bytes *b, enum pt_recording_kind kind, uint64_t *tsc, bool first)
{
	bool guests = kind == PT_RECORDING_GUESTS;

	while (b->size < PIECE) {
		size_t from = b->size;

		put_psb(b, *tsc, guests ? 0xffffc0000000 : LOOP, first && !from);
		if (guests)
			put_guests(b, *tsc, from);
		else
			put_loop(b, from);
		*tsc += TICKS_PER_PSB;
	}
}

/* What runs on each CPU, as perf says it. */
static int begin(struct perf_build *p, enum pt_recording_kind kind, unsigned cpus,
		 const char *program, size_t program_size)
{
	/* TSC and nanoseconds are the same. */
	uint64_t words[17] = {
		PERF_BUILD_PT_TYPE,  0, 1, 0,  1, 0x400, 0x800, 3, 0, 1, 0x200, 0x3c000,
		PT_WALK_TSC_OF_TICK, 1, 2, 12, 0
	};
	char *path = program ? realpath(program, NULL) : NULL;

	if (program && !path)
		return -errno;
	words[9] = kind != PT_RECORDING_GUEST; /* buffers by CPUs */
	perf_build_pt_info(p, 1, words, 17);
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		uint32_t id = 100 + cpu;

		perf_build_comm(p, cpu, 100, id, id,
				kind == PT_RECORDING_LOOP || kind == PT_RECORDING_PROGRAM ?
					"program" :
					"qemu");
		if (path)
			perf_build_mmap(p, cpu, 101, id, id, PT_PROGRAM_BASE, program_size, path);
		perf_build_switch(p, cpu, 200, 0, 0, id, id);
	}
	perf_build_round(p);
	free(path);
	return 0;
}

static int write_pieces(struct perf_build *p, enum pt_recording_kind kind, uint64_t megabytes,
			unsigned cpus, const struct pt_program *program)
{
	static struct pt_walk walks[PT_RECORDING_CPUS_MOST];
	uint64_t tsc[PT_RECORDING_CPUS_MOST], at[PT_RECORDING_CPUS_MOST] = { 0 }, branches = 0,
					      instructions = 0, irets = 0, exits = 0;
	static struct bytes b;

	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		tsc[cpu] = 0xbc00000000 + cpu;
		pt_walk_begin(&walks[cpu], program, cpu + 1, tsc[cpu]);
	}
	for (uint64_t n = 0; n < megabytes; n++) {
		unsigned cpu = 0;

		/* In the order of their times, as perf wants it. */
		for (unsigned i = 1; i < cpus; i++)
			cpu = tsc[i] < tsc[cpu] ? i : cpu;
		b.size = 0;
		if (walks_through(kind)) {
			b.size = pt_walk_on(&walks[cpu], b.data, PIECE);
			tsc[cpu] = walks[cpu].tsc;
		} else
			put_piece(&b, kind, &tsc[cpu], !at[cpu]);
		perf_build_reference(p, tsc[cpu]);
		/* The times of a guest alone are its own: it is told by its thread. */
		if (kind == PT_RECORDING_GUEST)
			perf_build_auxtrace(p, UINT32_MAX, 100 + cpu, at[cpu], b.data, b.size);
		else
			perf_build_auxtrace(p, cpu, UINT32_MAX, at[cpu], b.data, b.size);
		perf_build_aux(p, cpu, tsc[cpu], 100 + cpu, at[cpu], b.size, 0);
		if (n % cpus == cpus - 1)
			perf_build_round(p);
		at[cpu] += b.size;
	}
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		branches += walks[cpu].branches;
		instructions += walks[cpu].instructions;
		irets += walks[cpu].irets;
		exits += walks[cpu].exits;
	}
	if (walks_through(kind))
		printf("%" PRIu64 " branches, %" PRIu64 " instructions, %" PRIu64 " IRETs, %" PRIu64
		       " exits\n",
		       branches, instructions, irets, exits);
	return 0;
}

int pt_recording_write(enum pt_recording_kind kind, uint64_t megabytes, unsigned cpus,
		       const char *path)
{
	struct perf_build_options o = { .table = SOURCE_DIR "/tests/unit/tables/kvm_formats.table",
					.version = "6.1",
					.cpus = cpus,
					.no_kvm = true,
					.pt = true };
	struct pt_program program = { .n = 0 };
	char *program_path = NULL;
	struct perf_build *p;
	int err = 0;

	if (!cpus || cpus > PT_RECORDING_CPUS_MOST)
		return -EINVAL;
	o.out = fopen(path, "w+");
	if (!o.out)
		return -errno;
	if (walks_through(kind)) {
		pt_program_make(&program, kind == PT_RECORDING_GUEST);
		if (asprintf(&program_path, "%s.program", path) < 0)
			abort();
		err = pt_program_write(&program, program_path);
	}
	p = perf_build_new(&o);
	if (!err)
		err = begin(p, kind, cpus, program_path,
			    PT_PROGRAM_CODE - PT_PROGRAM_BASE + program.size);
	if (!err)
		err = write_pieces(p, kind, megabytes, cpus, &program);
	if (perf_build_finish(p, NULL, NULL) || fclose(o.out))
		err = err ? err : -EIO;
	free(program_path);
	pt_program_free(&program);
	return err;
}

int pt_recording_write_raw(uint64_t megabytes, const char *path)
{
	static struct bytes b;
	FILE *out = fopen(path, "w");
	uint64_t tsc = 0xbc00000000;
	bool failed = !out;

	for (uint64_t n = 0; n < megabytes && !failed; n++) {
		b.size = 0;
		put_piece(&b, PT_RECORDING_GUESTS, &tsc, !n);
		failed = fwrite(b.data, 1, b.size, out) != b.size;
	}
	return (out && fclose(out)) || failed ? -EIO : 0;
}
