/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * JSON Lines. The input is JSONL_HEAD bytes that say what to do, then lines, each behind a byte that says what it is: a
 * record out of the bytes of one, spelled in one of many ways; a description of a source likewise; or text, whose braces
 * and quotes may be mended.
 *
 * What a line gives depends on no other: a record that was spelled comes as it was, whatever stands around it, and any
 * other line gives one record, or one lost record and one damage.
 */
#include <string.h>
#include <reblock/json.h>
#include "fuzz.h"
#include "jsonl/spell.h"
#include "reading/reading.h"

#define JSONL_HEAD 4
#define LINES_MOST 2048

struct lines {
	const uint8_t *at, *end; /* of the input */
	uint8_t seed;
	size_t size; /* of what is written */
	size_t n;    /* of records that have to come */
	bool known[LINES_MOST];
	struct reblock_record records[LINES_MOST];
	bool sure; /* what comes of every line so far */
	bool records_began, described;
	uint64_t wrong; /* lines that are damages */
	struct reblock_source source;
};

static unsigned byte(struct lines *l)
{
	return l->at < l->end ? *l->at++ : 0;
}

/* The next SIZE bytes, as far as they are there. */
static void bytes(struct lines *l, void *to, size_t size)
{
	size_t n = (size_t)(l->end - l->at) < size ? (size_t)(l->end - l->at) : size;

	memset(to, 0, size);
	memcpy(to, l->at, n);
	l->at += n;
}

static void write_line(struct lines *l, const char *text, size_t size)
{
	memcpy(reading_room + l->size, text, size);
	reading_room[l->size + size] = '\n';
	l->size += size + 1;
}

static void write_spelled(struct lines *l, const char *text, size_t size, unsigned how)
{
	static char out[SPELL_MOST];
	uint32_t seed = how ? how * 0x9e3779b1u ^ l->seed : 0;

	write_line(l, out, spell(text, size, seed, out));
}

static void record_line(struct lines *l)
{
	struct reblock_record *r = &l->records[l->n];
	char text[REBLOCK_JSON_RECORD_MAX];
	unsigned how = byte(l);

	bytes(l, r, sizeof(*r));
	r->kind = (uint8_t)(1 + (r->kind + REBLOCK_KINDS - 2u) % (REBLOCK_KINDS - 1));
	if (r->kind != REBLOCK_LOST && r->vm == REBLOCK_NO_VM)
		r->vm = 1;
	if (reblock_kind_of_vcpu(r->kind) && r->vcpu == REBLOCK_NO_VCPU)
		r->vcpu = 0;
	if (r->kind == REBLOCK_WITNESS) {
		r->presence |= REBLOCK_HAS_ERROR_CODE;
		r->error_code = 1 + r->error_code % (REBLOCK_SAW_KINDS - 1);
	}
	if (!reblock_record_normalize(r))
		fuzz_fail("a record with all that its kind needs cannot be well-formed");
	write_spelled(l, text, reblock_json_record(r, text), how);
	l->known[l->n++] = true;
	l->records_began = true;
}

static void unknown_record(struct lines *l)
{
	l->known[l->n++] = false;
	l->records_began = true;
}

static void source_line(struct lines *l)
{
	struct reblock_source source;
	unsigned how = byte(l);
	char *text, why[256];

	bytes(l, &source, sizeof(source));
	/* What reblock has read before it writes it; more than nine digits are no family of a processor. */
	source.family %= 1000000000;
	source.model %= 1000000000;
	source.stepping %= 1000000000;
	text = reblock_json_source(&source);
	if (!text)
		fuzz_fail("out of memory");
	write_spelled(l, text, strlen(text), how);
	if (l->records_began || l->described) {
		l->wrong++;
		unknown_record(l);
	} else if (reblock_json_parse(text, strlen(text), NULL, &l->source, why, sizeof(why)) !=
		   REBLOCK_JSON_IS_SOURCE) {
		fuzz_fail("a description that reblock writes cannot be read");
	}
	free(text);
	l->described = true;
}

/* Makes an object of it, and an even number of quotes. */
static size_t mend(char *text, size_t size)
{
	size_t quotes = 0;
	bool escaped = false;

	for (size_t i = 0; i < size; i++) {
		quotes += text[i] == '"' && !escaped;
		escaped = text[i] == '\\' && !escaped;
	}
	if (!size || text[0] != '{') {
		memmove(text + 1, text, size++);
		text[0] = '{';
	}
	if (quotes % 2)
		text[size++] = '"';
	if (text[size - 1] != '}')
		text[size++] = '}';
	return size;
}

static void text_line(struct lines *l, bool mended)
{
	static char text[8192 + 4];
	size_t left = (size_t)(l->end - l->at), size;
	const uint8_t *newline;

	if (left > sizeof(text) - 4)
		left = sizeof(text) - 4;
	newline = memchr(l->at, '\n', left);
	size = newline ? (size_t)(newline - l->at) : left;
	memcpy(text, l->at, size);
	l->at += size + (newline != NULL);
	if (mended)
		size = mend(text, size);
	write_line(l, text, size);
	while (size && strchr(" \t\r\f\v", text[size - 1]) && text[size - 1])
		size--;
	if (!size)
		return; /* a line that is blank gives nothing */
	/* It may be a source, whose place decides what comes of it, or all that follows is shifted by it. */
	if (!l->records_began && !l->described)
		l->sure = false;
	unknown_record(l);
}

static void make(struct lines *l)
{
	while (l->at < l->end && l->n < LINES_MOST && l->size < READING_BYTES - 2 * SPELL_MOST) {
		unsigned what = byte(l);

		switch (what % 8) {
		case 0:
		case 1:
		case 2:
		case 3:
			record_line(l);
			break;
		case 4:
			source_line(l);
			break;
		case 5:
			text_line(l, false);
			break;
		default:
			text_line(l, true);
			break;
		}
	}
}

static void expect_lines(const struct lines *l, const struct reading *reading)
{
	if (reading->opened)
		fuzz_fail("lines of records cannot be opened");
	if (reading->n != l->n)
		fuzz_fail("lines give another number of records");
	for (size_t i = 0; i < l->n; i++) {
		if (l->known[i] &&
		    memcmp(&l->records[i], &reading->records[i], sizeof(l->records[i])) != 0)
			fuzz_fail("a line gives another record than was spelled, of kind %s",
				  reblock_kind_name(l->records[i].kind));
	}
	if (l->described && !l->wrong && !reading_same_source(&l->source, &reading->source))
		fuzz_fail("a description gives another source than was spelled");
	if (reading->damages < l->wrong)
		fuzz_fail("a description among the records is no damage");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lines lines;
	static struct reading reading;
	const struct reading_input input = reading_split(data, size, JSONL_HEAD);
	const uint8_t *head = input.head;
	bool begins;

	lines.at = input.data;
	lines.end = input.data + input.size;
	lines.seed = head[0];
	lines.size = lines.n = 0;
	lines.wrong = 0;
	lines.sure = true;
	lines.records_began = lines.described = false;
	make(&lines);
	if (lines.size && (head[1] & 1))
		lines.size--; /* the last line may lack its end */
	reading_of_room(&reading, lines.size);
	reading_piped_same(&reading, lines.size, head[2], 0xc0);
	begins = lines.n && lines.known[0];
	if (begins && lines.sure)
		expect_lines(&lines, &reading);
	if (reading.opened)
		return 0;
	reading_audit(&reading, NULL);
	reading_again_as_json(&reading, 64);
	if (head[3] >= 0xc0)
		reading_again_as_trace(&reading);
	return 0;
}
