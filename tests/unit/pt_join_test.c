/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intel PT joined with records, by the cases in tests/unit/pt_join: text files whose sections begin with
 *
 *   cpu N          the PT packets of a host CPU (pt_packets.h), "thread TID" those of a thread; "gap", "truncated" and
 *                  "overwrite" between them begin another piece
 *                  enter TSC TO, exit TSC IP REASON QUALIFICATION, irq TSC VECTOR IP TO and iret TSC IP TO stand for the
 *                  packets of Event Trace, "begin TSC VMCS" for a PSB of a CPU that is in its host, "guest TSC VMCS COUNTER"
 *                  for one in a guest whose counter is at COUNTER then
 *   records        exits and entries as JSON Lines, and "switch T CPU PID TID"; in the order of time
 *   memory         ADDRESS BYTE... (hexadecimal), a piece of the guest's memory each
 *   options        alone: the records are not to be matched; noclock; some-cpus; threads
 *   gives          what must come of it, as JSON Lines, and at the end the notes, each after "note "
 *
 * A line's part after # does not count. TSC ticks are the times of the records. Each case is joined with different numbers of
 * threads, and with the bytes in small pieces: always with the same result.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <reblock/json.h>
#include "input_fixture.h"
#include "pt/config.h"
#include "pt/image.h"
#include "pt/join.h"
#include "pt_packets.h"

#define CASES SOURCE_DIR "/tests/unit/pt_join"
#define BYTES 16384
#define PIECES 4096
#define QUEUES 8

struct lane {
	uint8_t bytes[BYTES];
	size_t size;
	struct pt_piece pieces[PIECES];
	size_t n;
};

struct join_case {
	char *text;
	struct lane lanes[QUEUES];
	struct pt_queue queues[QUEUES];
	size_t n_queues;
	struct reblock_record *records;
	size_t n_records;
	bool alone, no_clock, some_cpus, threads;
	struct pt_config config;
	struct pt_image *image;
	uint8_t memory[256];
	size_t memory_size;
	char *gives;
	size_t gives_size;
};

/* MTC each 1000 ticks, by which times in a guest are told: TSC packets there have the guest's own. */
static const struct pt_config mtc_config = { .cpuid_0x15_eax = 1, .cpuid_0x15_ebx = 1000 };

static void add_record(struct join_case *c, const struct reblock_record *r)
{
	c->records = realloc(c->records, (c->n_records + 1) * sizeof(*r));
	assert_non_null(c->records);
	c->records[c->n_records++] = *r;
}

static void read_record(struct join_case *c, const char *line)
{
	struct reblock_record r = { .kind = PT_JOIN_SWITCH, .vm = REBLOCK_NO_VM };
	const struct reblock_record *records;
	unsigned long long t;
	struct reblock_input *in;
	char *error, *copy;
	long n;

	if (sscanf(line, "switch %llu %hu %u %u", &t, &r.cpu, &r.error_code, &r.reason) == 4) {
		r.t = t;
		r.vcpu = REBLOCK_NO_VCPU;
		add_record(c, &r);
		return;
	}
	copy = strdup(line);
	if (reblock_input_open_memory("records", copy, strlen(copy), NULL, NULL, &in, &error))
		fail_msg("%s", error);
	n = reblock_input_next(in, &records);
	assert_int_equal(n, 1);
	add_record(c, &records[0]);
	reblock_input_close(in);
	free(copy);
}

/* The packets for some short words; NULL: LINE is a packet itself. */
static const char *expand(const char *line, char *text, size_t size)
{
	unsigned long long v[4] = { 0 };
	char word[16] = "";
	const char *at = line + strcspn(line, " ");

	snprintf(word, sizeof(word), "%.*s", (int)strcspn(line, " "), line);
	for (size_t i = 0; i < 4; i++)
		v[i] = strtoull(at, (char **)&at, 0);
	if (strcmp(word, "begin") && strcmp(word, "guest"))
		v[0] = v[0] / 1000 % 256;
	if (!strcmp(word, "begin"))
		snprintf(
			text, size,
			"psb\ntsc %llu\ntma %llu 0\npip 0x1000 root\nvmcs %#llx\nfup 0xffffffffc0000000\npsbend",
			v[0], v[0] / 1000 % 65536, v[1]);
	else if (!strcmp(word, "guest"))
		snprintf(
			text, size,
			"psb\ntsc %llu\ntma %llu 0\npip 0x5000 nr\nvmcs %#llx\nfup 0x1000\npsbend\nmtc %llu",
			v[2], v[0] / 1000 % 65536, v[1], v[0] / 1000 % 256);
	else if (!strcmp(word, "enter"))
		snprintf(
			text, size,
			"mtc %llu\ncfe vmentry ip\nfup 0xffffffffc0000100\npip 0x5000 nr\ntip %#llx",
			v[0], v[1]);
	else if (!strcmp(word, "exit"))
		snprintf(
			text, size,
			"mtc %llu\nevd vmxq %#llx\nevd vmxr %llu\ncfe vmexit\nfup %#llx\npip 0x1000 root\ntip 0xffffffffc0000200",
			v[0], v[3], v[2], v[1]);
	else if (!strcmp(word, "irq"))
		snprintf(text, size, "mtc %llu\ncfe intr %llu\nfup %#llx\ntip %#llx", v[0], v[1],
			 v[2], v[3]);
	else if (!strcmp(word, "iret"))
		snprintf(text, size, "mtc %llu\ncfe iret ip\nfup %#llx\ntip %#llx", v[0], v[1],
			 v[2]);
	else
		return NULL;
	return text;
}

static void end_piece(struct lane *l, uint32_t flags)
{
	size_t from =
		l->n ? (size_t)(l->pieces[l->n - 1].bytes - l->bytes) + l->pieces[l->n - 1].size :
		       0;

	if (l->size > from)
		l->pieces[l->n++] =
			(struct pt_piece){ .bytes = l->bytes + from, .size = l->size - from };
	if (l->n)
		l->pieces[l->n - 1].flags |= flags;
}

static void read_packet(struct join_case *c, const char *line, uint32_t *next)
{
	struct lane *l = &c->lanes[c->n_queues - 1];
	size_t n = l->n;
	char text[1024];
	long size;

	if (!strcmp(line, "gap") || !strcmp(line, "overwrite") || !strcmp(line, "truncated")) {
		end_piece(l, !strcmp(line, "truncated") ? PT_PIECE_TRUNCATED : 0);
		if (*next && l->n > n)
			l->pieces[l->n - 1].flags |= *next;
		*next = !strcmp(line, "gap")       ? PT_PIECE_GAP :
			!strcmp(line, "overwrite") ? PT_PIECE_OVERWRITE :
						     0;
		return;
	}
	for (const char *at = expand(line, text, sizeof(text)) ? text : line; *at;) {
		char word[256];
		size_t length = strcspn(at, "\n");

		snprintf(word, sizeof(word), "%.*s", (int)length, at);
		size = pt_packet_from_words(word, l->bytes, l->size, BYTES);
		if (size < 0)
			fail_msg("no packet: %s", word);
		l->size = (size_t)size;
		at += length + (at[length] != 0);
	}
}

static void end_lane(struct join_case *c, uint32_t next)
{
	struct lane *l;

	if (!c->n_queues)
		return;
	l = &c->lanes[c->n_queues - 1];
	end_piece(l, 0);
	if (l->n)
		l->pieces[l->n - 1].flags |= next;
}

static void begin_lane(struct join_case *c, unsigned cpu, unsigned tid)
{
	assert_true(c->n_queues < QUEUES);
	c->queues[c->n_queues] = (struct pt_queue){ .cpu = tid ? REBLOCK_NO_CPU : (uint16_t)cpu,
						    .pid = tid ? tid / 100 : 0,
						    .tid = tid,
						    .config = &c->config };
	c->n_queues++;
}

static void read_memory(struct join_case *c, const char *line)
{
	char *at, *end;
	uint64_t address = strtoull(line, &at, 0);
	size_t first = c->memory_size;

	for (; *at; at = end) {
		assert_true(c->memory_size < sizeof(c->memory));
		c->memory[c->memory_size++] = (uint8_t)strtoul(at, &end, 16);
		assert_true(end > at);
	}
	assert_int_equal(pt_image_put(c->image, address, c->memory + first, c->memory_size - first),
			 0);
}

static void read_case(struct join_case *c, const char *path)
{
	enum { NONE, PACKETS, MEMORY, RECORDS, OPTIONS, GIVES } section = NONE;
	FILE *f = fopen(path, "r"), *gives;
	uint32_t next = 0;
	char line[512];

	memset(c, 0, sizeof(*c));
	c->image = pt_image_make();
	assert_non_null(c->image);
	c->config = mtc_config;
	c->config.image = c->image;
	assert_non_null(f);
	gives = open_memstream(&c->gives, &c->gives_size);
	while (fgets(line, sizeof(line), f)) {
		unsigned number;
		size_t size = section == GIVES && line[0] != '#' ? strcspn(line, "\n") :
								   strcspn(line, "#\n");

		while (size && line[size - 1] == ' ')
			size--;
		line[size] = 0;
		if (!size)
			continue;
		if (sscanf(line, "cpu %u", &number) == 1 ||
		    sscanf(line, "thread %u", &number) == 1) {
			end_lane(c, next);
			next = 0;
			begin_lane(c, number, line[0] == 't' ? number : 0);
			section = PACKETS;
		} else if (!strcmp(line, "memory")) {
			section = MEMORY;
		} else if (!strcmp(line, "records")) {
			section = RECORDS;
		} else if (!strcmp(line, "options")) {
			section = OPTIONS;
		} else if (!strcmp(line, "gives")) {
			section = GIVES;
		} else if (section == PACKETS) {
			read_packet(c, line, &next);
		} else if (section == MEMORY) {
			read_memory(c, line);
		} else if (section == RECORDS) {
			read_record(c, line);
		} else if (section == OPTIONS) {
			c->alone |= !strcmp(line, "alone");
			c->no_clock |= !strcmp(line, "noclock");
			c->some_cpus |= !strcmp(line, "some-cpus");
			c->threads |= !strcmp(line, "threads");
		} else if (section == GIVES) {
			fprintf(gives, "%s\n", line);
		}
	}
	end_lane(c, next);
	fclose(gives);
	fclose(f);
	for (size_t i = 0; i < c->n_queues; i++) {
		c->queues[i].pieces = c->lanes[i].pieces;
		c->queues[i].n_pieces = c->lanes[i].n;
	}
}

static void free_case(struct join_case *c)
{
	pt_image_end(c->image);
	free(c->records);
	free(c->gives);
}

static const char *name_of(void *context, uint32_t pid, uint32_t tid)
{
	static char name[32];

	(void)context;
	(void)tid;
	snprintf(name, sizeof(name), "process %u", pid);
	return name;
}

/* What comes of C, as text. PIECE: the reader's records are taken so many at a time. */
static char *join(const struct join_case *c, const struct pt_queue *queues, unsigned jobs,
		  size_t some)
{
	struct pt_clock clock = { .kind = c->no_clock ? PT_CLOCK_UNKNOWN : PT_CLOCK_TSC };
	struct pt_join_options o = {
		.queues = queues,
		.n_queues = c->n_queues,
		.clock = &clock,
		.jobs = jobs,
		.has_records = !c->alone,
		.first_vm = 1,
		.has_threads = c->threads,
		.all_cpus = !c->some_cpus,
		.name = name_of,
	};
	struct pt_join *j;
	const struct reblock_record *records;
	size_t taken = 0, size;
	bool ended = false;
	const char *note;
	char *text;
	FILE *f = open_memstream(&text, &size);
	long n;

	assert_int_equal(pt_join_new(&o, &j), 0);
	while ((n = pt_join_give(j, &records)) > 0 || !ended) {
		assert_true(n >= 0);
		for (long i = 0; i < n; i++) {
			struct reblock_record r = records[i];
			char line[REBLOCK_JSON_RECORD_MAX];

			assert_true(reblock_record_normalize(&r));
			assert_memory_equal(&r, &records[i], sizeof(r));
			line[reblock_json_record(&r, line)] = 0;
			fprintf(f, "%s\n", line);
		}
		if (n)
			continue;
		n = (long)(c->n_records - taken < some ? c->n_records - taken : some);
		if (n)
			assert_int_equal(pt_join_take(j, c->records + taken, (size_t)n), 0);
		else
			pt_join_end(j);
		ended = !n;
		taken += (size_t)n;
	}
	assert_int_equal(n, 0);
	for (size_t i = 0; (note = pt_join_note(j, i)) != NULL; i++)
		fprintf(f, "note %s\n", note);
	pt_join_free(j);
	fclose(f);
	return text;
}

/* The same bytes in pieces of SIZE bytes, each in memory of its own. */
static void cut_up(const struct join_case *c, struct pt_queue *queues, size_t size)
{
	for (size_t q = 0; q < c->n_queues; q++) {
		const struct pt_queue *from = &c->queues[q];
		struct pt_queue *to = &queues[q];

		*to = *from;
		to->pieces = calloc(PIECES, sizeof(*to->pieces));
		to->n_pieces = 0;
		for (size_t i = 0; i < from->n_pieces; i++) {
			const struct pt_piece *p = &from->pieces[i];

			for (size_t at = 0; at < p->size; at += size) {
				struct pt_piece *piece = &to->pieces[to->n_pieces++];
				size_t n = p->size - at < size ? p->size - at : size;
				uint8_t *bytes = malloc(n);

				assert_true(to->n_pieces <= PIECES);
				memcpy(bytes, p->bytes + at, n);
				piece->bytes = bytes;
				piece->size = n;
				if (!at)
					piece->flags |= p->flags & (uint32_t)~PT_PIECE_TRUNCATED;
				if (at + n == p->size)
					piece->flags |= p->flags & PT_PIECE_TRUNCATED;
			}
		}
	}
}

static void free_pieces(const struct join_case *c, struct pt_queue *queues)
{
	for (size_t q = 0; q < c->n_queues; q++) {
		for (size_t i = 0; i < queues[q].n_pieces; i++)
			free((void *)queues[q].pieces[i].bytes);
		free(queues[q].pieces);
	}
}

static void expect(const char *path, const char *how, char *text, const char *gives)
{
	if (getenv("REBLOCK_PT_SHOW"))
		fputs(text, stdout);
	if (strcmp(text, gives))
		fail_msg("%s, %s: it gives\n%sand must give\n%s", path, how, text, gives);
	free(text);
}

static void one_case(const char *path)
{
	static struct join_case c;
	struct pt_queue queues[QUEUES];

	read_case(&c, path);
	expect(path, "one thread", join(&c, c.queues, 1, 1000), c.gives);
	expect(path, "a record at a time", join(&c, c.queues, 0, 1), c.gives);
	expect(path, "four threads", join(&c, c.queues, 4, 3), c.gives);
	cut_up(&c, queues, 7);
	expect(path, "in pieces", join(&c, queues, 1, 2), c.gives);
	expect(path, "in pieces, two threads", join(&c, queues, 2, 1000), c.gives);
	free_pieces(&c, queues);
	free_case(&c);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void test_cases(void **state)
{
	struct dirent **names;
	int n = scandir(CASES, &names, NULL, by_name), cases = 0;
	const char *only = getenv("PT_JOIN_CASE");

	(void)state;
	assert_true(n > 0);
	if (!pt_library()) {
		print_message("this program has no libipt\n");
		skip();
	}
	for (int i = 0; i < n; i++) {
		char path[512];

		if (strstr(names[i]->d_name, ".case") &&
		    (!only || !strcmp(only, names[i]->d_name))) {
			snprintf(path, sizeof(path), "%s/%s", CASES, names[i]->d_name);
			one_case(path);
			cases++;
		}
		free(names[i]);
	}
	free(names);
	assert_true(cases > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
