/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looks for the shortest runs in which a policy, as the hypervisor of the simulated host, differs from the SDM:
 *
 *	policy_search --policy NAME|./mine.so [--seconds N] [--seed N] --out FOLDER
 *	policy_search --policy NAME|./mine.so --show FILE.run [--trace-of DIFFERENCE]
 *
 * For each difference FOLDER/NAME.DIFFERENCE.jsonl is a trace that ends where it shows, and ....run the run's bytes. Prints a
 * line for each, the shortest first: records, exit's number, difference, and whether a host can be like that. Exit status: 0 none, 1 some, 2 could not.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <reblock/json.h>
#include <reblock/policies.h>
#include "cli/policy_load.h"
#include "policy/differences.h"
#include "shrink.h"

#define FOUND_MOST 64
#define CELLS_MOST 10
#define BYTES_MOST (RUN_HEADER + CELLS_MOST * RUN_CELL)

struct found {
	char name[DIFFERENCE_NAME];
	uint8_t data[BYTES_MOST];
	size_t size;
	unsigned cost;
};

struct search {
	const struct reblock_policy *policy;
	uint64_t random;
	struct found found[FOUND_MOST];
	unsigned n;
	uint64_t runs;
};

static struct run run;

/* policy_load.c says what is wrong with a shared object in these words. */
void cli_say(const char *command, const char *format, ...)
{
	va_list arguments;

	(void)command;
	(void)fputs("policy_search: ", stderr);
	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
	(void)fputc('\n', stderr);
}

static unsigned next(struct search *s)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return (unsigned)(s->random >> 24);
}

/*
 * A host can be like that: with EPT, a VMM that intercepts exceptions hands those of an IRET on to the guest; only without
 * EPT it takes page faults to resume. The policies that come with reblock leave that open.
 */
static bool can_be(const struct run *of, size_t last)
{
	const struct reblock_record *exit = NULL;
	bool ept = false, resumed = false, other = false;

	for (size_t i = 0; i <= last && i < of->n; i++) {
		const struct reblock_record *r = &of->whole[i];
		unsigned reason = r->reason & REBLOCK_REASON_BASIC;

		if (r->kind == REBLOCK_EXIT)
			exit = r;
		if (r->kind == REBLOCK_EXIT)
			ept |= reason == REBLOCK_REASON_EPT_VIOLATION ||
			       reason == REBLOCK_REASON_PML_FULL || reason == REBLOCK_REASON_SPP ||
			       reason == REBLOCK_REASON_EPT_MISCONFIG;
		if (r->kind != REBLOCK_ENTRY || !exit ||
		    (exit->reason & REBLOCK_REASON_BASIC) != 0 ||
		    (exit->intr_info & REBLOCK_INTR_TYPE) != REBLOCK_INTR_TYPE_HARD_EXCEPTION ||
		    (exit->intr_info & REBLOCK_INTR_VECTOR) == 6 || /* #UD: emulated, as RSM is */
		    (r->intr_info & REBLOCK_INTR_VECTOR) == (exit->intr_info & REBLOCK_INTR_VECTOR))
			continue;
		if ((exit->intr_info & REBLOCK_INTR_VECTOR) == 14)
			resumed = true;
		else
			other = true;
	}
	return !other && !(ept && resumed);
}

#define CANNOT_BE 0x10000u

/* Fewer records first, then fewer choices. */
static unsigned cost_of(const uint8_t *data, size_t size, const struct run *of, size_t last)
{
	unsigned choices = 0;

	for (size_t i = 0; i < size; i++)
		choices += data[i] != 0;
	return (can_be(of, last) ? 0 : CANNOT_BE) + (unsigned)last * 128 + choices;
}

struct looking {
	struct search *search;
	const char *name; /* NULL: all are noted */
	const uint8_t *data;
	size_t size, exit, last;
	unsigned cost; /* of the one named */
	bool met;
};

static void note(struct looking *l, const struct difference *d);

static void look(void *context, const struct difference *d)
{
	struct looking *l = context;

	if (!l->name) {
		note(l, d);
		return;
	}
	if (l->met || strcmp(l->name, d->name) != 0)
		return;
	l->met = true;
	l->exit = d->exit;
	l->last = d->last;
	l->cost = cost_of(l->data, l->size, &run, d->last);
}

/* Runs the bytes, and looks for the difference NAME. */
static struct looking find(struct search *s, const char *name, const uint8_t *data, size_t size)
{
	struct looking l = { .search = s, .name = name, .data = data, .size = size };

	run_decode_as(&run, data, size, s->policy);
	policy_differences(&run, look, &l);
	return l;
}

struct shrinking {
	struct search *search;
	const char *name;
	unsigned most; /* cost */
};

static bool still(void *context, const uint8_t *data, size_t size)
{
	const struct shrinking *s = context;
	struct looking l = find(s->search, s->name, data, size);

	return l.met && l.cost <= s->most;
}

static struct found *place(struct search *s, const char *name)
{
	for (unsigned i = 0; i < s->n; i++)
		if (strcmp(s->found[i].name, name) == 0)
			return &s->found[i];
	if (s->n == FOUND_MOST)
		return NULL;
	(void)snprintf(s->found[s->n].name, DIFFERENCE_NAME, "%s", name);
	s->found[s->n].cost = ~0u;
	return &s->found[s->n++];
}

static void note(struct looking *l, const struct difference *d)
{
	struct found *f = place(l->search, d->name);
	unsigned cost = cost_of(l->data, l->size, &run, d->last);

	/* Shrunk when the run has been looked through. */
	if (f && cost < f->cost) {
		f->cost = cost;
		memcpy(f->data, l->data, l->size);
		f->size = l->size;
		l->met = true;
	}
}

static void shrink_found(struct search *s, struct found *f)
{
	struct shrinking by = { s, f->name, f->cost };

	shrink_run(f->data, &f->size, still, &by);
	f->cost = find(s, f->name, f->data, f->size).cost;
}

/* One vCPU, seen whole, on a processor that does as the SDM says. */
static size_t invent(struct search *s, uint8_t *data)
{
	size_t cells = 1 + next(s) % CELLS_MOST;

	memset(data, 0, BYTES_MOST);
	data[RUN_HOST] = (uint8_t)(next(s) % 4 ? 0 : (next(s) & 0x30));
	data[RUN_PIN] = (uint8_t)(next(s) % 2 ? 0 : next(s) & 7);
	for (size_t i = RUN_HEADER; i < RUN_HEADER + cells * RUN_CELL; i++) {
		unsigned byte = (i - RUN_HEADER) % RUN_CELL;

		if (byte == offsetof(struct sim_turn, exit) || next(s) % 4 == 0)
			data[i] = (uint8_t)next(s);
		if (byte == offsetof(struct sim_turn, who) ||
		    byte == offsetof(struct sim_turn, mistake) ||
		    byte == offsetof(struct sim_turn, record))
			data[i] = 0;
	}
	return RUN_HEADER + cells * RUN_CELL;
}

static void search(struct search *s, double seconds)
{
	uint8_t data[BYTES_MOST];
	struct timespec t;
	double end;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	end = (double)t.tv_sec + (double)t.tv_nsec * 1e-9 + seconds;
	do {
		for (unsigned i = 0; i < 2000; i++, s->runs++) {
			size_t size = invent(s, data);
			struct looking l = find(s, NULL, data, size);

			for (unsigned k = 0; l.met && k < s->n; k++)
				if (s->found[k].size == size &&
				    memcmp(s->found[k].data, data, size) == 0)
					shrink_found(s, &s->found[k]);
		}
		(void)clock_gettime(CLOCK_MONOTONIC, &t);
	} while ((double)t.tv_sec + (double)t.tv_nsec * 1e-9 < end);
}

/* What does no harm comes after what does. */
static bool harmless(const struct found *f)
{
	return strncmp(f->name, "over-block.", 11) == 0;
}

static int by_cost(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (!((x->cost | y->cost) & CANNOT_BE) && harmless(x) != harmless(y))
		return harmless(x) ? 1 : -1;
	return x->cost == y->cost ? strcmp(x->name, y->name) : x->cost < y->cost ? -1 : 1;
}

static FILE *create(const char *folder, const struct search *s, const struct found *f,
		    const char *ending)
{
	char path[4096];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s.%s.%s", folder, s->policy->name, f->name, ending);
	file = fopen(path, "wb");
	if (!file)
		perror(path);
	return file;
}

/* The bytes, with the policy's number where the target policy looks for it, if it has one. */
static bool keep_bytes(const struct search *s, const struct found *f, FILE *file)
{
	size_t number = 0, size = f->size > RUN_HYPERVISOR ? f->size : RUN_HYPERVISOR + 1;
	uint8_t data[BYTES_MOST] = { 0 };

	memcpy(data, f->data, f->size);
	while (reblock_policy_at(number) && reblock_policy_at(number) != s->policy)
		number++;
	data[RUN_HYPERVISOR] = reblock_policy_at(number) ? (uint8_t)number : 0;
	return fwrite(data, 1, size, file) == size;
}

/* The trace of the run that was looked through last, up to where the difference shows. */
static bool write_trace(FILE *file, size_t last)
{
	char text[REBLOCK_JSON_RECORD_MAX];
	char *source = reblock_json_source(&run.source);

	if (!source)
		return false;
	(void)fprintf(file, "%s\n", source);
	free(source);
	/* What it comes to is seen at the entry. */
	while (last + 1 < run.n && run.whole[last].kind != REBLOCK_ENTRY)
		last++;
	for (size_t i = 0; i <= last; i++) {
		(void)reblock_json_record(&run.whole[i], text);
		(void)fprintf(file, "%s\n", text);
	}
	return fflush(file) == 0 && !ferror(file);
}

/* The trace, and the bytes. */
static bool keep(struct search *s, const struct found *f, const char *folder)
{
	struct looking l = find(s, f->name, f->data, f->size);
	FILE *trace = create(folder, s, f, "jsonl"), *bytes;
	bool good;

	if (!trace)
		return false;
	good = write_trace(trace, l.last);
	good &= fclose(trace) == 0;
	bytes = create(folder, s, f, "run");
	if (!bytes)
		return false;
	good &= keep_bytes(s, f, bytes);
	good &= fclose(bytes) == 0;
	printf("%zu %zu %s%s\n", l.last + 1, l.exit, f->name,
	       f->cost & CANNOT_BE ? " (on no host that is known)" : "");
	return good;
}

static void say_name(void *context, const struct difference *d)
{
	(void)context;
	printf("%zu %zu %s\n", d->last + 1, d->exit, d->name);
}

/* The differences that the run in a file shows, or the trace up to the one that is NAME. */
static int show(struct search *s, const char *path, const char *name)
{
	static uint8_t data[RUN_HEADER + RUN_CELLS_MOST * RUN_CELL];
	FILE *file = fopen(path, "rb");
	size_t size;
	struct looking l;

	if (!file) {
		perror(path);
		return 2;
	}
	size = fread(data, 1, sizeof(data), file);
	(void)fclose(file);
	if (name) {
		l = find(s, name, data, size);
		return l.met && write_trace(stdout, l.last) ? 0 : 2;
	}
	run_decode_as(&run, data, size, s->policy);
	policy_differences(&run, say_name, NULL);
	return 0;
}

static int usage(void)
{
	(void)fputs(
		"usage: policy_search --policy NAME|./mine.so ([--seconds N] [--seed N] --out FOLDER | --show FILE.run [--trace-of DIFFERENCE])\n",
		stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static struct search s = { .random = 0x9e3779b97f4a7c15u };
	const char *policy = NULL, *out = NULL, *shown = NULL, *difference = NULL;
	double seconds = 10;

	for (int i = 1; i < argc; i += 2) {
		if (i + 1 == argc)
			return usage();
		if (strcmp(argv[i], "--policy") == 0)
			policy = argv[i + 1];
		else if (strcmp(argv[i], "--out") == 0)
			out = argv[i + 1];
		else if (strcmp(argv[i], "--show") == 0)
			shown = argv[i + 1];
		else if (strcmp(argv[i], "--trace-of") == 0)
			difference = argv[i + 1];
		else if (strcmp(argv[i], "--seconds") == 0)
			seconds = strtod(argv[i + 1], NULL);
		else if (strcmp(argv[i], "--seed") == 0)
			s.random ^= strtoull(argv[i + 1], NULL, 0) << 1;
		else
			return usage();
	}
	if (!policy || !out == !shown)
		return usage();
	s.policy = cli_policy(policy);
	if (!s.policy)
		return 2;
	if (shown)
		return show(&s, shown, difference);
	search(&s, seconds);
	qsort(s.found, s.n, sizeof(s.found[0]), by_cost);
	for (unsigned i = 0; i < s.n; i++)
		if (!keep(&s, &s.found[i], out))
			return 2;
	(void)fprintf(stderr, "%llu runs\n", (unsigned long long)s.runs);
	return s.n != 0;
}
