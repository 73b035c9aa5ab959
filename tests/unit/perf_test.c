/* SPDX-License-Identifier: BSD-2-Clause */
/* perf.data: its forms, the order of time, losses, and what is refused. */
#include "perf_fixture.h"

static struct perf_build_options options(unsigned cpus)
{
	return (struct perf_build_options){
		.table = PERF_TABLE, .version = "6.1", .cpus = cpus, .events = PERF_BUILD_BOTH
	};
}

/* An exit of vCPU 0, 1, ... (thread 100 and on of process 9) at T, or an entry. */
static void put(struct perf_build *b, enum perf_build_event e, unsigned cpu, uint64_t t,
		unsigned vcpu)
{
	struct perf_build_fields f = { .rip = 0x1000 + t, .reason = 12, .vcpu_id = vcpu };

	perf_build_event(b, e, cpu, t, 9, 100 + vcpu, &f);
}

/* Only kind and time of each record, such as "meta@100 exit@100 lost(5)@110": what the order is about. */
static char *brief(char *text)
{
	char *out = calloc(1, strlen(text) + 16), *line, *save = NULL;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		const char *t = strstr(line, " t="), *count = strstr(line, "count=");

		if (strncmp(line, "note", 4) == 0)
			continue;
		if (out[0])
			strcat(out, " ");
		strncat(out, line, strcspn(line, " "));
		if (count)
			sprintf(out + strlen(out), "(%d)", atoi(count + 6));
		if (t)
			sprintf(out + strlen(out), "@%d", atoi(t + 3));
	}
	free(text);
	return out;
}

static struct perf_build *some(const struct perf_build_options *o)
{
	struct perf_build *b = perf_build_new(o);

	perf_build_comm(b, 0, 1, 9, 9, "vm");
	for (unsigned i = 0; i < 3; i++) {
		put(b, PERF_BUILD_EXIT, 0, 100 + 100 * i, 0);
		put(b, PERF_BUILD_ENTRY, 0, 150 + 100 * i, 0);
		put(b, PERF_BUILD_EXIT, 1, 120 + 100 * i, 1);
		put(b, PERF_BUILD_ENTRY, 1, 160 + 100 * i, 1);
		perf_build_round(b);
	}
	return b;
}

/* However it was recorded, the records are the same. */
static void forms(void **state)
{
	struct perf_build_options o = options(2);
	char *expected = perf_read_built(some(&o));

	(void)state;
	assert_non_null(strstr(expected,
			       "meta 1/* t=100 cpu=0 pid=9 name=vm\nexit 1/0 t=100 cpu=0 "
			       "reason=12 q=0 ii=0 idtv=0 rip=0x1064\nexit 1/1 t=120 cpu=1 "));
	assert_non_null(strstr(expected, "entry 1/1 t=360 cpu=1 rip=0x1168\nnote"));
	for (unsigned form = 1; form < 64; form++) {
		struct perf_build_options f = options(2);

		f.pipe = form & 1;
		f.compress = form & 2;
		f.callchain = form & 4;
		f.lost_format = form & 8;
		f.no_ids = form & 16;
		f.rounds_off = form & 32;
		if (f.pipe && f.rounds_off)
			continue; /* it would look as if it was cut off */
		perf_expect(perf_read_built(some(&f)), expected);
	}
	free(expected);
}

/* From a pipe that gives it in pieces, both forms. */
static void through_a_pipe(void **state)
{
	for (int form = 0; form < 2; form++) {
		struct perf_build_options o = options(2);
		char *expected = perf_read_built(some(&o)), path[64];
		uint8_t *data;
		size_t size;
		int fd[2];

		(void)state;
		o.pipe = form;
		assert_int_equal(perf_build_finish(some(&o), &data, &size), 0);
		assert_int_equal(pipe(fd), 0);
		assert_true(size < 60000);
		assert_int_equal(write(fd[1], data, size), size);
		close(fd[1]);
		free(data);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd[0]);
		perf_expect(perf_read_path(path), expected);
		close(fd[0]);
		free(expected);
	}
}

/* Buffers of CPUs come one after the other, also with records that are older than the round before. */
static void order(void **state)
{
	struct perf_build_options o = options(3);
	struct perf_build *b = perf_build_new(&o);

	(void)state;
	put(b, PERF_BUILD_EXIT, 0, 100, 0);
	put(b, PERF_BUILD_EXIT, 1, 90, 1);
	perf_build_round(b);
	put(b, PERF_BUILD_ENTRY, 2, 95, 1); /* it had moved there */
	put(b, PERF_BUILD_ENTRY, 0, 130, 0);
	put(b, PERF_BUILD_EXIT, 1, 120, 2);
	perf_build_round(b);
	put(b, PERF_BUILD_EXIT, 2, 125, 1);
	put(b, PERF_BUILD_EXIT, 0, 140, 0);
	perf_expect(brief(perf_read_built(b)),
		    "meta@90 exit@90 entry@95 exit@100 exit@120 exit@125 entry@130 exit@140");
}

/* Nothing older than what was given can be put where it belongs: it is said. */
static void disorder(void **state)
{
	struct perf_build_options o = options(2);
	struct perf_build *b = perf_build_new(&o);
	char *text;

	(void)state;
	put(b, PERF_BUILD_EXIT, 0, 100, 0);
	put(b, PERF_BUILD_ENTRY, 0, 110, 0);
	perf_build_round(b);
	perf_build_round(b);
	put(b, PERF_BUILD_EXIT, 0, 200, 0);
	put(b, PERF_BUILD_EXIT, 1, 105, 0);
	text = perf_read_built(b);
	assert_non_null(strstr(text, "damage a sample of time 105 comes after one of time 110"));
	perf_expect(brief(text), "meta@100 exit@100 entry@110 damage lost@110 exit@105 exit@200");
}

/*
 * A loss lies between the last record of its buffer and LOST. Within that time nothing that follows
 * another record may be taken to follow it, on any CPU.
 */
static void lost(void **state)
{
	static const char expected[] =
		"meta@90 exit@90 exit@100 "
		"lost(7)@110 entry@110 lost(0)@120 exit@120 lost(0)@200 entry@200 "
		"lost(0)@210 exit@210 lost(0)@310 entry@310 exit@320";

	(void)state;
	for (unsigned form = 0; form < 4; form++) {
		struct perf_build_options o = options(2);
		struct perf_build *b;

		o.pipe = form & 1;
		o.compress = form & 2;
		b = perf_build_new(&o);
		put(b, PERF_BUILD_EXIT, 1, 90, 1);
		put(b, PERF_BUILD_EXIT, 0, 100, 0);
		put(b, PERF_BUILD_ENTRY, 1, 110, 1);
		put(b, PERF_BUILD_EXIT, 1, 120, 1);
		perf_build_round(b);
		put(b, PERF_BUILD_ENTRY, 1, 200, 1);
		perf_build_round(b);
		put(b, PERF_BUILD_EXIT, 1, 210, 1);
		perf_build_round(b);
		perf_build_lost(b, 0, 300, 7);
		put(b, PERF_BUILD_ENTRY, 0, 310, 0);
		put(b, PERF_BUILD_EXIT, 1, 320, 1);
		perf_expect(brief(perf_read_built(b)), expected);
	}
}

/* Losses that perf counts at the end may have come at any time after the last record of that buffer. */
static void lost_at_the_end(void **state)
{
	struct perf_build_options o = options(2);
	struct perf_build *b = perf_build_new(&o);

	(void)state;
	put(b, PERF_BUILD_EXIT, 0, 90, 0);
	put(b, PERF_BUILD_EXIT, 1, 100, 1);
	put(b, PERF_BUILD_ENTRY, 0, 110, 0);
	put(b, PERF_BUILD_EXIT, 0, 120, 0);
	perf_build_round(b);
	perf_build_lost_samples(b, PERF_BUILD_ENTRY, 1, 3);
	perf_expect(brief(perf_read_built(b)),
		    "meta@90 exit@90 exit@100 lost(3)@110 entry@110 lost(0)@120 exit@120 lost(0)");
	/* none lost, none told */
	b = perf_build_new(&o);
	put(b, PERF_BUILD_EXIT, 0, 90, 0);
	perf_build_lost_samples(b, PERF_BUILD_ENTRY, 1, 0);
	perf_expect(brief(perf_read_built(b)), "meta@90 exit@90");
	/* a buffer without any record: any time */
	b = perf_build_new(&o);
	put(b, PERF_BUILD_EXIT, 0, 90, 0);
	perf_build_lost_samples(b, PERF_BUILD_ENTRY, 1, 2);
	perf_expect(brief(perf_read_built(b)), "lost(2)@90 meta@90 exit@90 lost(0)");
}

/* What hides behind a loss is dropped: an injection, and the vCPU of a thread. */
static void lost_between(void **state)
{
	struct perf_build_options o = options(2);
	struct perf_build *b;
	char *text;

	(void)state;
	o.events = PERF_BUILD_USUAL;
	for (int is_lost = 0; is_lost < 2; is_lost++) {
		b = perf_build_new(&o);
		put(b, PERF_BUILD_EXIT, 0, 100, 0);
		if (is_lost)
			perf_build_lost(b, 0, 110, 1);
		put(b, PERF_BUILD_ENTRY, 0, 120, 0);
		perf_expect_in(perf_read_built(b), is_lost ? "!no-other" : "no-other");
	}
	o.version = "4.15";
	b = perf_build_new(&o);
	put(b, PERF_BUILD_ENTRY, 0, 100, 0);
	put(b, PERF_BUILD_EXIT, 0, 110, 0);
	perf_build_lost(b, 0, 120, 1);
	put(b, PERF_BUILD_EXIT, 0, 130, 0); /* of another vCPU of that thread, perhaps */
	put(b, PERF_BUILD_ENTRY, 0, 140, 0);
	put(b, PERF_BUILD_EXIT, 0, 150, 0);
	text = perf_read_built(b);
	perf_expect(brief(text), "meta@110 exit@110 lost(1)@130 entry@140 exit@150");
}

/* Bytes in the middle that are no records. */
static void damage(void **state)
{
	static const uint8_t junk[40] = { 0xff, 0xff, 0xff, 0xff, 0, 0, 0xff, 0xff, 1 };
	struct perf_build_options o = options(2);
	struct perf_build *b = perf_build_new(&o);
	char *text;

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		put(b, PERF_BUILD_EXIT, 0, 100 + 100 * i, 0);
		put(b, PERF_BUILD_ENTRY, 1, 150 + 100 * i, 0);
		if (i == 3)
			perf_build_bytes(b, 0, junk, sizeof(junk));
		perf_build_round(b);
	}
	text = perf_read_built(b);
	assert_non_null(strstr(text, ": no record here; read on at offset "));
	/* Samples of the round before it, and of two after it, may have neighbours that are missing. */
	perf_expect(brief(text),
		    "meta@100 exit@100 entry@150 exit@200 entry@250 damage lost@300 exit@300 "
		    "lost@350 entry@350 lost@400 exit@400 lost@450 entry@450 lost@500 exit@500 "
		    "lost@550 entry@550 lost@600 exit@600 lost@650 entry@650 lost@700 exit@700 "
		    "entry@750 exit@800 entry@850");
}

/* A pipe's stream that ends in a round. */
static void cut_stream(void **state)
{
	struct perf_build_options o = options(1);
	struct perf_build *b;
	uint8_t *data;
	size_t size;
	char *text;

	(void)state;
	o.pipe = true;
	b = perf_build_new(&o);
	put(b, PERF_BUILD_EXIT, 0, 100, 0);
	perf_build_round(b);
	put(b, PERF_BUILD_ENTRY, 0, 110, 0);
	perf_build_round(b);
	put(b, PERF_BUILD_EXIT, 0, 120, 0);
	assert_int_equal(perf_build_finish(b, &data, &size), 0);
	text = perf_read_bytes(data, size - 8); /* FINISHED_ROUND */
	assert_non_null(strstr(text, "damage the stream ends in the middle of a round"));
	perf_expect(brief(text),
		    "meta@100 exit@100 damage lost@110 entry@110 lost@120 exit@120 lost");
	text = perf_read_bytes(data, size - 8 - 4);
	assert_non_null(strstr(text, "no whole record here, nor in the "));
	free(text);
	free(data);
}

/* Samples that are not in order: of an unknown event, or cut short. */
static void bad_samples(void **state)
{
	struct perf_build_options o = options(1);
	struct perf_build *b;
	uint8_t *data, *sample;
	size_t size;
	char *text;

	(void)state;
	for (int way = 0; way < 2; way++) {
		b = perf_build_new(&o);
		for (unsigned i = 0; i < 3; i++)
			put(b, PERF_BUILD_EXIT, 0, 100 + i, 0);
		assert_int_equal(perf_build_finish(b, &data, &size), 0);
		sample = memmem(data, size, "\x65\0\0\0\0\0\0", 7); /* its time */
		assert_non_null(sample);
		sample += 8 + 8 + 8; /* time, cpu, period */
		assert_memory_equal(sample + 4, "\x4c\x04", 2);
		sample[way ? 0 : 4] = 0xff;
		text = perf_read_bytes(data, size);
		assert_non_null(strstr(text, way ? ": a sample is shorter than it says" :
						   ": a sample is of no event that was recorded"));
		perf_expect(brief(text),
			    "damage lost@100 meta@100 exit@100 lost@102 exit@102 lost");
		free(data);
	}
}

/* What perf says to a file that is built here, by a shell command; NULL where there is no perf. */
static char *perf_says(const char *command, const uint8_t *data, size_t size)
{
	char line[256], *out = NULL;
	size_t length = 0;
	FILE *text = open_memstream(&out, &length), *from;

	fixture_write(data, size);
	snprintf(line, sizeof(line), "perf %s -i %s%s", command, fixture_path,
		 strstr(command, "kvm") ? " stat report 2>&1" : " 2>/dev/null");
	from = popen(line, "r");
	assert_true(text && from);
	for (int c; (c = getc(from)) != EOF;)
		putc(c, text);
	fclose(text);
	if (pclose(from) == 0)
		return out;
	free(out);
	return NULL;
}

/* Whether PART is in the text, however many spaces there are between words. */
static bool has_line(char *text, const char *part)
{
	char *to = text;

	for (const char *from = text; *from; from++)
		if (*from != ' ' || from[1] != ' ')
			*to++ = *from;
	*to = 0;
	return strstr(text, part) != NULL;
}

/* The builder is no better than its idea of the format: perf itself has to read what it makes. */
static void perf_reads_it(void **state)
{
	fixture_setup(state);
	for (unsigned form = 0; form < 4; form++) {
		struct perf_build_options o = options(2);
		uint8_t *data;
		size_t size;
		char *says;

		o.pipe = form & 1;
		o.compress = form & 2;
		assert_int_equal(perf_build_finish(some(&o), &data, &size), 0);
		says = perf_says("script --ns -F comm,tid,cpu,time,event,trace", data, size);
		if (!says) {
			free(data);
			fixture_teardown(state);
			print_message("there is no perf here, or not one that reads this\n");
			skip();
		}
		/* Some perfs print KVM's events by a plugin of libtraceevent, others by their fields. */
		assert_true(has_line(says, "100 [000] 0.000000100: kvm:kvm_exit: exit_reason HLT "
					   "guest_rip 0x1064 isa 0x1") ||
			    has_line(says,
				     "100 [000] 0.000000100: kvm:kvm_exit: reason HLT rip 0x1064"));
		assert_true(
			has_line(says, "101 [001] 0.000000360: kvm:kvm_entry: vcpu_id 0x1 rip "
				       "0x1168") ||
			has_line(says, "101 [001] 0.000000360: kvm:kvm_entry: vcpu 1 rip 0x1168"));
		free(says);
		/* perf kvm reads plain files only */
		says = form ? NULL : perf_says("kvm", data, size);
		assert_true(form || (says && has_line(says, "HLT 4 100.00%")));
		free(says);
		free(data);
	}
	fixture_teardown(state);
}

static void refusals(void **state)
{
	static const char record[] =
		"perf record -a -e kvm:kvm_exit,kvm:kvm_entry,kvm:kvm_userspace_exit,kvm:kvm_inj_virq,kvm:kvm_inj_exception\n";
	struct perf_build_options o = options(2);
	uint8_t *data;
	size_t size;
	char *text;

	(void)state;
	o.events = 1u << PERF_BUILD_USER_EXIT;
	text = perf_read_built(some(&o));
	assert_non_null(
		strstr(text,
		       "error this perf.data does not hold both kvm:kvm_exit and kvm:kvm_entry"));
	perf_expect_in(text, record);
	o.events = 1u << PERF_BUILD_EXIT;
	perf_expect_in(perf_read_built(some(&o)), record);
	o = options(2);
	o.drop_sample_type = 1 << 10;
	text = perf_read_built(some(&o));
	assert_non_null(strstr(text, "error its kvm events were recorded without raw data (-R)"));
	perf_expect_in(text, record);
	o.drop_sample_type = 1 << 2;
	perf_expect_in(perf_read_built(some(&o)), "without time (-T); record with: perf record");
	o.drop_sample_type = 1 << 1;
	perf_expect_in(perf_read_built(some(&o)), "without thread; record with: perf record");
	o.drop_sample_type = 1 << 7; /* the CPU can be missed */
	perf_expect_in(perf_read_built(some(&o)), "exit 1/0 t=100 reason=12");
	o.drop_sample_type = 0;
	o.period = 2;
	perf_expect_in(perf_read_built(some(&o)),
		       "error not every kvm event was recorded (-F, or -c");
	o.period = 0;
	assert_int_equal(perf_build_finish(some(&o), &data, &size), 0);
	perf_expect_in(perf_read_bytes(data, size / 2), "error the file is cut off");
	perf_expect_in(perf_read_bytes(data, 50), "error this is perf.data, and its header is");
	memset(data + 48, 0, 8);
	perf_expect_in(perf_read_bytes(data, size),
		       "error perf was ended before it finished this file");
	memcpy(data, "2ELIFREP", 8);
	perf_expect_in(perf_read_bytes(data, size),
		       "error this is perf.data of a big-endian machine");
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),         cmocka_unit_test(through_a_pipe),
		cmocka_unit_test(order),         cmocka_unit_test(disorder),
		cmocka_unit_test(lost),          cmocka_unit_test(lost_at_the_end),
		cmocka_unit_test(lost_between),  cmocka_unit_test(damage),
		cmocka_unit_test(cut_stream),    cmocka_unit_test(bad_samples),
		cmocka_unit_test(perf_reads_it), cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
