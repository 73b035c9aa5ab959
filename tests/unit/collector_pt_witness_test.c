/* SPDX-License-Identifier: BSD-2-Clause */
/* The whole way of Intel PT: from the AUX area of a CPU through the trace file to witnesses beside the records. */
#include "input_fixture.h"
#include "pt_kernel.h"
#include "pt_packets.h"
#include <reblock/pt.h>

#define CPU 2

/* The time-stamp counter at T ns, by the clocks that the kernel here plays: 2.4 GHz. */
#define TSC(t) (5000000000ull + ((t)-1000000000) * 24 / 10)
/* Times of the records. */
#define T(us) (1000000000ull + (us)*1000)

struct stream {
	uint8_t bytes[8192];
	size_t size;
};

__attribute__((format(printf, 2, 3))) static void packets(struct stream *s, const char *format, ...)
{
	char text[512], line[128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (const char *at = text; *at; at += strcspn(at, "\n") + (at[strcspn(at, "\n")] != 0)) {
		long size;

		snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
		size = pt_packet_from_words(line, s->bytes, s->size, sizeof(s->bytes));
		if (size < 0)
			fail_msg("no packet: %s", line);
		s->size = (size_t)size;
	}
}

static void begin_host(struct stream *s, unsigned long long t)
{
	packets(s, "psb\ntsc %llu\npip 0x1000 root\nvmcs 0x7000\nfup 0xffffffffc0000000\npsbend",
		TSC(t));
}

static void enter(struct stream *s, unsigned long long t, uint64_t to)
{
	packets(s, "tsc %llu\ncfe vmentry ip\nfup 0xffffffffc0000100\npip 0x5000 nr\ntip %#llx",
		TSC(t), (unsigned long long)to);
}

static void leave(struct stream *s, unsigned long long t, uint64_t ip, unsigned reason,
		  unsigned long long qualification)
{
	packets(s,
		"tsc %llu\nevd vmxq %#llx\nevd vmxr %u\ncfe vmexit\nfup %#llx\npip 0x1000 root\n"
		"tip 0xffffffffc0000200",
		TSC(t), qualification, reason, (unsigned long long)ip);
}

/* The MTC packets after FROM and up to TO: each 8 ticks of the crystal, of which each is 84 of the counter. */
static void count(struct stream *s, unsigned long long from, unsigned long long to)
{
	for (unsigned long long n = TSC(from) / (84 * 8) + 1; n <= TSC(to) / (84 * 8); n++)
		packets(s, "mtc %llu", n % 256);
}

static struct reblock_record record(enum reblock_kind kind, unsigned long long t)
{
	struct reblock_record r = { .kind = (uint8_t)kind, .t = t, .vm = 1, .cpu = CPU };

	if (kind == REBLOCK_EXIT) {
		r.presence = REBLOCK_HAS_REASON;
		r.reason = 48;
	}
	return r;
}

struct recorder {
	struct pt_kernel kernel;
	struct pt_recording *recording;
	struct reblock_trace_writer *writer;
	struct pt_sink sink;
};

static int take_piece(void *context, const struct reblock_pt_piece *piece)
{
	return reblock_trace_write_pt(((struct recorder *)context)->writer, piece);
}

static int take_point(void *context, const struct reblock_pt_point *point)
{
	return reblock_trace_write_pt_clock(((struct recorder *)context)->writer, point, 1);
}

static void record_begin(struct recorder *r, bool compress)
{
	const struct pt_options o = { .buffer = PT_BUFFER_LEAST };
	const struct reblock_source source = {
		.presence = REBLOCK_SOURCE_CAPTURES,
		.captures = 1u << REBLOCK_EXIT | 1u << REBLOCK_ENTRY,
		.clock = "monotonic",
	};
	char *said;

	pt_kernel_begin(&r->kernel);
	assert_int_equal(pt_recording_begin(&r->kernel.os, &o, &r->recording, &said), 0);
	r->sink = (struct pt_sink){ take_piece, take_point, r };
	assert_int_equal(reblock_trace_create(fixture_path, &source, &r->writer), 0);
	if (compress)
		assert_int_equal(reblock_trace_compress_pt(r->writer), 0);
	assert_int_equal(reblock_trace_write_pt_setup(r->writer, pt_recording_setup(r->recording)),
			 0);
}

static void poll(struct recorder *r)
{
	assert_int_equal(pt_recording_poll(r->recording, &r->sink), 0);
}

static void record_end(struct recorder *r)
{
	r->kernel.now = T(2000000);
	r->kernel.tsc = TSC(r->kernel.now);
	assert_int_equal(pt_recording_stop(r->recording, &r->sink), 0);
	assert_int_equal(reblock_trace_close(r->writer), 0);
	pt_recording_free(r->recording);
	pt_kernel_end(&r->kernel);
}

/* The next record of the stream, which has to have one. */
static struct reblock_record next(struct reblock_input *in, const struct reblock_record **records,
				  long *left)
{
	if (!*left)
		*left = reblock_input_next(in, records);
	assert_true(*left > 0);
	--*left;
	return *(*records)++;
}

static struct reblock_input *open_file(void)
{
	struct reblock_input *in;
	char *error;

	assert_int_equal(reblock_input_open(fixture_path, NULL, NULL, &in, &error), 0);
	return in;
}

/* Drained a few bytes at a time, in which packets begin and end anywhere. */
static void joined(void **state)
{
	static struct recorder r;
	static struct stream s;

	(void)state;
	if (!reblock_pt_library())
		skip();
	for (int compress = 0; compress < 2; compress++) {
		const struct reblock_record *records;
		struct reblock_record written[4] = { record(REBLOCK_ENTRY, T(100)),
						     record(REBLOCK_EXIT, T(106)),
						     record(REBLOCK_ENTRY, T(110)),
						     record(REBLOCK_EXIT, T(116)) };
		struct reblock_record w;
		struct reblock_input *in;
		long left = 0;

		s.size = 0;
		begin_host(&s, T(90));
		enter(&s, T(101), 0x1000);
		packets(&s, "tsc %llu\ncfe intr 2\nfup 0x1004\ntip 0x2000", TSC(T(102)));
		leave(&s, T(105), 0x2010, 48, 0x1181);
		enter(&s, T(111), 0x2010);
		leave(&s, T(115), 0x2020, 48, 0x181);
		record_begin(&r, compress);
		poll(&r);
		for (size_t at = 0; at < s.size; at += 7) {
			pt_kernel_put(&r.kernel, CPU, s.bytes + at,
				      s.size - at < 7 ? s.size - at : 7);
			pt_kernel_publish(&r.kernel, CPU, 0);
			poll(&r);
		}
		assert_int_equal(reblock_trace_write(r.writer, written, 4), 0);
		record_end(&r);

		in = open_file();
		assert_int_equal(reblock_input_pt_bytes(in), s.size);
		assert_int_equal(next(in, &records, &left).t, T(100));
		w = next(in, &records, &left);
		assert_int_equal(w.kind, REBLOCK_WITNESS);
		assert_int_equal(w.error_code, REBLOCK_SAW_ENTRY);
		assert_int_equal(w.t, T(101));
		assert_int_equal(w.vm, 1);
		assert_int_equal(w.cpu, CPU);
		assert_int_equal(w.rip, 0x1000);
		w = next(in, &records, &left);
		assert_int_equal(w.error_code, REBLOCK_SAW_INTERRUPT);
		assert_int_equal(w.intr_info, 2);
		/* A TSC packet in the guest holds the guest's TSC: the time stands still. */
		assert_int_equal(w.t, T(101));
		w = next(in, &records, &left);
		assert_int_equal(w.error_code, REBLOCK_SAW_EXIT);
		assert_int_equal(w.reason, 48);
		assert_int_equal(w.qualification, 0x1181);
		assert_int_equal(w.rip, 0x2010);
		w = next(in, &records, &left);
		assert_int_equal(w.kind, REBLOCK_EXIT);
		assert_int_equal(w.t, T(106));
		assert_int_equal(next(in, &records, &left).kind, REBLOCK_ENTRY);
		assert_int_equal(next(in, &records, &left).error_code, REBLOCK_SAW_ENTRY);
		assert_int_equal(next(in, &records, &left).qualification, 0x181);
		assert_int_equal(next(in, &records, &left).t, T(116));
		assert_int_equal(left, 0);
		assert_int_equal(reblock_input_next(in, &records), 0);
		assert_int_equal(reblock_input_damages(in), 0);
		reblock_input_close(in);
	}
}

/* Where the buffer was full while the guest ran, the audit is told a gap: what was seen before stands, nothing is made up. */
static void full_buffer(void **state)
{
	static struct recorder r;
	static struct stream s;
	static const uint8_t pads[PT_BUFFER_LEAST];
	const struct reblock_record *records;
	struct reblock_record written[2] = { record(REBLOCK_ENTRY, T(98)),
					     record(REBLOCK_EXIT, T(116)) };
	unsigned gaps = 0, nmis = 0;
	struct reblock_input *in;
	long n;

	(void)state;
	if (!reblock_pt_library())
		skip();
	record_begin(&r, false);
	poll(&r);
	s.size = 0;
	begin_host(&s, T(90));
	count(&s, T(90), T(101));
	enter(&s, T(101), 0x1000);
	/* moves to CR3, by whose times it is known how long the guest runs already */
	packets(&s, "tsc 0");
	count(&s, T(101), T(102));
	packets(&s, "pip 0x6000 nr\ntnt 1");
	count(&s, T(102), T(103));
	packets(&s, "pip 0x5000 nr\ntnt 1");
	pt_kernel_put(&r.kernel, CPU, s.bytes, s.size);
	/* What does not fit is lost, an NMI among it. */
	pt_kernel_put(&r.kernel, CPU, pads, sizeof(pads));
	s.size = 0;
	packets(&s, "tsc %llu\ncfe intr 2\nfup 0x1004\ntip 0x2000", TSC(T(102)));
	pt_kernel_put(&r.kernel, CPU, s.bytes, s.size);
	assert_int_equal(r.kernel.cpus[CPU].enabled, false);
	poll(&r);
	s.size = 0;
	packets(&s, "psb\ntsc %llu\npip 0x5000 nr\nvmcs 0x7000\nfup 0x2008\npsbend", TSC(T(104)));
	count(&s, T(104), T(106));
	packets(&s, "cfe intr 14\nfup 0x2008\ntip 0x3000");
	count(&s, T(106), T(115));
	leave(&s, T(115), 0x2010, 48, 0x181);
	count(&s, T(115), T(120));
	begin_host(&s, T(120));
	pt_kernel_put(&r.kernel, CPU, s.bytes, s.size);
	assert_int_equal(reblock_trace_write(r.writer, written, 2), 0);
	record_end(&r);

	in = open_file();
	while ((n = reblock_input_next(in, &records)) > 0)
		for (long i = 0; i < n; i++) {
			gaps += records[i].kind == REBLOCK_WITNESS &&
				records[i].error_code == REBLOCK_SAW_GAP;
			nmis += records[i].kind == REBLOCK_WITNESS &&
				records[i].error_code == REBLOCK_SAW_INTERRUPT &&
				records[i].intr_info == 2;
		}
	assert_true(gaps >= 1);
	assert_int_equal(nmis, 0);
	reblock_input_close(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(joined),
					    cmocka_unit_test(full_buffer) };

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
