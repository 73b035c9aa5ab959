/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of trace.dat share: events of Linux 6.14 for the builder, and what comes of them. */
#ifndef TRACE_DAT_FIXTURE_H
#define TRACE_DAT_FIXTURE_H

#include "input_fixture.h"
#include "trace_dat_build.h"

#define EPT_VIOLATION 48
#define BIT12 0x1000
#define RIP 0xffffffff81000f00
#define TID(vcpu) (100 + (vcpu))

static inline struct dat_build *begin(unsigned version, unsigned cpus)
{
	static const char uname_text[] = "Linux box 6.14.0-test x86_64";
	struct dat_build *b = dat_new(version, cpus);

	dat_type(b, &dat_exit_6_14);
	dat_type(b, &dat_entry_6_14);
	dat_type(b, &dat_userspace_exit);
	dat_option(b, 5, uname_text, sizeof(uname_text));
	return b;
}

static inline void put_exit(struct dat_build *b, unsigned cpu, uint64_t t, unsigned vcpu,
			    uint64_t qual)
{
	dat_event(b, cpu, t, &dat_exit_6_14, TID(vcpu),
		  (uint64_t[]){ EPT_VIOLATION, RIP, 1, qual, 0, 0, 0, vcpu, 0 });
}

static inline void put_entry(struct dat_build *b, unsigned cpu, uint64_t t, unsigned vcpu)
{
	dat_event(b, cpu, t, &dat_entry_6_14, TID(vcpu), (uint64_t[]){ vcpu, RIP, 0, 0, 0 });
}

static inline void put_user_exit(struct dat_build *b, unsigned cpu, uint64_t t, unsigned vcpu)
{
	dat_event(b, cpu, t, &dat_userspace_exit, TID(vcpu), (uint64_t[]){ 2, 0 });
}

static inline struct fixture_result finish(struct dat_build *b)
{
	FILE *f = fopen(fixture_path, "wb+");

	assert_non_null(f);
	dat_write(b, f);
	assert_int_equal(fclose(f), 0);
	return fixture_read_all(fixture_path);
}

/* The records without meta and lost ones; returns how many. */
static inline size_t events_only(struct fixture_result *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->records[i].kind != REBLOCK_META && r->records[i].kind != REBLOCK_LOST)
			r->records[n++] = r->records[i];
	return n;
}

#endif
