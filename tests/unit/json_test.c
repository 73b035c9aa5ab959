/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON Lines: round trip, what each mistake is told, damaged inputs. */
#include <fcntl.h>
#include <errno.h>
#include "input_fixture.h"

static int parse(const char *line, struct reblock_record *r, char why[256])
{
	struct reblock_source s;

	return reblock_json_parse(line, strlen(line), r, &s, why, 256);
}

static void record_round_trip(void **state)
{
	uint64_t seed = 99;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct reblock_record r = fixture_record(&seed), back;
		char text[REBLOCK_JSON_RECORD_MAX], why[256];
		size_t length = reblock_json_record(&r, text);

		assert_int_equal(length, strlen(text));
		assert_true(length < REBLOCK_JSON_RECORD_MAX - 1);
		assert_int_equal(parse(text, &back, why), REBLOCK_JSON_IS_RECORD);
		assert_memory_equal(&r, &back, sizeof(r));
	}
}

/* With all fields at their longest the text fits. */
static void longest_record(void **state)
{
	struct reblock_record r;
	char text[REBLOCK_JSON_RECORD_MAX], name[REBLOCK_NAME_LENGTH + 1];

	(void)state;
	for (unsigned kind = 1; kind < REBLOCK_KINDS; kind++) {
		memset(&r, 0xfe, sizeof(r));
		r.presence = 0xffff;
		r.kind = (uint8_t)kind;
		if (kind == REBLOCK_WITNESS)
			r.error_code = REBLOCK_SAW_INTERRUPT;
		reblock_record_normalize(&r);
		memset(name, '"', REBLOCK_NAME_LENGTH);
		name[REBLOCK_NAME_LENGTH] = 0;
		reblock_record_set_name(&r, name);
		assert_true(reblock_json_record(&r, text) < REBLOCK_JSON_RECORD_MAX - 1);
		assert_int_equal(text[strlen(text) - 1], '}');
	}
}

static void source_round_trip(void **state)
{
	struct reblock_source s = fixture_source(), back;
	struct reblock_record r;
	char why[256], *text;

	(void)state;
	for (unsigned presence = 0; presence < 1u << 10; presence++) {
		s = fixture_source();
		s.presence = presence;
		if (!(presence & REBLOCK_SOURCE_CPU))
			s.family = s.model = s.stepping = 0;
		s.microcode = presence & REBLOCK_SOURCE_MICROCODE ? s.microcode : 0;
		s.tsc_khz = presence & REBLOCK_SOURCE_TSC_KHZ ? s.tsc_khz : 0;
		s.ept = (presence & REBLOCK_SOURCE_EPT) != 0;
		s.vnmi = (presence & REBLOCK_SOURCE_VNMI) != 0;
		s.bare_metal = (presence & REBLOCK_SOURCE_BARE_METAL) != 0;
		s.captures = presence & REBLOCK_SOURCE_CAPTURES ? s.captures : 0;
		s.fields = presence & REBLOCK_SOURCE_FIELDS ? s.fields : 0;
		text = reblock_json_source(&s);
		assert_non_null(text);
		assert_int_equal(reblock_json_parse(text, strlen(text), &r, &back, why,
						    sizeof(why)),
				 REBLOCK_JSON_IS_SOURCE);
		assert_memory_equal(&s, &back, sizeof(s));
		free(text);
	}
}

static void values(void **state)
{
	struct reblock_record r;
	char why[256];

	(void)state;
	assert_int_equal(
		parse("{\"event\":\"exit\",\"t\":1000,\"vm\":1,\"vcpu\":0,\"cpu\":3,\"reason\":48,"
		      "\"qualification\":\"0x1181\",\"idt_vectoring\":0,\"interruptibility\":0,\"pin\":\"0x3f\","
		      "\"rip\":\"0xffffffff81000f00\",\"l2\":false}",
		      &r, why),
		REBLOCK_JSON_IS_RECORD);
	assert_int_equal(r.kind, REBLOCK_EXIT);
	assert_int_equal(r.t, 1000);
	assert_int_equal(r.vm, 1);
	assert_int_equal(r.vcpu, 0);
	assert_int_equal(r.cpu, 3);
	assert_int_equal(r.reason, 48);
	assert_int_equal(r.qualification, 0x1181);
	assert_int_equal(r.pin, 0x3f);
	assert_true(r.rip == 0xffffffff81000f00);
	assert_int_equal(r.flags, 0);
	assert_int_equal(r.presence, REBLOCK_HAS_REASON | REBLOCK_HAS_QUALIFICATION |
					     REBLOCK_HAS_IDT_VECTORING |
					     REBLOCK_HAS_INTERRUPTIBILITY | REBLOCK_HAS_PIN |
					     REBLOCK_HAS_RIP | REBLOCK_HAS_L2);
	assert_int_equal(parse("{\"event\":\"lost\"}", &r, why), REBLOCK_JSON_IS_RECORD);
	assert_true(r.vm == REBLOCK_NO_VM && r.vcpu == REBLOCK_NO_VCPU && r.t == REBLOCK_NO_TIME);
	assert_int_equal(r.presence, 0);
	assert_int_equal(parse("{\"event\":\"lost\",\"vm\":2,\"count\":\"0xffffffffffffffff\"}", &r,
			       why),
			 REBLOCK_JSON_IS_RECORD);
	assert_true(r.qualification == UINT64_MAX);
	assert_int_equal(parse("{\"event\":\"blocked_read\",\"vm\":1,\"vcpu\":1,\"blocked\":true}",
			       &r, why),
			 REBLOCK_JSON_IS_RECORD);
	assert_int_equal(r.flags, REBLOCK_MASKED);
}

#define WITNESS "{\"event\":\"witness\",\"vm\":1,\"vcpu\":0,"

/* What a branch goes to and what an exit says share a field, but have a key each. */
static void witnesses(void **state)
{
	struct reblock_record r;
	char why[256], text[REBLOCK_JSON_RECORD_MAX];

	(void)state;
	assert_int_equal(parse(WITNESS "\"to\":\"0x1000\",\"vector\":2,\"saw\":\"interrupt\"}", &r,
			       why),
			 REBLOCK_JSON_IS_RECORD);
	assert_int_equal(r.kind, REBLOCK_WITNESS);
	assert_int_equal(r.error_code, REBLOCK_SAW_INTERRUPT);
	assert_int_equal(r.intr_info, 2);
	assert_int_equal(r.qualification, 0x1000);
	assert_int_equal(r.presence, REBLOCK_HAS_ERROR_CODE | REBLOCK_HAS_INTR_INFO |
					     REBLOCK_HAS_QUALIFICATION);
	reblock_json_record(&r, text);
	assert_string_equal(text, WITNESS "\"saw\":\"interrupt\",\"to\":\"0x1000\",\"vector\":2}");
	assert_int_equal(parse(WITNESS "\"saw\":\"exit\",\"reason\":48,\"qualification\":4481,"
				       "\"rip\":\"0xffffffff81000f00\",\"at_iret\":true,\"l2\":0}",
			       &r, why),
			 REBLOCK_JSON_IS_RECORD);
	assert_int_equal(r.error_code, REBLOCK_SAW_EXIT);
	assert_int_equal(r.reason, 48);
	assert_int_equal(r.qualification, 0x1181);
	assert_int_equal(r.flags, REBLOCK_MASKED);
}

/* One that sees what is not known, as a newer reblock may write it, says nothing. */
static void witness_of_nothing(void **state)
{
	struct reblock_record r = { .kind = REBLOCK_WITNESS, .vm = 1 };

	(void)state;
	assert_false(reblock_record_normalize(&r));
	r.presence = REBLOCK_HAS_ERROR_CODE | REBLOCK_HAS_SEQ | REBLOCK_HAS_INTR_INFO;
	assert_false(reblock_record_normalize(&r));
	r.error_code = REBLOCK_SAW_KINDS;
	assert_false(reblock_record_normalize(&r));
	r.error_code = REBLOCK_SAW_GAP;
	r.seq = 1;
	r.intr_info = 0x80000202;
	assert_true(reblock_record_normalize(&r));
	assert_int_equal(r.intr_info, 2);
	assert_int_equal(r.seq, 0);
	assert_int_equal(r.presence, REBLOCK_HAS_ERROR_CODE | REBLOCK_HAS_INTR_INFO);
}

static void mistakes(void **state)
{
#define EXIT "{\"event\":\"exit\",\"vm\":1,\"vcpu\":0,"
	static const struct {
		const char *line;
		const char *says[2];
	} cases[] = {
		{ "", { "not valid JSON", "" } },
		{ "{", { "not valid JSON", "" } },
		{ "[1]", { "not a JSON object", "" } },
		{ "12", { "not a JSON object", "" } },
		{ "{\"event\":\"exit\"} x", { "not valid JSON", "" } },
		{ "{\"t\":1}", { "\"event\"", "missing" } },
		{ "{\"event\":3}", { "\"event\"", "string" } },
		{ "{\"event\":\"exot\"}", { "\"event\"", "exot" } },
		{ "{\"event\":\"exit\",\"vcpu\":0}", { "\"vm\"", "missing" } },
		{ "{\"event\":\"lost\",\"vcpu\":0}", { "\"vm\"", "missing" } },
		{ "{\"event\":\"exit\",\"vm\":1}", { "\"vcpu\"", "missing" } },
		{ EXIT "\"colour\":1}", { "unknown key", "colour" } },
		{ EXIT "\"rip_same\":1}", { "\"rip_same\"", "does not belong" } },
		{ EXIT "\"reason\":1,\"reason\":1}", { "duplicate", "reason" } },
		{ EXIT "\"reason\":-1}", { "\"reason\"", "out of range" } },
		{ EXIT "\"reason\":\"-1\"}", { "\"reason\"", "no number" } },
		{ EXIT "\"reason\":4294967296}", { "\"reason\"", "out of range" } },
		{ EXIT "\"reason\":\"0x100000000\"}", { "\"reason\"", "out of range" } },
		{ EXIT "\"reason\":\"x\"}", { "\"reason\"", "no number" } },
		{ EXIT "\"reason\":\"\"}", { "\"reason\"", "no number" } },
		{ EXIT "\"reason\":\"0x\"}", { "\"reason\"", "no number" } },
		{ EXIT "\"reason\":\"48 \"}", { "\"reason\"", "no number" } },
		{ EXIT "\"reason\":48.0}", { "\"reason\"", "whole number" } },
		{ EXIT "\"reason\":null}", { "\"reason\"", "whole number" } },
		{ EXIT "\"reason\":[48]}", { "\"reason\"", "whole number" } },
		{ EXIT "\"pin\":\"0x10000\"}", { "\"pin\"", "out of range" } },
		{ EXIT "\"rip\":18446744073709551615}", { "\"rip\"", "too large" } },
		{ EXIT "\"rip\":\"0x10000000000000000\"}", { "\"rip\"", "out of range" } },
		{ EXIT "\"t\":\"0xffffffffffffffff\"}", { "\"t\"", "out of range" } },
		{ EXIT "\"cpu\":65535}", { "\"cpu\"", "out of range" } },
		{ EXIT "\"l2\":2}", { "\"l2\"", "true or false" } },
		{ EXIT "\"l2\":\"1\"}", { "\"l2\"", "true or false" } },
		{ "{\"event\":\"meta\",\"vm\":1,\"name\":\"1234567890123456789012345678901234567\"}",
		  { "\"name\"", "too long" } },
		{ "{\"event\":\"meta\",\"vm\":1,\"vcpu\":1}", { "\"vcpu\"", "does not belong" } },
		{ "{\"event\":\"meta\",\"pid\":1}", { "\"pid\"", "unknown key" } },
		{ "{\"event\":\"meta\",\"cpu\":\"6-85\"}", { "\"cpu\"", "stepping" } },
		{ "{\"event\":\"meta\",\"cpu\":\"6-85-\"}", { "\"cpu\"", "stepping" } },
		{ "{\"event\":\"meta\",\"cpu\":\"6-85-4x\"}", { "\"cpu\"", "stepping" } },
		{ "{\"event\":\"meta\",\"cpu\":685}", { "\"cpu\"", "stepping" } },
		{ "{\"event\":\"meta\",\"captures\":\"exit\"}", { "\"captures\"", "list" } },
		{ "{\"event\":\"meta\",\"captures\":[\"exot\"]}", { "\"captures\"", "exot" } },
		{ "{\"event\":\"meta\",\"fields\":[3]}", { "\"fields\"", "not known" } },
		{ "{\"event\":\"meta\",\"ept\":\"Y\"}", { "\"ept\"", "true or false" } },
		{ "{\"event\":\"exit\xff\"}", { "not valid JSON", "" } },
		{ WITNESS "\"rip\":1}", { "\"saw\"", "missing" } },
		{ WITNESS "\"saw\":\"nothing\"}", { "\"saw\"", "nothing" } },
		{ WITNESS "\"saw\":3}", { "\"saw\"", "" } },
		{ WITNESS "\"saw\":\"iret\",\"vector\":256}", { "\"vector\"", "out of range" } },
		{ WITNESS "\"saw\":\"iret\",\"seq\":2}", { "\"seq\"", "does not belong" } },
		{ WITNESS "\"to\":1,\"saw\":\"exit\"}", { "\"to\"", "saw \"exit\"" } },
		{ WITNESS "\"qualification\":1,\"saw\":\"iret\"}",
		  { "\"qualification\"", "saw \"iret\"" } },
		{ EXIT "\"saw\":\"exit\"}", { "\"saw\"", "does not belong" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reblock_record r;
		char why[256];

		if (parse(cases[i].line, &r, why) != -EINVAL || !strstr(why, cases[i].says[0]) ||
		    !strstr(why, cases[i].says[1]))
			fail_msg("%s: %s", cases[i].line, why);
	}
}

static const char lines[] =
	"{\"event\":\"meta\",\"source\":\"hand\",\"captures\":[\"exit\",\"entry\"]}\n"
	"\n"
	"{\"event\":\"exit\",\"t\":1,\"vm\":1,\"vcpu\":0,\"reason\":12}\n"
	"{\"event\":\"entry\",\"t\":2,\"vm\":1,\"vcpu\":0}\r\n"
	"{\"event\":\"exit\",\"t\":3,\"vm\":1,\"vcpu\":0,\"reason\":48}\n";

static void file(void **state)
{
	struct fixture_result r;

	(void)state;
	fixture_write(lines, sizeof(lines) - 1);
	r = fixture_read_all(fixture_path);
	assert_int_equal(r.opened, 0);
	assert_int_equal(r.damages, 0);
	assert_int_equal(r.n, 3);
	assert_string_equal(r.source.source, "hand");
	assert_int_equal(r.source.presence, REBLOCK_SOURCE_CAPTURES);
	assert_int_equal(r.source.captures, 1 << REBLOCK_EXIT | 1 << REBLOCK_ENTRY);
	free(r.records);
}

/* At each cut the whole lines are there, and a line in part is one damage. */
static void every_cut(void **state)
{
	(void)state;
	for (size_t cut = 1; cut < sizeof(lines) - 1; cut++) {
		struct fixture_result r;
		size_t whole = 0, objects = 0;
		bool part = lines[cut] != '\n' && lines[cut] != '\r' && lines[cut - 1] != '\n';

		for (size_t i = 0; i < cut; i++) {
			whole += lines[i] == '}';
			objects += lines[i] == '{';
		}
		fixture_write(lines, cut);
		r = fixture_read_all(fixture_path);
		assert_int_equal(r.opened, 0);
		assert_int_equal(r.damages, part && objects > whole);
		assert_int_equal(r.n, whole - (whole > 0) + r.damages);
		if (r.damages)
			assert_non_null(strstr(r.first, "line "));
		free(r.records);
	}
}

/* At most two lines are hurt by a changed byte (a newline that is none), and those before and after are read. */
static void every_changed_byte(void **state)
{
	char text[sizeof(lines)];
	static const char changes[] = { 1, 2, 0x20, (char)0x80, '\n' ^ '}' };

	(void)state;
	for (size_t at = 0; at < sizeof(lines) - 1; at++) {
		for (size_t i = 0; i < sizeof(changes); i++) {
			struct fixture_result r;

			memcpy(text, lines, sizeof(lines));
			text[at] = (char)(text[at] ^ changes[i]);
			fixture_write(text, sizeof(lines) - 1);
			r = fixture_read_all(fixture_path);
			assert_int_equal(r.opened, 0);
			assert_in_range(r.damages, 0, 2);
			assert_in_range(r.n, 2, 5);
			free(r.records);
		}
	}
}

static void damaged_lines(void **state)
{
	static const char text[] =
		"{\"event\":\"exit\",\"vm\":1}\n"
		"{\"event\":\"meta\",\"source\":\"late but before all records\"}\n"
		"{\"event\":\"exit\",\"vm\":1,\"vcpu\":0}\n"
		"{\"event\":\"meta\",\"source\":\"too late\"}\n"
		"garbage\n"
		"{\"event\":\"entry\",\"vm\":1,\"vcpu\":0}";
	static const uint8_t kinds[] = { REBLOCK_LOST, REBLOCK_EXIT, REBLOCK_LOST, REBLOCK_LOST,
					 REBLOCK_ENTRY };
	struct fixture_result r;

	(void)state;
	fixture_write(text, sizeof(text) - 1);
	r = fixture_read_all(fixture_path);
	assert_int_equal(r.damages, 3);
	assert_non_null(strstr(r.first, ": line 1: key \"vcpu\" is missing"));
	assert_string_equal(r.source.source, "late but before all records");
	assert_int_equal(r.n, sizeof(kinds));
	for (size_t i = 0; i < r.n; i++)
		assert_int_equal(r.records[i].kind, kinds[i]);
	free(r.records);
}

static void long_line(void **state)
{
	size_t size = 3 << 20;
	char *text = malloc(size);
	struct fixture_result r;

	(void)state;
	memset(text, 'x', size);
	memcpy(text, lines, sizeof(lines) - 1);
	text[size - sizeof(lines)] = '\n';
	memcpy(text + size - (sizeof(lines) - 1), lines, sizeof(lines) - 1);
	fixture_write(text, size);
	r = fixture_read_all(fixture_path);
	assert_int_equal(r.damages, 2); /* the long line, and the second description */
	assert_int_equal(r.n, 8);
	assert_non_null(strstr(r.first, "line 6: longer than 65536 bytes"));
	free(r.records);
	free(text);
}

/* More than the buffer of a pipe holds, with a long line in it. */
static void through_pipe(void **state)
{
	struct fixture_result r;
	char path[32];
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	if (fork() == 0) {
		FILE *f = fdopen(fds[1], "w");

		close(fds[0]);
		for (int i = 0; i < 40000; i++)
			fprintf(f,
				"{\"event\":\"exit\",\"t\":%d,\"vm\":1,\"vcpu\":0,\"rip\":\"0x123456789\"}\n",
				i);
		for (int i = 0; i < 3000000; i++)
			fputc('y', f);
		fputs("\n{\"event\":\"entry\",\"vm\":1,\"vcpu\":0}", f);
		fclose(f);
		_exit(0);
	}
	close(fds[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	r = fixture_read_all(path);
	close(fds[0]);
	assert_int_equal(r.damages, 1);
	assert_non_null(strstr(r.first, "line 40001: longer"));
	assert_int_equal(r.n, 40002);
	for (size_t i = 0; i < 40000; i++)
		assert_int_equal(r.records[i].t, i);
	free(r.records);
}

/* What a stream is does not depend on how much of it has come: here its first line is cut off, and comes alone. */
static void begins_cut_off(void **state)
{
	static const char first[] = "\"reason\":48}\n",
			  rest[] = "{\"event\":\"exit\",\"vm\":1,\"vcpu\":0}\n";
	struct fixture_result r;
	char path[32];
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_DIRECT), 0); /* each read gives what one write gave */
	assert_int_equal(write(fds[1], first, strlen(first)), strlen(first));
	assert_int_equal(write(fds[1], rest, strlen(rest)), strlen(rest));
	close(fds[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	r = fixture_read_all(path);
	close(fds[0]);
	assert_int_equal(r.opened, 0);
	assert_int_equal(r.damages, 1);
	assert_int_equal(r.n, 2);
	assert_int_equal(r.records[1].kind, REBLOCK_EXIT);
	free(r.records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_round_trip), cmocka_unit_test(longest_record),
		cmocka_unit_test(source_round_trip), cmocka_unit_test(values),
		cmocka_unit_test(witnesses),         cmocka_unit_test(witness_of_nothing),
		cmocka_unit_test(mistakes),          cmocka_unit_test(file),
		cmocka_unit_test(every_cut),         cmocka_unit_test(every_changed_byte),
		cmocka_unit_test(damaged_lines),     cmocka_unit_test(long_line),
		cmocka_unit_test(through_pipe),      cmocka_unit_test(begins_cut_off),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
