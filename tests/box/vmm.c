/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmm [OPTION VALUE]... SCENARIO...: makes VM exits on an NMI handler's IRET happen.
 *
 *   --truth FILE      each scenario adds one JSON line to it
 *   --progress FILE   each round of one adds one JSON line to it, as soon as it is over, and its end another
 *   --variant NAME, --params TEXT   of kvm_intel, for those lines
 *   --rounds N        of each scenario (default 3)
 *   --pace MS         wait so long after each round
 *
 * Each scenario runs in a process and a VM of its own. Its line says what was caused, and what the guest saw. That is
 * the ground truth that traces and findings are measured by, so nothing in it comes from them.
 * Status 0: each scenario went as planned. What KVM does wrong does not count, it is told in the line.
 */
#include "guest.h"
#include "machine.h"
#include "scenarios.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096ul
#define ROUNDS 3
/* of the alias pages; each round takes one, far enough from the last not to be fetched with it */
#define FIRST_PAGE 4
#define PAGE_STEP 9
#define ROUND_PAGES 6
#define FRAME_OFFSET 0xf00
#define SECONDS \
	10 /* for a scenario, by the clock of the machine that runs it, pauses and many rounds aside */
#define ROUNDS_A_SECOND 20

/* What was done in a scenario so far. */
struct done {
	unsigned round, nmis, stops, masked;
};

static bool parameter(const char *name)
{
	char path[128], value = 'N';
	FILE *file;

	snprintf(path, sizeof path, "/sys/module/kvm_intel/parameters/%s", name);
	file = fopen(path, "r");
	if (file == NULL)
		fail("%s: %s", path, strerror(errno));
	if (fread(&value, 1, 1, file) != 1)
		fail("%s: cannot read", path);
	fclose(file);
	return value == 'Y' || value == '1';
}

static unsigned round_page(const struct done *d)
{
	return FIRST_PAGE + PAGE_STEP * (d->round % ROUND_PAGES);
}

static void send_nmi(struct machine *m, struct done *d)
{
	machine_nmi(m);
	d->nmis++;
}

/* Until this machine's clock has just ticked: its next tick, an exit that empties the log, is far then. */
static void wait_for_tick(void)
{
	struct timespec first, now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &first);
	do
		clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	while (now.tv_nsec == first.tv_nsec);
}

static void prepare_round(struct machine *m, const struct scenario *s, const struct done *d)
{
	unsigned page = round_page(d);
	uint64_t alias = AT_ALIAS + page * PAGE;
	volatile uint64_t *word = m->mailbox;

	/* All pages had their turn: KVM has to forget them. */
	if (d->round > 0 && d->round % ROUND_PAGES == 0) {
		machine_protect_alias(m, true);
		machine_protect_alias(m, false);
	}
	word[WORD_MAIN_RSP] = s->delivery ? alias + FRAME_OFFSET : AT_STACK_TOP;
	word[WORD_ARMED] = s->moved;
	word[WORD_FRAME_AT] = AT_STORE + page * PAGE + FRAME_OFFSET;
	word[WORD_IRET_RSP] = alias + FRAME_OFFSET;
	word[WORD_SPIN] = s->spin;
	word[WORD_CPUIDS] = s->cpuids;
	word[WORD_DEADLINES] = s->deadlines;
	word[WORD_HALTS] = s->halts;
	word[WORD_TOUCH] = s->touch ? AT_FILL + page * PAGE : 0;
	/* so that a round's IRET finds all but its own page mapped */
	word[WORD_TOUCH_BEFORE] = AT_ALIAS;
	if (s->touch_stop)
		machine_protect_fill(m, true);
	if (s->reflect) {
		*machine_alias_entry(m, page) &= ~1ul;
		word[WORD_PF_ENTRY] = AT_PT_ALIAS + 8 * page;
	}
	if (s->log_full) {
		/* Map everything; the fill pages all at once before logging starts. */
		word[WORD_PREFILL] = d->round == 0 ? FILL_PAGES : 0;
		word[WORD_TOUCH_BEFORE] = alias;
		word[WORD_FILL] = FILL_PAGES;
	}
}

/* The guest's word that it is somewhere; true when the scenario's round is over. */
static bool reached(struct machine *m, const struct scenario *s, struct done *d, unsigned port)
{
	switch (port) {
	case PORT_PREPARE:
		prepare_round(m, s, d);
		return false;
	case PORT_ROUND:
		if (s->log_full) {
			/* From here on a write to a fill page, or a walk of the alias table, is logged once. */
			if (d->round == 0)
				machine_log_start(m);
			machine_log_fetch(m);
		}
		if (s->nmi)
			send_nmi(m, d);
		return false;
	case PORT_HANDLER:
		if (s->stop)
			machine_protect_alias(m, true);
		if (s->second == IN_HANDLER)
			send_nmi(m, d);
		if (s->log_full)
			wait_for_tick();
		return false;
	case PORT_DONE:
		return true;
	case PORT_FAULT:
		fail("%s: the guest took an exception that was not planned", s->name);
	default:
		fail("%s: the guest wrote to port 0x%x", s->name, port);
	}
}

/* KVM_RUN ended with EFAULT, as planned: repair, and go on. */
static void stopped(struct machine *m, const struct scenario *s, struct done *d)
{
	if (!s->stop && !s->touch_stop)
		fail("%s: KVM_RUN: EFAULT, not planned", s->name);
	d->stops++;
	if (s->touch_stop)
		machine_protect_fill(m, false);
	else
		machine_protect_alias(m, false);
	if (s->events)
		d->masked += machine_events_written_back(m);
	if (s->second == AT_STOP)
		send_nmi(m, d);
}

static void check_round(const struct machine *m, const struct scenario *s, const struct done *d)
{
	unsigned rounds = d->round + 1;
	const volatile uint64_t *word = m->mailbox;

	if (word[WORD_ENTRIES] != d->nmis)
		fail("%s: %u NMIs sent, the guest's handler entered %u times", s->name, d->nmis,
		     (unsigned)word[WORD_ENTRIES]);
	if (word[WORD_ARMED] != 0)
		fail("%s: the NMI handler did not move its frame", s->name);
	if (d->stops != (s->stop || s->touch_stop ? rounds : 0))
		fail("%s: %u stops in user space in %u rounds", s->name, d->stops, rounds);
	if (word[WORD_PF_ENTRIES] != (s->reflect ? rounds : 0))
		fail("%s: %u page faults of the guest in %u rounds", s->name,
		     (unsigned)word[WORD_PF_ENTRIES], rounds);
}

/* The kind of exit that the moved frame's IRET takes, and so where bit 12 is. */
static unsigned unblock_reason(const struct scenario *s)
{
	if (s->log_full)
		return 62;
	return parameter("ept") ? 48 : 0;
}

struct options {
	const char *truth, *progress, *variant, *params;
	unsigned rounds, pace;
};

/* One write, so that lines stay whole whoever else writes to the file. */
static void add_line(const char *path, const char *line, int length)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, line, (size_t)length) != length)
		fail("%s: %s", path, strerror(errno));
	close(fd);
}

/* what: "round", when one is over, or "over", after the last one and its pause. */
static void tell_progress(const struct options *o, const struct scenario *s,
			  const struct machine *m, const struct done *d, const char *what)
{
	char line[256];
	int length;

	if (o->progress == NULL)
		return;
	length = snprintf(line, sizeof line,
			  "{\"%s\":%u,\"scenario\":\"%s\",\"pid\":%d,\"nested\":%u}\n", what,
			  d->round, s->name, (int)getpid(), (unsigned)m->mailbox[WORD_NESTED]);
	add_line(o->progress, line, length);
}

static void round_over(const struct options *o, const struct scenario *s, const struct machine *m,
		       const struct done *d)
{
	struct timespec pause = { o->pace / 1000, o->pace % 1000 * 1000000l };

	tell_progress(o, s, m, d, "round");
	nanosleep(&pause, NULL);
}

/* failure: what went wrong, or NULL. */
static void tell(const struct options *o, const struct scenario *s, const struct machine *m,
		 const struct done *d, pid_t pid, const char *failure)
{
	unsigned counts[3] = { 0 };
	char line[1024];
	struct utsname host;
	int length;

	if (o->truth == NULL)
		return;
	uname(&host);
	/* without virtual NMIs no bit 12 is defined */
	if (d != NULL && s->moved && parameter("vnmi")) {
		unsigned reason = unblock_reason(s), retries = 0;

		/* After a stop the IRET faults once more, as an unblocking one unless an NMI has come in between. */
		if (s->stop)
			retries = d->stops - (unsigned)m->mailbox[WORD_NESTED];
		counts[reason == 48 ? 0 : reason == 62 ? 1 : 2] = d->round + retries;
	}
	length = snprintf(
		line, sizeof line,
		"{\"scenario\":\"%s\",\"pid\":%d,\"kernel\":\"%s\",\"variant\":\"%s\",\"params\":\"%s\",\"rounds\":%u,"
		"\"unblocks\":{\"48\":%u,\"62\":%u,\"0\":%u},\"iret_rip\":\"0x%llx\",\"nmis_sent\":%u,\"nmi_entries\":%u,"
		"\"nested\":%u,\"nested_allowed\":%u,\"page_faults\":%u,\"user_stops\":%u,\"events_written\":%u,"
		"\"events_masked\":%u,\"least_ticks\":%llu,\"failure\":%s%s%s}\n",
		s->name, (int)pid, host.release, o->variant, o->params, d ? d->round : 0, counts[0],
		counts[1], counts[2], (unsigned long long)machine_address(guest_iret_moved),
		d ? d->nmis : 0, m ? (unsigned)m->mailbox[WORD_ENTRIES] : 0,
		m ? (unsigned)m->mailbox[WORD_NESTED] : 0,
		m ? (unsigned)m->mailbox[WORD_NESTED_ALLOWED] : 0,
		m ? (unsigned)m->mailbox[WORD_PF_ENTRIES] : 0, d ? d->stops : 0,
		d && s->events ? d->stops : 0, d ? d->masked : 0,
		m ? (unsigned long long)m->mailbox[WORD_LEAST_TICKS] : 0, failure ? "\"" : "",
		failure ? failure : "null", failure ? "\"" : "");
	add_line(o->truth, line, length);
}

static void play(const struct options *o, const struct scenario *s)
{
	struct machine m;
	struct done d = { 0 };

	if (s->paging != ANY && parameter("ept") != (s->paging == EPT))
		fail("%s: needs kvm_intel with ept=%d", s->name, s->paging == EPT);
	if (s->log_full && !parameter("pml"))
		fail("%s: this kvm_intel does not use the page-modification log", s->name);
	if (s->log_full && o->rounds > ROUND_PAGES)
		fail("%s: at most %d rounds", s->name, ROUND_PAGES);
	machine_make(&m, s->log_full, s->apic);
	m.mailbox[WORD_LEAST_TICKS] = UINT64_MAX;
	while (d.round < o->rounds) {
		unsigned port = 0;

		switch (machine_run(&m, &port)) {
		case STOP_PORT:
			if (reached(&m, s, &d, port)) {
				check_round(&m, s, &d);
				d.round++;
				round_over(o, s, &m, &d);
			}
			break;
		case STOP_EFAULT:
			stopped(&m, s, &d);
			break;
		case STOP_HALT:
			if (s->halts == 0)
				fail("%s: the guest halted", s->name);
			break;
		}
	}
	tell_progress(o, s, &m, &d, "over");
	tell(o, s, &m, &d, getpid(), NULL);
}

static bool play_apart(const struct options *o, const struct scenario *s)
{
	pid_t child = fork();
	char failure[64];
	int status;

	if (child < 0)
		fail("fork: %s", strerror(errno));
	if (child == 0) {
		prctl(PR_SET_NAME, s->name);
		alarm(SECONDS + o->rounds * o->pace / 1000 + o->rounds / ROUNDS_A_SECOND);
		play(o, s);
		exit(0);
	}
	if (waitpid(child, &status, 0) != child)
		fail("waitpid: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (WIFSIGNALED(status))
		snprintf(failure, sizeof failure,
			 WTERMSIG(status) == SIGALRM ? "not over in time" : "ended by a signal");
	else
		snprintf(failure, sizeof failure, "ended with status %d", WEXITSTATUS(status));
	fprintf(stderr, "vmm: %s: %s\n", s->name, failure);
	tell(o, s, NULL, NULL, child, failure);
	return false;
}

static const struct scenario *find(const char *name)
{
	const struct scenario *scenario = scenario_find(name);

	if (scenario == NULL)
		fail("no scenario %s", name);
	return scenario;
}

static unsigned number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || value > 1000000)
		fail("%s is no number from 0 to 1000000", text);
	return (unsigned)value;
}

int main(int argc, char **argv)
{
	struct options o = { .variant = "stock", .params = "", .rounds = ROUNDS };
	bool good = true;
	int i = 1;

	for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
		if (strcmp(argv[i], "--truth") == 0)
			o.truth = argv[i + 1];
		else if (strcmp(argv[i], "--variant") == 0)
			o.variant = argv[i + 1];
		else if (strcmp(argv[i], "--params") == 0)
			o.params = argv[i + 1];
		else if (strcmp(argv[i], "--progress") == 0)
			o.progress = argv[i + 1];
		else if (strcmp(argv[i], "--rounds") == 0)
			o.rounds = number(argv[i + 1]);
		else if (strcmp(argv[i], "--pace") == 0)
			o.pace = number(argv[i + 1]);
		else
			fail("no option %s", argv[i]);
	}
	if (i >= argc)
		fail("which scenario?");
	for (; i < argc; i++)
		good &= play_apart(&o, find(argv[i]));
	return good ? 0 : 1;
}
