/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <reblock/json.h>
#include "input_fixture.h"
#include "pt_join_case.h"
#include "pt_packets.h"

static const char common[] =
	"{\"event\":\"meta\",\"captures\":[\"exit\",\"entry\",\"mask_write\",\"mask_read\",\"blocked_read\",\"user_exit\",\"events_write\"]}";

/* MTC each 1000 ticks, by which times in a guest are told: TSC packets there have the guest's own. */
static const struct pt_config mtc_config = { .cpuid_0x15_eax = 1, .cpuid_0x15_ebx = 1000 };

static void add_record(struct pt_join_case *c, const struct reblock_record *r)
{
	c->records = realloc(c->records, (c->n_records + 1) * sizeof(*r));
	assert_non_null(c->records);
	c->records[c->n_records++] = *r;
}

static void read_record(struct pt_join_case *c, const char *line)
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

/* What is said of the source. */
static void read_meta(struct pt_join_case *c, const char *line)
{
	struct reblock_record none;
	char error[256];

	if (reblock_json_parse(line, strlen(line), &none, &c->source, error, sizeof(error)) !=
	    REBLOCK_JSON_IS_SOURCE)
		fail_msg("%s", line);
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
	else if (!strcmp(word, "in"))
		snprintf(text, size, "mtc %llu\npip 0x5000 nr\ntip %#llx", v[0], v[1]);
	else if (!strcmp(word, "out"))
		snprintf(text, size, "mtc %llu\nfup %#llx\npip 0x1000 root\ntip 0xffffffffc0000200",
			 v[0], v[1]);
	else if (!strcmp(word, "async"))
		snprintf(text, size, "mtc %llu\nfup %#llx\ntip %#llx", v[0], v[1], v[2]);
	else
		return NULL;
	return text;
}

static void end_piece(struct pt_join_lane *l, uint32_t flags)
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

static void read_packet(struct pt_join_case *c, const char *line, uint32_t *next)
{
	struct pt_join_lane *l = &c->lanes[c->n_queues - 1];
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
		size = pt_packet_from_words(word, l->bytes, l->size, PT_JOIN_BYTES);
		if (size < 0)
			fail_msg("no packet: %s", word);
		l->size = (size_t)size;
		at += length + (at[length] != 0);
	}
}

static void end_lane(struct pt_join_case *c, uint32_t next)
{
	struct pt_join_lane *l;

	if (!c->n_queues)
		return;
	l = &c->lanes[c->n_queues - 1];
	end_piece(l, 0);
	if (l->n)
		l->pieces[l->n - 1].flags |= next;
}

static void begin_lane(struct pt_join_case *c, unsigned cpu, unsigned tid)
{
	assert_true(c->n_queues < PT_JOIN_QUEUES);
	c->queues[c->n_queues] = (struct pt_queue){ .cpu = tid ? REBLOCK_NO_CPU : (uint16_t)cpu,
						    .pid = tid ? tid / 100 : 0,
						    .tid = tid,
						    .config = &c->config };
	c->n_queues++;
}

static void read_memory(struct pt_join_case *c, const char *line)
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

void pt_join_case_read(struct pt_join_case *c, const char *path)
{
	enum { NONE, PACKETS, MEMORY, RECORDS, OPTIONS, GIVES, FINDS } section = NONE;
	FILE *f = fopen(path, "r"), *gives, *finds;
	uint32_t next = 0;
	char line[512];

	memset(c, 0, sizeof(*c));
	c->image = pt_image_make();
	assert_non_null(c->image);
	c->config = mtc_config;
	c->config.image = c->image;
	assert_non_null(f);
	gives = open_memstream(&c->gives, &c->gives_size);
	finds = open_memstream(&c->finds, &c->finds_size);
	read_meta(c, common);
	while (fgets(line, sizeof(line), f)) {
		unsigned number;
		/* These have numbers of records. */
		bool whole = (section == GIVES || section == FINDS) && line[0] != '#';
		size_t size = strcspn(line, whole ? "\n" : "#\n");

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
		} else if (!strcmp(line, "finds")) {
			section = FINDS;
			c->has_finds = true;
		} else if (section == PACKETS) {
			read_packet(c, line, &next);
		} else if (section == MEMORY) {
			read_memory(c, line);
		} else if (section == RECORDS && strstr(line, "\"event\":\"meta\"")) {
			read_meta(c, line);
		} else if (section == RECORDS) {
			read_record(c, line);
		} else if (section == OPTIONS) {
			c->alone |= !strcmp(line, "alone");
			c->no_clock |= !strcmp(line, "noclock");
			c->some_cpus |= !strcmp(line, "some-cpus");
			c->threads |= !strcmp(line, "threads");
		} else if (section == GIVES) {
			fprintf(gives, "%s\n", line);
		} else if (section == FINDS) {
			fprintf(finds, "%s\n", line);
		}
	}
	end_lane(c, next);
	fclose(gives);
	fclose(finds);
	fclose(f);
	for (size_t i = 0; i < c->n_queues; i++) {
		c->queues[i].pieces = c->lanes[i].pieces;
		c->queues[i].n_pieces = c->lanes[i].n;
	}
}

void pt_join_case_free(struct pt_join_case *c)
{
	pt_image_end(c->image);
	free(c->records);
	free(c->gives);
	free(c->finds);
}
