// SPDX-License-Identifier: BSD-2-Clause
/* What is to be traced: the words that the user gave, and the bits of the event's config that come of them. */
#include "internal.h"
#include "pt_pmu.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Takes a word that is no term. Returns false where it is one. */
static bool take_mode(struct pt_options *o, const char *word)
{
	struct {
		const char *word;
		bool *option;
	} const modes[] = {
		{ "snapshot", &o->snapshot }, { "guest", &o->no_host },  { "host", &o->no_guest },
		{ "user", &o->no_kernel },    { "kernel", &o->no_user }, { "zstd", &o->compress },
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (strcmp(word, modes[i].word) == 0) {
			*modes[i].option = true;
			return true;
		}
	}
	return false;
}

static bool take_term(struct pt_options *o, char *word)
{
	char *value = strchr(word, '='), *end;
	struct pt_term *term = &o->terms[o->n_terms];

	if (value)
		*value++ = 0;
	if (o->n_terms == PT_TERMS || !*word || strlen(word) >= sizeof(term->name) ||
	    strspn(word, "abcdefghijklmnopqrstuvwxyz_0123456789") != strlen(word))
		return false;
	memcpy(term->name, word, strlen(word) + 1);
	term->value = 1;
	if (value) {
		if (*value < '0' || *value > '9')
			return false;
		errno = 0;
		term->value = strtoull(value, &end, 0);
		if (errno || *end)
			return false;
	}
	o->n_terms++;
	return true;
}

bool pt_options_parse(struct pt_options *o, const char *list, char **error)
{
	char *words = strdup(list ? list : ""), *rest = words;
	bool right = words != NULL;

	*error = NULL;
	while (right && *words) {
		char *word = strsep(&rest, ",");

		if (!word)
			break;
		right = take_mode(o, word) || take_term(o, word);
		if (!right)
			*error = text(
				"\"%s\" is none of snapshot, guest, host, user, kernel, zstd, and no term such as cyc=1",
				word);
	}
	free(words);
	if (right && o->no_host && o->no_guest) {
		*error = text("guest and host together leave nothing out: give neither");
		right = false;
	}
	if (right && o->no_kernel && o->no_user) {
		*error = text("user and kernel together leave nothing out: give neither");
		right = false;
	}
	return right;
}

/* The number in the set ALLOWED (a bit for each) that is nearest to WANTED from below, else the lowest. */
static unsigned nearest(uint64_t allowed, unsigned wanted)
{
	unsigned picked = 0;
	bool any = false;

	for (unsigned i = 0; i < 64; i++) {
		if (allowed >> i & 1 && (i <= wanted || !any)) {
			picked = i;
			any = true;
		}
	}
	return picked;
}

static void set(const struct pt_pmu *pmu, const char *name, uint64_t value, uint64_t *config)
{
	uint64_t bits = pt_pmu_format(pmu, name);

	*config = (*config & ~bits) | pt_bits_set(bits, value);
}

/* MTC every 8 ticks of the crystal and PSB every 16 KiB, as perf record has it by default. */
#define MTC_PERIOD 3
#define PSB_PERIOD 3

static uint64_t best(const struct pt_pmu *pmu)
{
	const int64_t *caps = pmu->caps;
	uint64_t config = 0;

	set(pmu, "tsc", 1, &config);
	if (caps[PT_CAP_MTC] > 0 && caps[PT_CAP_MTC_PERIODS] > 0) {
		set(pmu, "mtc", 1, &config);
		set(pmu, "mtc_period", nearest((uint64_t)caps[PT_CAP_MTC_PERIODS], MTC_PERIOD),
		    &config);
	}
	if (caps[PT_CAP_PSB_CYC] > 0 && caps[PT_CAP_PSB_PERIODS] > 0)
		set(pmu, "psb_period", nearest((uint64_t)caps[PT_CAP_PSB_PERIODS], PSB_PERIOD),
		    &config);
	/* Before Linux 4.13 there is neither, and branches are always traced. */
	if (pt_pmu_format(pmu, "pt") && pt_pmu_format(pmu, "branch")) {
		set(pmu, "pt", 1, &config);
		set(pmu, "branch", 1, &config);
	}
	if (caps[PT_CAP_EVENT_TRACE] > 0)
		set(pmu, "event", 1, &config);
	return config;
}

/* The terms of which a CPU has only some values, and what a value other than 0 needs. */
static const struct {
	const char *name;
	enum pt_cap values, needs;
} limited[] = {
	{ "mtc_period", PT_CAP_MTC_PERIODS, PT_CAP_MTC },
	{ "psb_period", PT_CAP_PSB_PERIODS, PT_CAP_PSB_CYC },
	{ "cyc_thresh", PT_CAP_CYCLE_THRESHOLDS, PT_CAP_PSB_CYC },
	{ "mtc", PT_CAPS, PT_CAP_MTC },
	{ "cyc", PT_CAPS, PT_CAP_PSB_CYC },
	{ "notnt", PT_CAPS, PT_CAP_TNT_DISABLE },
};

static bool can_have(const struct pt_pmu *pmu, const struct pt_term *term)
{
	for (size_t i = 0; term->value && i < sizeof(limited) / sizeof(*limited); i++) {
		if (strcmp(limited[i].name, term->name) != 0)
			continue;
		if (pmu->caps[limited[i].needs] <= 0)
			return false;
		return limited[i].values == PT_CAPS ||
		       (term->value < 63 && pmu->caps[limited[i].values] > 0 &&
			pmu->caps[limited[i].values] >> term->value & 1);
	}
	return true;
}

static int apply(const struct pt_pmu *pmu, const struct pt_term *term, uint64_t *config,
		 char **said)
{
	uint64_t bits = pt_pmu_format(pmu, term->name);

	if (strcmp(term->name, "event") == 0 && (!bits || pmu->caps[PT_CAP_EVENT_TRACE] <= 0)) {
		if (term->value)
			text_add(
				said,
				"Event Trace cannot be recorded: %s; branches are, with which interrupts and IRETs "
				"are not told apart\n",
				bits ? "this CPU has none (caps/event_trace is not 1)" :
				       "this kernel's driver does not know it (Linux 5.18 and later do)");
		return 0;
	}
	if (!bits) {
		text_add(said,
			 "Intel PT: this kernel's driver has no term \"%s\" (%s/format/ has all)\n",
			 term->name, pmu->path);
		return -EINVAL;
	}
	if (pt_bits_get(bits, pt_bits_set(bits, term->value)) != term->value ||
	    !can_have(pmu, term)) {
		text_add(said,
			 "Intel PT: this CPU cannot have %s=%" PRIu64
			 " (%s/caps/ says what it can)\n",
			 term->name, term->value, pmu->path);
		return -EINVAL;
	}
	*config = (*config & ~bits) | pt_bits_set(bits, term->value);
	return 0;
}

int pt_pmu_config(const struct pt_pmu *pmu, const struct pt_options *o, uint64_t *config,
		  char **said)
{
	uint64_t pass = pt_pmu_format(pmu, "pt"), branch = pt_pmu_format(pmu, "branch");
	int err = 0;

	*config = best(pmu);
	for (size_t i = 0; !err && i < o->n_terms; i++)
		err = apply(pmu, &o->terms[i], config, said);
	if (err)
		return err;
	/* The bit that lets branch pass through; without it the driver refuses branch. */
	if (branch)
		*config |= pass;
	if (branch && !(*config & branch) && !(*config & pt_pmu_format(pmu, "event"))) {
		text_add(
			said,
			"Intel PT: without branches and without Event Trace there is nothing to trace: leave branch=0 out\n");
		return -EINVAL;
	}
	return 0;
}
