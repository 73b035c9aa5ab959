/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "cli/cli.h"
#include "cli/pt_options.h"
#include "input/guest_memory.h"

/* Reads N numbers in decimal, or in hexadecimal after 0x, with commas between, each at most its MOST. */
static bool numbers(const char *text, const uint64_t *most, uint64_t *values, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *end = strchr(text, i + 1 < n ? ',' : 0);
		char word[32], *stop;

		if (!end || end == text || (size_t)(end - text) >= sizeof(word) ||
		    !strchr("0123456789", text[0]))
			return false;
		memcpy(word, text, (size_t)(end - text));
		word[end - text] = 0;
		values[i] = strtoull(word, &stop, 0);
		if (*stop || values[i] > most[i])
			return false;
		text = end + 1;
	}
	return true;
}

static bool take_file(struct cli_pt *pt, const char *command, const char *path)
{
	if (pt->n == CLI_PT_FILES) {
		cli_say(command, "--pt is given more than %d times", CLI_PT_FILES);
		return false;
	}
	pt->files[pt->n++].path = path;
	return true;
}

static bool take_cpu(struct cli_pt *pt, const char *command, const char *value)
{
	uint64_t cpu;

	if (!cli_number(value, REBLOCK_NO_CPU - 1, &cpu)) {
		cli_say(command, "--pt-cpu takes the number of a CPU, not \"%s\"", value);
		return false;
	}
	if (pt->n_cpus == CLI_PT_FILES) {
		cli_say(command, "--pt-cpu is given more than %d times", CLI_PT_FILES);
		return false;
	}
	pt->files[pt->n_cpus++].cpu = (uint16_t)cpu;
	return true;
}

static bool take_clock(struct cli_pt *pt, const char *command, const char *value)
{
	static const uint64_t most[] = { 63, UINT32_MAX, UINT64_MAX };
	uint64_t is[3];

	if (!numbers(value, most, is, 3) || !is[1]) {
		cli_say(command,
			"--pt-clock takes SHIFT,MULT,ZERO: at most 63, from 1 to 2^32 - 1, any 64 bits; not \"%s\"",
			value);
		return false;
	}
	pt->clock = (struct reblock_pt_clock){ (uint16_t)is[0], (uint32_t)is[1], is[2] };
	pt->has_clock = true;
	return true;
}

static bool take_image(struct cli_pt *pt, const char *command, const char *value)
{
	static struct guest_memory *memory;
	char *error = NULL;
	int err;

	if (!memory)
		memory = guest_memory_new();
	pt->memory = memory;
	err = pt->memory ? guest_memory_add(pt->memory, value, &error) : -ENOMEM;
	if (err)
		cli_say(command, "%s", error ? error : "out of memory");
	free(error);
	return !err;
}

bool cli_pt_option(struct cli_pt *pt, const char *command, int c, const char *value)
{
	switch (c) {
	case CLI_PT:
		return take_file(pt, command, value);
	case CLI_PT_CPU:
		return take_cpu(pt, command, value);
	case CLI_PT_IMAGE:
		return take_image(pt, command, value);
	default:
		return take_clock(pt, command, value);
	}
}

bool cli_pt_complete(const struct cli_pt *pt, const char *command)
{
	if (pt->n == pt->n_cpus)
		return true;
	cli_say(command,
		"%zu files are given by --pt, and %zu CPUs by --pt-cpu: each file needs the number of the CPU that it is from",
		pt->n, pt->n_cpus);
	return false;
}

bool cli_pt_open(const struct cli_pt *pt, const char *command, const char *path, unsigned jobs,
		 reblock_damage_fn *damage, void *context, struct reblock_input **input)
{
	struct reblock_pt_options o = {
		.jobs = jobs,
		.files = pt->files,
		.n_files = pt->n,
		.clock = pt->has_clock ? &pt->clock : NULL,
		.image = pt->memory ? guest_memory_image(pt->memory) : NULL,
	};
	char *error = NULL;
	int err = path ? reblock_input_open(path, damage, context, input, &error) :
			 reblock_input_open_pt(&o, damage, context, input, &error);

	if (!err && path) {
		err = reblock_input_pt(*input, &o, &error);
		if (err)
			reblock_input_close(*input);
	}
	if (err)
		cli_say(command, "%s", error ? error : "out of memory");
	free(error);
	return !err;
}
