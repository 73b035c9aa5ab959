/* SPDX-License-Identifier: BSD-2-Clause */
/* Intel PT in perf.data, in files and streams that are built here. */
#include <stdlib.h>
#include "input/aux.h"
#include "input/perf_format.h"
#include "perf_build_pt.h"
#include "perf_fixture.h"
#include "pt/join.h"
#include "pt/stream.h"
#include "input/reader.h"
#include "pt_packets.h"

#define VERSION "6.1"
#define SHIFT 1
#define ZERO 1000000

/* TSC ticks for a time: by perf's formula with mult 1 a tick is half a ns. */
#define TSC(t) (((t)-ZERO) * 2)

struct pt_bytes {
	uint8_t bytes[8192];
	size_t size;
};

/* Adds packets, one a line; "@T" in front of one is a TSC packet for time T. */
static void packets(struct pt_bytes *p, const char *lines)
{
	while (*lines) {
		char line[128];
		size_t length = strcspn(lines, "\n");
		long size;

		snprintf(line, sizeof(line), "%.*s", (int)length, lines);
		if (line[0] == '@')
			snprintf(line, sizeof(line), "tsc %llu",
				 TSC(strtoull(lines + 1, NULL, 10)));
		size = pt_packet_from_words(line, p->bytes, p->size, sizeof(p->bytes));
		if (size < 0)
			fail_msg("no packet: %s", line);
		p->size = (size_t)size;
		lines += length + (lines[length] != 0);
	}
}

static void host(struct pt_bytes *p, unsigned long long t, unsigned vmcs)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "psb\n@%llu\npip 0x1000 root\nvmcs %#x\nfup 0xffffffffc0000000\npsbend", t, vmcs);
	packets(p, text);
}

/* TSC packets in a guest have the guest's time, of which nothing is known: here a second more. A stay in the guest, from RIP to RIP + 0x10, that leaves by REASON with QUALIFICATION. */
static void guest(struct pt_bytes *p, unsigned long long from, unsigned long long to, unsigned rip,
		  unsigned reason, unsigned qualification)
{
	char text[512];

	snprintf(
		text, sizeof(text),
		"@%llu\ncfe vmentry ip\nfup 0xffffffffc0000100\npip 0x5000 nr\ntip %#x\n"
		"@%llu\nevd vmxq %#x\nevd vmxr %u\ncfe vmexit\nfup %#x\npip 0x1000 root\ntip 0xffffffffc0000200\n"
		"@%llu\nfup 0xffffffffc0000300\ntip 0xffffffffc0000400",
		from, rip, to + 1000000000, qualification, reason, rip + 0x10, to + 100);
	packets(p, text);
}

struct made {
	struct perf_build *b;
	struct perf_build_options o;
	uint64_t words[17];
};

static void begin(struct made *m, const struct perf_build_options *o)
{
	static const uint64_t words[17] = { 6, SHIFT, 1,       ZERO, 1, 0x400, 0x800, 3, 0,
					    1, 0x200, 0x3c000, 100,  2, 2,     12,    0 };

	memset(m, 0, sizeof(*m));
	m->o = *o;
	m->o.table = PERF_TABLE;
	m->o.version = VERSION;
	m->o.pt = true;
	m->b = perf_build_new(&m->o);
	memcpy(m->words, words, sizeof(words));
}

static void info(struct made *m)
{
	perf_build_pt_info(m->b, 1, m->words, 17);
}

static void stay(struct made *m, unsigned cpu, uint64_t from, uint64_t to, unsigned rip,
		 unsigned reason, unsigned qualification)
{
	struct perf_build_fields f = { .rip = rip };

	perf_build_event(m->b, PERF_BUILD_ENTRY, cpu, from, 100, 101, &f);
	f.rip = rip + 0x10;
	f.reason = reason;
	f.info1 = qualification;
	perf_build_event(m->b, PERF_BUILD_EXIT, cpu, to, 100, 101, &f);
}

/* A builder, with what was done so far. */
typedef void change_fn(struct made *m);

/* What two stays look like, and one before them whose section PT does not have. */
#define STAYS \
	"meta 1/* t=1804000 cpu=0 pid=100\n" \
	"exit 1/0 t=1804000 cpu=0 reason=12 q=0 ii=0 idtv=0 rip=0x910\n" \
	"entry 1/0 t=2000000 cpu=0 rip=0x1000 no-other\n" \
	"%s" \
	"exit 1/0 t=2004000 cpu=0 reason=48 q=0x1181 ii=0 idtv=0 rip=0x1010\n" \
	"entry 1/0 t=2010000 cpu=0 rip=0x1010 no-other\n" \
	"%s" \
	"exit 1/0 t=2014000 cpu=0 reason=12 q=0 ii=0 idtv=0 rip=0x1020\n"
/* ec: what was seen, 5 an entry, 4 an exit, 7 a gap */
#define FIRST \
	"witness 1/0 t=2001000 cpu=0 ec=0x5 rip=0x1000\n" \
	"witness 1/0 t=2001000 cpu=0 reason=48 q=0x1181 ec=0x4 rip=0x1010\n"
#define SECOND \
	"witness 1/0 t=2011000 cpu=0 ec=0x5 rip=0x1010\n" \
	"witness 1/0 t=2011000 cpu=0 reason=12 q=0 ec=0x4 rip=0x1020\n"

static void expect_stays(char *text, const char *first, const char *second, const char *notes)
{
	char expected[4096];
	int n = snprintf(expected, sizeof(expected), STAYS, first, second);

	snprintf(expected + n, sizeof(expected) - (size_t)n, "%s", notes);
	perf_expect(text, expected);
}

static struct pt_bytes two_stays(void)
{
	struct pt_bytes p = { .size = 0 };

	host(&p, 1900000, 0x7000);
	guest(&p, 2001000, 2003000, 0x1000, 48, 0x1181);
	guest(&p, 2011000, 2013000, 0x1010, 12, 0);
	packets(&p, "@2100000");
	return p;
}

static void kvm_events(struct made *m)
{
	stay(m, 0, 1800000, 1804000, 0x900, 12, 0);
	stay(m, 0, 2000000, 2004000, 0x1000, 48, 0x1181);
	stay(m, 0, 2010000, 2014000, 0x1010, 12, 0);
	perf_build_round(m->b);
}

#define UNSEEN \
	"note Intel PT: 1 of the 3 stays of vCPUs in their guest were not found in it, and have no witnesses\n"

/* The kvm events and PT in one piece; CHANGE may be NULL. */
static char *joined(const struct perf_build_options *o, change_fn *change)
{
	struct pt_bytes p = two_stays();
	struct made m;

	begin(&m, o);
	if (change)
		change(&m);
	info(&m);
	kvm_events(&m);
	perf_build_auxtrace(m.b, 0, UINT32_MAX, 0, p.bytes, p.size);
	return perf_read_built(m.b);
}

static void test_joined(void **state)
{
	struct perf_build_options o = { .cpus = 2 };

	(void)state;
	expect_stays(joined(&o, NULL), FIRST, SECOND, UNSEEN);
	o.pipe = true;
	expect_stays(joined(&o, NULL), FIRST, SECOND, UNSEEN);
	o.compress = true;
	expect_stays(joined(&o, NULL), FIRST, SECOND, UNSEEN);
	o.pipe = false;
	expect_stays(joined(&o, NULL), FIRST, SECOND, UNSEEN);
}

/* In pieces of SOME bytes each, which perf makes a multiple of 8 by zeros. */
static char *in_pieces(size_t some, size_t left_out, uint64_t aux_flags)
{
	struct perf_build_options o = { .cpus = 1 };
	struct pt_bytes p = two_stays();
	struct made m;

	begin(&m, &o);
	info(&m);
	kvm_events(&m);
	for (size_t at = 0; at < p.size; at += some) {
		size_t n = p.size - at < some ? p.size - at : some;

		if (!left_out || at / some != left_out)
			perf_build_auxtrace(m.b, 0, UINT32_MAX, at, p.bytes + at, n);
	}
	if (aux_flags) {
		perf_build_aux(m.b, 0, 2200000, 1, 0, 200, aux_flags);
		perf_build_round(m.b);
	}
	return perf_read_built(m.b);
}

static void test_pieces(void **state)
{
	(void)state;
	for (size_t some = 1; some < 40; some++)
		expect_stays(in_pieces(some, 0, 0), FIRST, SECOND, UNSEEN);
}

static void test_missing(void **state)
{
	(void)state;
	/* Where a piece is left out nothing is known up to the next PSB: here to the end. */
	perf_expect_in(in_pieces(100, 1, 0), "!witness 1/0 t=2011000");
	perf_expect_in(in_pieces(100, 1, 0),
		       "note Intel PT: at 1 place it could not be read on before the next PSB");
	/* The same for what the kernel had no room for, and where it was off for a while. */
	perf_expect_in(in_pieces(10000, 0, 1), "!reason=12 q=0 ec=0x4");
	perf_expect_in(in_pieces(10000, 0, 4), "!reason=12 q=0 ec=0x4");
	perf_expect_in(in_pieces(10000, 0, 1), "witness 1/0 t=2001000");
	/* A collision says nothing of the bytes. */
	expect_stays(in_pieces(10000, 0, 8), FIRST, SECOND, UNSEEN);
}

/* Two pieces, each whole in itself, and bytes missing between them: a gap, though all can be read. */
static void test_hole(void **state)
{
	struct perf_build_options o = { .cpus = 1, .no_kvm = true, .no_switches = true };

	(void)state;
	for (int hole = 0; hole < 2; hole++) {
		struct pt_bytes p = two_stays();
		struct made m;

		begin(&m, &o);
		info(&m);
		perf_build_auxtrace(m.b, 0, UINT32_MAX, 0, p.bytes, p.size);
		memset(&p, 0, sizeof(p));
		host(&p, 2900000, 0x7000);
		guest(&p, 3001000, 3003000, 0x1020, 12, 0);
		perf_build_auxtrace(m.b, 0, UINT32_MAX, two_stays().size + (hole ? 100 : 0),
				    p.bytes, p.size);
		perf_expect_in(perf_read_built(m.b),
			       hole ? "witness 1/0 t=3001000 cpu=0 ec=0x7\n" : "!ec=0x7");
	}
}

/* What was given already comes again: in pieces by their offset, in snapshots by its time. */
static void test_again(void **state)
{
	struct perf_build_options o = { .cpus = 1 };
	struct pt_bytes p = two_stays();

	(void)state;
	for (int snapshot = 0; snapshot < 2; snapshot++) {
		struct made m;

		begin(&m, &o);
		m.words[8] = (uint64_t)snapshot;
		info(&m);
		kvm_events(&m);
		perf_build_auxtrace(m.b, 0, UINT32_MAX, 0, p.bytes, 150);
		perf_build_auxtrace(m.b, 0, UINT32_MAX, 0, p.bytes, 100);
		perf_build_auxtrace(m.b, 0, UINT32_MAX, 0, p.bytes, p.size);
		if (!snapshot)
			expect_stays(perf_read_built(m.b), FIRST, SECOND, UNSEEN);
		else /* in its middle the first one ends */
			expect_stays(perf_read_built(m.b), FIRST, SECOND, UNSEEN);
	}
}

/* perf record --aux-sample: each exit holds what was written up to then, so that the second repeats the first. */
static char *in_samples(const struct perf_build_options *o)
{
	struct pt_bytes p = { .size = 0 };
	struct made m;

	begin(&m, o);
	info(&m);
	stay(&m, 0, 1800000, 1804000, 0x900, 12, 0);
	host(&p, 1900000, 0x7000);
	guest(&p, 2001000, 2003000, 0x1000, 48, 0x1181);
	perf_build_event(m.b, PERF_BUILD_ENTRY, 0, 2000000, 100, 101,
			 &(struct perf_build_fields){ .rip = 0x1000 });
	perf_build_aux_sample(m.b, p.bytes, p.size);
	perf_build_event(m.b, PERF_BUILD_EXIT, 0, 2004000, 100, 101,
			 &(struct perf_build_fields){
				 .rip = 0x1010, .reason = 48, .info1 = 0x1181 });
	perf_build_event(m.b, PERF_BUILD_ENTRY, 0, 2010000, 100, 101,
			 &(struct perf_build_fields){ .rip = 0x1010 });
	guest(&p, 2011000, 2013000, 0x1010, 12, 0);
	packets(&p, "@2013500");
	perf_build_aux_sample(m.b, p.bytes, p.size);
	perf_build_event(m.b, PERF_BUILD_EXIT, 0, 2014000, 100, 101,
			 &(struct perf_build_fields){ .rip = 0x1020, .reason = 12 });
	perf_build_round(m.b);
	return perf_read_built(m.b);
}

static void test_samples(void **state)
{
	struct perf_build_options o = { .cpus = 1, .aux_sample = true };

	(void)state;
	expect_stays(in_samples(&o), FIRST, SECOND, UNSEEN);
	o.callchain = true;
	expect_stays(in_samples(&o), FIRST, SECOND, UNSEEN);
	o.pipe = true;
	expect_stays(in_samples(&o), FIRST, SECOND, UNSEEN);
	/* What is unpacked does not stay, and is not read: that is said. */
	o.compress = true;
	perf_expect_in(in_samples(&o),
		       "note samples hold Intel PT (--aux-sample) that cannot be read");
	perf_expect_in(in_samples(&o), "!witness");
}

static void no_time_zero(struct made *m)
{
	m->words[4] = 0;
}

static void shift_too_large(struct made *m)
{
	m->words[1] = 64;
}

static void other_kind(struct made *m)
{
	m->words[0] = 0;
}

static void test_clocks(void **state)
{
	struct perf_build_options o = { .cpus = 1 };

	(void)state;
	perf_expect_in(joined(&o, no_time_zero), "witness 1000001/0 cpu=0 ec=0x5 rip=0x1000\n");
	perf_expect_in(joined(&o, no_time_zero),
		       "note Intel PT's times cannot be brought to perf's clock");
	perf_expect_in(joined(&o, shift_too_large),
		       "note Intel PT's times cannot be brought to perf's clock");
	o.clockid = 1;
	perf_expect_in(joined(&o, NULL), "note the kvm events were recorded by another clock (-k)");
	perf_expect_in(joined(&o, NULL), "witness 1000001/0 t=2001000 cpu=0 ec=0x5 rip=0x1000\n");
	o.clockid = 0;
	o.drop_sample_type = PERF_HAS_CPU;
	perf_expect_in(joined(&o, NULL), "note the kvm events do not name the host CPU");
	o.drop_sample_type = 0;
	/* A PMU of another number: nothing is known of how it was recorded, and it is read all the same. */
	expect_stays(joined(&(struct perf_build_options){ .cpus = 1 }, other_kind), FIRST, SECOND,
		     UNSEEN);
}

/* No kvm events: who runs is told by SWITCH and ITRACE_START, and names by COMM. */
static char *alone(bool pipe, bool no_switches)
{
	struct perf_build_options o = {
		.cpus = 2, .no_kvm = true, .pipe = pipe, .no_switches = no_switches
	};
	struct pt_bytes p = two_stays();
	struct made m;

	begin(&m, &o);
	info(&m);
	perf_build_comm(m.b, 0, 1700000, 100, 100, "qemu");
	perf_build_itrace_start(m.b, 0, 1900000, 100, 101);
	perf_build_switch(m.b, 0, 2005000, 100, 101, 0, 0);
	perf_build_switch(m.b, 0, 2008000, 0, 0, 100, 102);
	perf_build_switch(m.b, 0, 2050000, 100, 102, 0, 0);
	perf_build_round(m.b);
	perf_build_auxtrace(m.b, 0, UINT32_MAX, 0, p.bytes, p.size);
	return perf_read_built(m.b);
}

static void test_alone(void **state)
{
	static const char threads[] =
		"meta 1/* t=2001000 pid=100 name=qemu\n"
		"witness 1/0 t=2001000 cpu=0 ec=0x5 rip=0x1000\n"
		"witness 1/0 t=2001000 cpu=0 reason=48 q=0x1181 ec=0x4 rip=0x1010\n"
		"witness 1/1 t=2011000 cpu=0 ec=0x5 rip=0x1010\n"
		"witness 1/1 t=2011000 cpu=0 reason=12 q=0 ec=0x4 rip=0x1020\n";

	(void)state;
	perf_expect(alone(false, false), threads);
	perf_expect(alone(true, false), threads);
	perf_expect(alone(false, true), FIRST SECOND);
}

/* A buffer for each thread, on whatever CPU. */
static void test_by_thread(void **state)
{
	struct perf_build_options o = { .cpus = 1, .no_kvm = true, .no_switches = true };
	struct pt_bytes p = two_stays();
	struct made m;

	(void)state;
	begin(&m, &o);
	m.words[9] = 0;
	info(&m);
	perf_build_auxtrace(m.b, UINT32_MAX, 101, 0, p.bytes, p.size);
	perf_expect(perf_read_built(m.b),
		    "witness 1/0 t=2001000 ec=0x5 rip=0x1000\n"
		    "witness 1/0 t=2001000 reason=48 q=0x1181 ec=0x4 rip=0x1010\n"
		    "witness 1/0 t=2011000 ec=0x5 rip=0x1010\n"
		    "witness 1/0 t=2011000 reason=12 q=0 ec=0x4 rip=0x1020\n");
}

static void test_other_areas(void **state)
{
	struct perf_build_options o = { .cpus = 1 };
	struct pt_bytes p = two_stays();
	struct made m;

	(void)state;
	begin(&m, &o);
	perf_build_pt_info(m.b, 2, m.words, 17);
	kvm_events(&m);
	perf_build_auxtrace(m.b, 0, UINT32_MAX, 0, p.bytes, p.size);
	expect_stays(perf_read_built(m.b), "", "",
		     "note its AUX area is not of Intel PT, and is left out\n");
	/* Neither a CPU nor a thread; beyond the end of any buffer. */
	begin(&m, &o);
	info(&m);
	kvm_events(&m);
	perf_build_auxtrace(m.b, UINT32_MAX, UINT32_MAX, 0, p.bytes, p.size);
	perf_build_auxtrace(m.b, 0, UINT32_MAX, UINT64_MAX - 8, p.bytes, p.size);
	perf_expect_in(perf_read_built(m.b), "an AUXTRACE record names no CPU and no thread");
	begin(&m, &o);
	info(&m);
	kvm_events(&m);
	perf_build_auxtrace(m.b, 0, UINT32_MAX, UINT64_MAX - 8, p.bytes, p.size);
	perf_expect_in(perf_read_built(m.b),
		       "an AUXTRACE record lies beyond the end of any buffer");
}

/* A stream that is cut off anywhere: what is whole is read, and the rest is said. */
static void test_cut_off(void **state)
{
	struct perf_build_options o = { .cpus = 1, .no_kvm = true, .pipe = true };
	struct pt_bytes p = two_stays();
	struct made m;
	uint8_t *data;
	size_t size;

	(void)state;
	begin(&m, &o);
	info(&m);
	perf_build_auxtrace(m.b, 0, UINT32_MAX, 0, p.bytes, p.size);
	assert_int_equal(perf_build_finish(m.b, &data, &size), 0);
	for (size_t n = 16; n < size; n += 3) {
		char *text = perf_read_bytes(data, n);

		assert_true(strstr(text, "damage ") || strstr(text, "error ") ||
			    strstr(text, "note "));
		free(text);
	}
	free(data);
}

/* The one of tests/unit/pt_recording_test.c: there is no guest in it; all its packets come through. */
static void test_real_recording(void **state)
{
	static const struct {
		enum pt_kind kind;
		uint64_t n;
	} packets_of[] = {
		{ PT_KIND_TNT, 69516 }, { PT_KIND_TIP, 12039 }, { PT_KIND_FUP, 149 },
		{ PT_KIND_PIP, 441 },   { PT_KIND_MTC, 2802 },  { PT_KIND_TMA, 24 },
		{ PT_KIND_TSC, 24 },    { PT_KIND_CBR, 24 },    { PT_KIND_PSB, 10 },
		{ PT_KIND_MODE, 34 },
	};
	const char *folder = getenv("REBLOCK_SHARED_DATA");
	const struct reblock_record *records;
	struct reblock_input *in;
	struct pt_counts counts;
	char path[512], *error;

	(void)state;
	snprintf(path, sizeof(path), "%s/perf.data.intel_pt-4.14", folder ? folder : "");
	if (!folder || access(path, R_OK)) {
		print_message(
			"no perf.data.intel_pt-4.14 in the folder that REBLOCK_SHARED_DATA names\n");
		skip();
	}
	perf_expect_in(perf_read_path(path), "note Intel PT: there is no VM in it");
	perf_expect_in(perf_read_path(path), "!damage");
	perf_expect_in(perf_read_path(path), "!could not be read on");
	assert_int_equal(reblock_input_open(path, NULL, NULL, &in, &error), 0);
	assert_int_equal(reblock_input_next(in, &records), 0);
	pt_join_counts(in->aux->join, &counts);
	for (size_t i = 0; i < sizeof(packets_of) / sizeof(packets_of[0]); i++)
		assert_int_equal(counts.packets[packets_of[i].kind], packets_of[i].n);
	assert_int_equal(counts.gaps, 0);
	reblock_input_close(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_joined),         cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_missing),        cmocka_unit_test(test_hole),
		cmocka_unit_test(test_again),          cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_alone),          cmocka_unit_test(test_by_thread),
		cmocka_unit_test(test_other_areas),    cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_real_recording), cmocka_unit_test(test_samples),
	};

	if (!pt_library()) {
		puts("this program has no libipt");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
