/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "agent/evidence_name.h"

#define LABEL_MOST 40 /* bytes of a VM's name in a file's */

/* A VM's name as part of a file's: no slash, no leading dot, nothing that a shell minds. */
static void plain(const char *label, char text[LABEL_MOST + 1])
{
	size_t n = 0;

	for (; *label && n < LABEL_MOST; label++) {
		unsigned char c = (unsigned char)*label;

		text[n++] = (char)(c < 0x80 && (isalnum(c) || strchr("._-", c)) ? c : '_');
	}
	text[n] = 0;
}

void evidence_name(const struct capture *capture, unsigned copy, char name[EVIDENCE_NAME_MOST])
{
	const struct told *first = capture->first;
	char label[LABEL_MOST + 1], time[32], number[16] = "";
	struct tm tm;

	plain(capture->label, label);
	gmtime_r(&first->at.tv_sec, &tm);
	strftime(time, sizeof(time), "%Y%m%dT%H%M%S", &tm);
	if (copy)
		(void)snprintf(number, sizeof(number), "-%u", copy);
	(void)snprintf(name, EVIDENCE_NAME_MOST, "reblock-%s.%09ldZ-%s-vcpu%" PRIu16 "-%s%s.rbt",
		       time, first->at.tv_nsec, label, capture->vcpu,
		       reblock_finding_name(first->finding.kind), number);
}

/* Whether TEXT begins as PATTERN, in which 0 stands for a digit; returns what follows, or NULL. */
static const char *follows(const char *text, const char *pattern)
{
	for (; *pattern; pattern++, text++)
		if (*pattern == '0' ? !isdigit((unsigned char)*text) : *text != *pattern)
			return NULL;
	return text;
}

static const char *digits(const char *text)
{
	return isdigit((unsigned char)*text) ? text + strspn(text, "0123456789") : NULL;
}

/* Whether TEXT is a kind of finding, perhaps the number of a copy, and the end. */
static bool is_kind_and_end(const char *text)
{
	for (unsigned kind = 0; kind < REBLOCK_FINDING_KINDS; kind++) {
		const char *word = reblock_finding_name(kind), *rest;

		if (strncmp(text, word, strlen(word)) != 0)
			continue;
		rest = text + strlen(word);
		if (*rest == '-')
			rest = digits(rest + 1);
		if (rest && strcmp(rest, ".rbt") == 0)
			return true;
	}
	return false;
}

bool evidence_name_is(const char *name)
{
	const char *rest = follows(name, "reblock-00000000T000000.000000000Z-");

	/* The VM's name may hold "-vcpu" itself. */
	for (rest = rest ? strstr(rest, "-vcpu") : NULL; rest; rest = strstr(rest + 1, "-vcpu")) {
		const char *end = digits(rest + strlen("-vcpu"));

		if (end && *end == '-' && is_kind_and_end(end + 1))
			return true;
	}
	return false;
}

bool evidence_name_is_temporary(const char *name)
{
	const char *rest = follows(name, ".reblock-evidence-");

	rest = rest ? digits(rest) : NULL;
	return rest && strcmp(rest, ".tmp") == 0;
}
