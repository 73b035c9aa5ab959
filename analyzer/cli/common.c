/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "cli/cli.h"

#define DAMAGES_TOLD 20
#define PROGRESS_AFTER 500000000ull /* ns */
#define PROGRESS_EVERY 100000000ull

void cli_say(const char *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "reblock %s: ", command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int cli_bad_option(const char *command, int c, char **argv)
{
	const char *word = argv[optind - 1];
	char letter[3] = { '-', (char)optopt, 0 };
	bool is_long = strncmp(word, "--", 2) == 0;

	if (c == ':')
		cli_say(command, "option %s needs a value; see reblock %s --help",
			is_long ? word : letter, command);
	else if (optopt && is_long && strchr(word, '='))
		cli_say(command, "option %.*s takes no value; see reblock %s --help",
			(int)strcspn(word, "="), word, command);
	else
		cli_say(command, "unknown option %s; see reblock %s --help", optopt ? letter : word,
			command);
	return CLI_ERROR;
}

bool cli_colour(const char *word, FILE *out, bool *colour)
{
	const char *term = getenv("TERM");

	if (strcmp(word, "always") == 0)
		*colour = true;
	else if (strcmp(word, "never") == 0)
		*colour = false;
	else if (strcmp(word, "auto") == 0)
		*colour = isatty(fileno(out)) && !getenv("NO_COLOR") && term &&
			  strcmp(term, "dumb") != 0;
	else
		return false;
	return true;
}

bool cli_vnmi(const char *word, enum reblock_vnmi *vnmi)
{
	if (strcmp(word, "on") == 0)
		*vnmi = REBLOCK_VNMI_ON;
	else if (strcmp(word, "off") == 0)
		*vnmi = REBLOCK_VNMI_OFF;
	else
		return false;
	return true;
}

enum reblock_vnmi cli_vnmi_for(const struct reblock_input *input, enum reblock_vnmi asked)
{
	enum reblock_format format = reblock_input_format(input);

	if (asked != REBLOCK_VNMI_NOT_ASSUMED)
		return asked;
	return format == REBLOCK_FORMAT_PERF || format == REBLOCK_FORMAT_TRACE_DAT ?
		       REBLOCK_VNMI_ON :
		       REBLOCK_VNMI_NOT_ASSUMED;
}

bool cli_number(const char *text, uint64_t most, uint64_t *value)
{
	char *end;

	if (!*text || strspn(text, "0123456789") != strlen(text))
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno == 0 && *value <= most;
}

bool cli_size(const char *text, uint64_t most, uint64_t *value)
{
	static const char units[] = "kmg";
	size_t n = strspn(text, "0123456789");
	const char *unit = text[n] ? strchr(units, text[n] | 0x20) : units;
	unsigned shift = text[n] && unit ? 10 * (unsigned)(unit - units + 1) : 0;
	char digits[24];

	if (n >= sizeof(digits) || !unit || (text[n] && text[n + 1]))
		return false;
	memcpy(digits, text, n);
	digits[n] = 0;
	if (!cli_number(digits, most >> shift, value) || !*value)
		return false;
	*value <<= shift;
	return true;
}

int cli_finish(const char *command, FILE *out, int status)
{
	int err = 0;

	errno = 0;
	if (fflush(out) != 0)
		err = errno;
	if (!err && ferror(out))
		err = EIO;
	if (!err)
		return status;
	/* A reader that has seen enough closed the pipe: nothing to complain about. */
	if (err != EPIPE)
		cli_say(command, "the output could not be written: %s", strerror(err));
	return CLI_ERROR;
}

void cli_damage(void *context, const char *message)
{
	struct cli_damages *d = context;

	if (d->met++ >= DAMAGES_TOLD)
		return;
	if (d->progress)
		cli_progress_clear(d->progress);
	cli_say(d->command, "%s", message);
}

void cli_damages_end(const struct cli_damages *d)
{
	if (d->met > DAMAGES_TOLD)
		cli_say(d->command, "%s: and %" PRIu64 " more places are damaged", d->path,
			d->met - DAMAGES_TOLD);
}

uint64_t cli_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void cli_progress_begin(struct cli_progress *p, const char *path)
{
	memset(p, 0, sizeof(*p));
	p->on = isatty(STDERR_FILENO);
	p->path = path;
	p->started = p->last = cli_now();
}

void cli_progress(struct cli_progress *p, const struct reblock_input *input)
{
	static const char full[] = "##############################";
	uint64_t done, total, now;
	int width = (int)sizeof(full) - 1, filled;

	if (!p->on)
		return;
	now = cli_now();
	if (now - p->started < PROGRESS_AFTER || now - p->last < PROGRESS_EVERY)
		return;
	p->last = now;
	p->shown = true;
	reblock_input_progress(input, &done, &total);
	if (!total) {
		fprintf(stderr, "\r%.40s: %" PRIu64 " MB ", p->path, done / 1000000);
		return;
	}
	filled = (int)((double)done / (double)total * width);
	fprintf(stderr, "\r%.40s [%.*s%*s] %3.0f %% ", p->path, filled, full, width - filled, "",
		100.0 * (double)done / (double)total);
}

void cli_progress_clear(struct cli_progress *p)
{
	if (p->shown)
		fprintf(stderr, "\r\033[K");
	p->shown = false;
}
