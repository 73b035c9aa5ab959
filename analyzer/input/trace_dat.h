/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.dat, as trace-cmd writes it: trace-cmd.dat.v6(5) and trace-cmd.dat.v7(5).
 *
 * Version 6 is one part after the other; version 7 has sections that options point to, each
 * perhaps compressed. Both end up here: what was recorded where, and for each buffer the place of
 * each CPU's pages.
 *
 * libtracecmd is not used. On damaged files it crashes (reads and writes beyond its buffers), it gives
 * up the whole file for a missing tail, and it takes damage within a page for the page's end without
 * a word, which would put an exit and an entry together that do not belong together; it uncompresses
 * into files in /tmp that stay behind. Numbers are in docs/trace-dat.md. A unit test holds this
 * reader's events against libtracecmd's.
 */
#ifndef INPUT_TRACE_DAT_H
#define INPUT_TRACE_DAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "input/kvm_events.h"
#include "input/reader.h"
#include "input/cursor.h"

struct tep_handle;
struct ZSTD_DCtx_s;

/* Limits on what a file may ask for; what trace-cmd writes is far below them. */
#define TRACE_DAT_CHUNK_PAGES 16                 /* trace-cmd: 10 */
#define TRACE_DAT_CHUNKS_MOST ((size_t)64 << 20) /* of all CPUs together */
#define TRACE_DAT_SECTION_MOST ((uint32_t)32 << 20)
#define TRACE_DAT_FORMATS_MOST 1024 /* of system kvm; Linux 6.18 has 91 */
#define TRACE_DAT_CPUS_MOST 65536
#define TRACE_DAT_BUFFERS_MOST 1024
#define TRACE_DAT_PAGE_MOST ((uint32_t)1 << 20)

/* One CPU's pages in one buffer. */
struct trace_dat_cpu {
	uint32_t cpu;
	uint64_t offset, size; /* within the file */
	bool cut;              /* there was more than the file holds */
};

/* What a tracing instance recorded; the top instance has no name. */
struct trace_dat_buffer {
	char name[64];
	char clock[16];
	uint32_t page_size;
	bool compressed;
	bool text; /* the latency tracers' output, no events */
	bool cut;  /* not all of its CPUs are known */
	uint64_t offset;
	struct trace_dat_cpu *cpus;
	size_t n_cpus;
};

/* The kernel's counts for one CPU of a buffer, where something was lost. */
struct trace_dat_stat {
	char buffer[64];
	uint32_t cpu;
	uint64_t overrun; /* overwritten: the page after it says so as well */
	uint64_t dropped; /* not written at all: nothing in the pages says where */
};

/* The formats of KVM's events, in the order of the file. */
struct trace_dat_enabled {
	uint16_t ids[TRACE_DAT_FORMATS_MOST];
	size_t n;
	char last[64];
	bool broken[2]; /* the descending order, of C and of other locales */
};

struct trace_dat_name {
	uint32_t tid;
	char name[REBLOCK_NAME_LENGTH + 1];
};

struct trace_dat {
	struct reblock_input *in;
	const uint8_t *data; /* the whole file */
	size_t size;
	unsigned version; /* 6 or 7 */
	uint32_t page_size;
	unsigned long_size; /* of the kernel: of the commit field in a page's head */
	bool zstd_used;
	struct ZSTD_DCtx_s *zstd;
	uint64_t sections; /* bytes read of them so far */
	uint64_t pages;    /* bytes of all CPUs' pages in the file so far */
	size_t room;       /* already used of TRACE_DAT_CHUNKS_MOST */
	struct tep_handle *tep;
	bool header; /* the layout of a page is known */
	struct trace_dat_enabled enabled;
	struct trace_dat_buffer *buffers;
	size_t n_buffers, n_all_cpus;
	struct trace_dat_stat *stats;
	size_t n_stats;
	char stats_of[64];            /* the buffer that the next are of */
	struct trace_dat_name *names; /* by tid once all are there */
	size_t n_names;
	uint32_t n_cpus; /* as the options say */
	char clock[16];
	uint32_t tsc_mult, tsc_shift; /* mult 0: times are what the clock counts */
	bool guest;                   /* recorded in a guest, by an agent */
	struct kvm_events *kvm;
	struct merge *merge;
	uint64_t unplaced; /* events that are missing anywhere */
	unsigned gaps;     /* that are open at the position */
	bool begins, ended;
	char *notes[16];
	size_t n_notes;
	char note[1024]; /* the decoder's, put into trace-cmd's terms */
};

/* The parts (trace_dat_parts.c, trace_dat_format.c); each returns 0, -EINVAL where it is cut off, or -ENOMEM. */
int trace_dat_header_page(struct trace_dat *d, struct cursor *c);
int trace_dat_event_formats(struct trace_dat *d, struct cursor *c);
int trace_dat_cmdlines(struct trace_dat *d, struct cursor *c);

/* Takes note of a format of system kvm (trace_dat_enabled.c), in the order of the file. */
void trace_dat_saw_format(struct trace_dat *d, const uint8_t *text, uint64_t size);

/* Whether all events whose formats are there were enabled. */
bool trace_dat_all_enabled(const struct trace_dat *d);

/*
 * One option (trace_dat_options.c), of SIZE bytes at C. Returns 0 or -ENOMEM; one that makes no
 * sense is a damage.
 */
int trace_dat_option(struct trace_dat *d, unsigned id, struct cursor c);

/* Options that are not for trace_dat_option alone. */
enum trace_dat_option_id {
	OPTION_DONE = 0,
	OPTION_CPUSTAT = 2,
	OPTION_BUFFER = 3,
	OPTION_TRACECLOCK = 4,
	OPTION_UNAME = 5,
	OPTION_CPUCOUNT = 8,
	OPTION_VERSION = 9,
	OPTION_TIME_SHIFT = 12,
	OPTION_TSC2NSEC = 14,
	OPTION_HEADER_INFO = 16,
	OPTION_EVENT_FORMATS = 18,
	OPTION_CMDLINES = 21,
	OPTION_BUFFER_TEXT = 22
};

/*
 * Reads all but the events: what follows the common head (trace_dat_v6.c, trace_dat_v7.c). Returns 0; -EINVAL with
 * *WHY, static, for a file in which nothing can be found; or -ENOMEM.
 */
int trace_dat_read_v6(struct trace_dat *d, struct cursor *c, const char **why);
int trace_dat_read_v7(struct trace_dat *d, struct cursor *c, const char **why);

/*
 * Reads all but the events, from the beginning. Returns 0; -EINVAL or -ENOTSUP with *WHY, static;
 * or -ENOMEM.
 */
int trace_dat_read(struct trace_dat *d, const char **why);

/* Adds a buffer; NULL: out of memory, or too many. */
struct trace_dat_buffer *trace_dat_add_buffer(struct trace_dat *d, const char *name);

/* Adds a CPU's pages to a buffer, as far as they are within the file. Returns 0 or -ENOMEM. */
int trace_dat_add_cpu(struct trace_dat *d, struct trace_dat_buffer *b, uint32_t cpu,
		      uint64_t offset, uint64_t size);

/* Adds a sentence to what reblock_input_note gives; FORMAT as printf. */
__attribute__((format(printf, 2, 3))) void trace_dat_note(struct trace_dat *d, const char *format,
							  ...);

/* Takes N bytes from TRACE_DAT_CHUNKS_MOST. Returns false if they are not there. */
bool trace_dat_room(struct trace_dat *d, size_t n);
void trace_dat_give_back(struct trace_dat *d, size_t n);

/* Uncompresses PACKED bytes at FROM to exactly SIZE bytes (trace_dat_unpack.c). */
bool trace_dat_unpack(struct trace_dat *d, const uint8_t *from, size_t packed, uint8_t *to,
		      size_t size);

/* Takes the name of the compression. Returns false where it is none that is known. */
bool trace_dat_set_codec(struct trace_dat *d, const char *name);

void trace_dat_free(struct trace_dat *d);

#endif
