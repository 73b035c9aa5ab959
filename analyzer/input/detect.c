/* SPDX-License-Identifier: BSD-2-Clause */
/* What an input is, by its content. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <reblock/trace.h>
#include "input/detect.h"
#include "input/perf_format.h"

/* Other formats that people are likely to offer, each with what to do. */
static const struct {
	const char *magic;
	size_t size;
	const char *what;
} others[] = {
	{ "2ELIFREP", 8, "this is perf.data of a big-endian machine, which reblock does not read" },
	{ "\x1f\x8b", 2, "this is compressed with gzip; pipe it: zcat FILE | reblock audit -" },
	{ "\x28\xb5\x2f\xfd", 4,
	  "this is compressed with zstd; pipe it: zstdcat FILE | reblock audit -" },
	{ "\xfd"
	  "7zXZ",
	  5, "this is compressed with xz; pipe it: xzcat FILE | reblock audit -" },
	{ "\x7f"
	  "ELF",
	  4, "this is a program, not a trace" },
};

#define UNKNOWN \
	"neither a reblock trace nor JSON Lines nor perf.data: make one with reblock record, or see docs/jsonl.md for the text format"

/* Whether most of the magic is there: one damaged byte does not hide what a file is. */
static bool like_trace(const struct bytes *b)
{
	int same = 0;

	for (size_t i = 0; i < 8 && i < b->size; i++)
		same += b->data[i] == (uint8_t)REBLOCK_TRACE_MAGIC[i];
	return same >= 6 || (b->size < 8 && same == (int)b->size);
}

static bool like_trace_dat(const struct bytes *b)
{
	return b->size >= 10 && memcmp(b->data, "\x17\x08\x44tracing", 10) == 0;
}

/*
 * Whether a line begins with a brace, the first or, should that be damaged, another: waits for that, as far as the
 * buffer reaches. Returns 0 or a negative errno.
 */
static int like_json(struct bytes *b, bool *like)
{
	bool at_start = true;
	int err = 0;

	*like = false;
	for (size_t i = 0; i < REBLOCK_TRACE_HEADER_MAX; i++) {
		uint8_t c;

		if (i == b->size)
			err = bytes_more(b);
		if (err || i == b->size)
			return err;
		c = b->data[i];
		if (at_start && c == '{') {
			*like = true;
			return 0;
		}
		if (c == '\n')
			at_start = true;
		else if (c != ' ' && c != '\t' && c != '\r')
			at_start = false;
	}
	return 0;
}

static int refuse(struct reblock_input *in, const char *what, char **error)
{
	if (asprintf(error, "%s: %s", in->name, what) < 0)
		*error = NULL;
	return -EINVAL;
}

/* Looks past white space, as far as the buffer reaches, without waiting for more than is needed. */
static int first_bytes(struct bytes *b, bool *blank)
{
	int err;

	*blank = true;
	do {
		err = b->size >= 10 ? bytes_more(b) : bytes_need(b, 10);
		for (size_t i = 0; !err && i < b->size && *blank; i++)
			*blank = strchr(" \t\r\n", b->data[i]) && b->data[i];
	} while (!err && *blank && !b->ended && b->size < REBLOCK_TRACE_HEADER_MAX);
	return err;
}

int detect_format(struct reblock_input *in, char **error)
{
	struct bytes *b = &in->bytes;
	bool blank, found, json;
	int err = first_bytes(b, &blank);

	if (err)
		return err;
	if (b->size >= 3 && memcmp(b->data, "\xef\xbb\xbf", 3) == 0) {
		bytes_skip(b, 3); /* the mark that some editors put before UTF-8 */
		err = bytes_need(b, 10);
		if (err)
			return err;
	}
	if (!b->size)
		return refuse(
			in,
			"this is empty: not even the header of a trace; was the recording stopped before it began?",
			error);
	if (blank)
		return refuse(
			in,
			"this holds nothing but white space; see docs/jsonl.md for the text format",
			error);
	if (like_trace(b)) {
		in->format = REBLOCK_FORMAT_TRACE;
		return 0;
	}
	if (like_trace_dat(b)) {
		in->format = REBLOCK_FORMAT_TRACE_DAT;
		return 0;
	}
	if (b->size >= 8 && memcmp(b->data, PERF_MAGIC, 8) == 0) {
		in->format = REBLOCK_FORMAT_PERF;
		return 0;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (b->size >= others[i].size &&
		    memcmp(b->data, others[i].magic, others[i].size) == 0)
			return refuse(in, others[i].what, error);
	err = like_json(b, &json);
	if (err)
		return err;
	if (json) {
		in->format = REBLOCK_FORMAT_JSON;
		return 0;
	}
	in->format = REBLOCK_FORMAT_TRACE;
	err = trace_recognize(in, &found);
	if (err)
		return err;
	if (!found)
		return refuse(in, UNKNOWN, error);
	in->headless = true;
	return 0;
}
