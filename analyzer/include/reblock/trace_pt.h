/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intel PT in the own trace file: chunks beside those with records. They have no records, and flag
 * REBLOCK_CHUNK_PT; what they hold stands in `part`:
 *
 *   setup   what decoding needs, struct reblock_pt_setup; once, before the first bytes
 *   bytes   what the processor wrote: a piece of one CPU's AUX area
 *   clock   the time-stamp counter and the clock of the records, read together; now and then
 *
 * A reader that does not know them skips each with a damage that names its place, and has all records.
 */
#ifndef REBLOCK_TRACE_PT_H
#define REBLOCK_TRACE_PT_H

#include <stdbool.h>
#include <reblock/trace.h>
#include <reblock/trace_set.h>

#define REBLOCK_CHUNK_PT (1u << 1)
#define REBLOCK_CHUNK_ZSTD (1u << 2) /* with PT: the part, which is bytes, is one zstd frame */

#define REBLOCK_PT_PART_MOST (1u << 19) /* bytes of one part, before compression */

enum reblock_pt_part { REBLOCK_PT_SETUP = 1, REBLOCK_PT_BYTES, REBLOCK_PT_CLOCK };

/* The header of such a chunk. Where struct reblock_trace_chunk has a field, it is the same. */
struct reblock_trace_pt_chunk {
	uint32_t magic;
	uint32_t flags;
	uint32_t records;     /* 0 */
	uint32_t payload_crc; /* CRC32C of all that follows, up to the next multiple of 64 bytes */
	uint64_t first;       /* how many records stand before it in the file */
	uint32_t part;        /* enum reblock_pt_part */
	uint32_t size;        /* bytes of the part, at most REBLOCK_PT_PART_MOST */
	/* what it takes here: `size`, or less where it is compressed; then zeros to a multiple of 64 */
	uint32_t stored;
	/* of bytes; 0 in the other parts */
	uint32_t cpu;    /* the host CPU that wrote them */
	uint64_t offset; /* of the first in all that this CPU wrote, as perf counts it */
	uint64_t time;   /* when they were taken out, on the clock of the records; they are older */
	uint32_t aux;    /* enum reblock_pt_flag */
	uint32_t crc;    /* CRC32C of the 60 bytes before */
};

_Static_assert(sizeof(struct reblock_trace_pt_chunk) == 64, "PT chunk header");
_Static_assert(offsetof(struct reblock_trace_pt_chunk, crc) ==
		       offsetof(struct reblock_trace_chunk, crc),
	       "both headers are checked in the same way");

/* What is known of a piece of the AUX area. The first four are perf's own (PERF_AUX_FLAG_...). */
enum reblock_pt_flag {
	REBLOCK_PT_TRUNCATED = 1 << 0, /* bytes are missing behind it: the buffer was full */
	REBLOCK_PT_OVERWRITE = 1 << 1, /* taken out of a buffer that is written round and round */
	REBLOCK_PT_PARTIAL = 1 << 2,   /* PT was off for a part of it */
	REBLOCK_PT_COLLISION = 1 << 3, /* what samples it met another that did */
	REBLOCK_PT_GAP = 1 << 16       /* bytes are missing before it: the recorder left them out */
};

#define REBLOCK_PT_FLAGS_OF_PERF 0xffffu

/* Which members of struct reblock_pt_setup are known. */
enum reblock_pt_setup_presence {
	REBLOCK_PT_HAS_CONFIG = 1 << 0, /* config and the bits in it */
	REBLOCK_PT_HAS_MTC_FREQ = 1 << 1,
	REBLOCK_PT_HAS_NOM_FREQ = 1 << 2,
	REBLOCK_PT_HAS_RATIO = 1 << 3, /* cpuid_0x15_eax and ebx */
	REBLOCK_PT_HAS_CLOCK = 1 << 4, /* time_shift, time_mult, time_zero */
	REBLOCK_PT_HAS_PMU_TYPE = 1 << 5
};

/* How it was recorded. */
enum reblock_pt_mode {
	REBLOCK_PT_EVENT_TRACE = 1 << 0, /* CFE and EVD packets: Event Trace is on */
	REBLOCK_PT_BRANCHES = 1 << 1,    /* TNT, TIP and FUP packets: branches are traced */
	REBLOCK_PT_SNAPSHOT = 1 << 2,    /* only what came last, taken at the end; else all of it */
	REBLOCK_PT_NOT_HOST = 1 << 3,    /* the host was to be left out (exclude_host) */
	REBLOCK_PT_NOT_GUEST = 1 << 4,   /* guests were to be left out (exclude_guest) */
	REBLOCK_PT_NOT_KERNEL = 1 << 5,  /* ring 0 was left out (exclude_kernel) */
	REBLOCK_PT_NOT_USER = 1 << 6,    /* rings above it were left out (exclude_user) */
	REBLOCK_PT_OF_PROCESS = 1 << 7,  /* only while threads of one process ran: pid */
	REBLOCK_PT_OF_CGROUP = 1 << 8    /* only while threads of one cgroup ran */
};

/*
 * What decoding needs.
 * In the file as it is here; a newer version may be longer, and what is missing of an older one is not known.
 */
struct reblock_pt_setup {
	uint32_t presence; /* enum reblock_pt_setup_presence */
	uint32_t mode;     /* enum reblock_pt_mode */
	uint64_t config;   /* perf_event_attr.config: the bits of IA32_RTIT_CTL */
	/* where in config these fields are, as the kernel's format files say; 0: it has no such field */
	uint64_t tsc_bits, cyc_bits, mtc_bits, mtc_period_bits, psb_period_bits, noretcomp_bits,
		event_bits, branch_bits;
	uint32_t mtc_freq;       /* MTCFreq: an MTC packet each 2^mtc_freq ticks of the crystal */
	uint32_t nom_freq;       /* the maximum non-turbo ratio: multiples of 100 MHz */
	uint32_t cpuid_0x15_eax; /* TSC frequency / crystal frequency = ebx / eax */
	uint32_t cpuid_0x15_ebx;
	/* from TSC to perf's clock, of the mmap page of perf_event_open(2) */
	uint64_t time_zero;
	uint32_t time_mult;
	uint32_t time_shift;
	uint32_t pmu_type; /* perf_event_attr.type */
	uint32_t pid;
	uint64_t buffer; /* bytes of the AUX area of one CPU */
};

_Static_assert(sizeof(struct reblock_pt_setup) == 128, "PT setup");

/* Both clocks at one time. */
struct reblock_pt_point {
	uint64_t tsc, t; /* t: ns, of the clock of the records */
};

/* A piece of one CPU's bytes. */
struct reblock_pt_piece {
	uint64_t offset, time; /* as in struct reblock_trace_pt_chunk */
	uint32_t cpu;
	uint32_t flags; /* enum reblock_pt_flag */
	const void *bytes;
	size_t size; /* 0: only the flags have something to say */
};

/*
 * Write a part at once, in one or more chunks that are whole or not there; records that wait in memory come after
 * it. Flags that speak of the beginning or the end of a piece are given to its first or last chunk. All return as
 * reblock_trace_write, or -ENOMEM, which is kept likewise.
 */
int reblock_trace_write_pt_setup(struct reblock_trace_writer *writer,
				 const struct reblock_pt_setup *setup);
int reblock_trace_write_pt(struct reblock_trace_writer *writer,
			   const struct reblock_pt_piece *piece);
int reblock_trace_write_pt_clock(struct reblock_trace_writer *writer,
				 const struct reblock_pt_point *points, size_t n);

/* From now on bytes are compressed where that makes them less. Returns 0 or -ENOMEM. */
int reblock_trace_compress_pt(struct reblock_trace_writer *writer);

/* The same for a set of files; each has the setup and the newest reading of the clocks before it began. */
int reblock_trace_set_write_pt_setup(struct reblock_trace_set *set,
				     const struct reblock_pt_setup *setup);
int reblock_trace_set_write_pt(struct reblock_trace_set *set, const struct reblock_pt_piece *piece);
int reblock_trace_set_write_pt_clock(struct reblock_trace_set *set,
				     const struct reblock_pt_point *points, size_t n);
int reblock_trace_set_compress_pt(struct reblock_trace_set *set);

#endif
