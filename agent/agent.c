/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "agent/agent.h"
#include "agent/control.h"
#include "agent/evidence.h"
#include "agent/http.h"
#include "agent/judge.h"
#include "agent/notify.h"
#include "agent/outlet.h"
#include "agent/say.h"
#include "agent/thread.h"
#include "agent/writer.h"

#define STEP_MS 50
#define TICK_EVERY 20000000ull /* ns */
#define DROPPED_SAID_EVERY 10000000000ull
#define IDLE_NS 600000000000ull /* a vCPU that exits at all does so within ten minutes */
#define EVIDENCE_WAIT_MS 1000
#define RING_BYTES ((size_t)32 << 20)
#define OUTPUT_ROOM ((size_t)1 << 20) /* some thousand findings */
#define WORDS_ROOM ((size_t)64 << 10)
#define DISK_PATIENCE_MS 5000
#define READER_PATIENCE_MS 2000

struct agent {
	const struct agent_options *options;
	struct metrics metrics;
	struct judge judge;
	struct outlet *output, *words;
	struct evidence *evidence;
	struct writer *writer;
	struct http *http;
	struct control *control;
	struct feed *feed;
	struct notify notify;
	enum feed_state state;
	uint64_t ticked, dropped_said_at, dropped_said;
	int output_error;
};

static volatile sig_atomic_t asked_to_end;

static void ask_to_end(int signal)
{
	(void)signal;
	asked_to_end = 1;
}

static const char *const state_words[] = {
	[FEED_WAITING] = "waiting",   [FEED_ATTACHED] = "attached", [FEED_DETACHED] = "detached",
	[FEED_ENDED] = "input ended", [FEED_FAILED] = "failed",     [FEED_RESTART] = "restarting",
};

/* The judge as the feed's sink. */
static int begin(void *context, const struct reblock_source *source, enum reblock_vnmi vnmi)
{
	struct agent *a = context;

	a->judge.options.vnmi = vnmi;
	return judge_begin(&a->judge, source);
}

static int records(void *context, const struct reblock_record *records, size_t n)
{
	return judge_records(&((struct agent *)context)->judge, records, n);
}

static int end(void *context)
{
	return judge_end(&((struct agent *)context)->judge);
}

static void status(struct agent *a, FILE *out)
{
	struct metrics *m = &a->metrics;
	uint64_t findings = 0, lost = 0;

	pthread_mutex_lock(&m->lock);
	for (unsigned i = 0; i < REBLOCK_FINDING_KINDS; i++)
		for (unsigned k = 0; k < REBLOCK_EVIDENCES; k++)
			findings += m->total.findings[i][k];
	for (unsigned i = 0; i < METRICS_LOSTS; i++)
		lost += m->lost[i];
	fprintf(out,
		"state: %s\nrecords: %" PRIu64 "\nlost: %" PRIu64 "\nfindings: %" PRIu64
		"\nvcpus: %" PRIu64 "\ncounting only: %s\nevidence bytes: %" PRIu64
		"\nmetrics: %s%s\n",
		state_words[a->feed->state], m->records, lost, findings, m->vcpus,
		m->counting_only ? "yes" : "no", m->evidence_bytes, a->http ? "http://" : "none",
		a->http ? http_address(a->http) : "");
	pthread_mutex_unlock(&m->lock);
}

static int run_command(void *context, const char *command, FILE *out)
{
	struct agent *a = context;
	int err = 0;

	if (strcmp(command, "status") == 0) {
		status(a, out);
	} else if (strcmp(command, "detach") == 0) {
		err = a->feed->detach(a->feed);
		if (!err)
			fprintf(out, "detached: kvm_intel can be unloaded now\n");
		else
			fprintf(out, "nothing is attached: the records come from %s\n",
				a->options->from);
	} else {
		err = -EINVAL;
	}
	return err;
}

static void look_at_output(struct agent *a, uint64_t now)
{
	struct outlet_state state;

	outlet_state(a->output, &state);
	a->metrics.lines_dropped = state.dropped;
	if (state.error && state.error != a->output_error)
		say("findings cannot be printed: %s; they are still counted, and their evidence kept",
		    strerror(state.error));
	else if (!state.error && state.dropped > a->dropped_said &&
		 now - a->dropped_said_at >= DROPPED_SAID_EVERY) {
		say("%" PRIu64
		    " findings were not printed: standard output is not read fast enough",
		    state.dropped - a->dropped_said);
		a->dropped_said_at = now;
	}
	if (state.error || now == a->dropped_said_at)
		a->dropped_said = state.dropped;
	a->output_error = state.error;
}

static void look_at_state(struct agent *a)
{
	char text[64];

	if (a->feed->state == a->state)
		return;
	a->state = a->feed->state;
	if (a->state == FEED_ATTACHED)
		a->metrics.attached_times++;
	(void)snprintf(text, sizeof(text), "STATUS=%s", state_words[a->state]);
	notify_send(&a->notify, text);
}

static void tick(struct agent *a, bool now_or_never)
{
	uint64_t now = thread_now();

	if (now - a->ticked < TICK_EVERY && !now_or_never)
		return;
	a->ticked = now;
	judge_tick(&a->judge);
	pthread_mutex_lock(&a->metrics.lock);
	look_at_state(a);
	a->metrics.attached = a->state == FEED_ATTACHED;
	a->feed->count(a->feed, &a->metrics);
	a->metrics.evidence_failures = writer_failures(a->writer);
	if (a->evidence)
		a->metrics.evidence_bytes = evidence_bytes(a->evidence);
	look_at_output(a, now);
	pthread_mutex_unlock(&a->metrics.lock);
	notify_alive(&a->notify, now);
}

static enum agent_status loop(struct agent *a)
{
	bool ready = false;

	while (!asked_to_end) {
		a->feed->step(a->feed, STEP_MS);
		tick(a, false);
		if (a->control)
			control_serve(a->control);
		if (a->feed->state == FEED_FAILED)
			return AGENT_FAILED;
		if (a->feed->state == FEED_RESTART)
			return AGENT_RESTART;
		if (a->feed->state == FEED_ENDED && a->options->exit)
			return AGENT_OK;
		if (!ready)
			notify_send(&a->notify, "READY=1");
		ready = true;
	}
	return AGENT_OK;
}

static bool complain(char *error)
{
	say("%s", error ? error : "out of memory");
	free(error);
	return false;
}

static bool start_control(struct agent *a)
{
	char *error;
	int err = control_begin(a->options->control, run_command, a, &a->control, &error);

	if (!err)
		return true;
	if (a->options->control_needed || err == -EADDRINUSE)
		return complain(error);
	say("%s; --detach and --status will not reach this agent", error ? error : "out of memory");
	free(error);
	return true;
}

static bool start_http(struct agent *a)
{
	char *error;

	if (http_begin(a->options->listen, &a->metrics, &a->http, &error))
		return complain(error);
	say("metrics at http://%s/metrics%s", http_address(a->http),
	    http_is_open(a->http) ? ", where other machines can read them too" : "");
	return true;
}

static bool start_feed(struct agent *a)
{
	const struct feed_sink sink = { begin, records, end, a };

	if (a->options->from)
		a->feed = feed_file(a->options->from, a->options->vnmi, &sink);
#ifdef REBLOCK_COLLECTOR
	else
		a->feed = feed_live(&a->options->live, &sink);
#endif
	return a->feed || complain(NULL);
}

static bool start_judge(struct agent *a)
{
	const struct agent_options *o = a->options;
	const struct judge_options judge = { .count_stream = o->from != NULL,
					     .evidence = o->evidence != NULL,
					     .records = o->records,
					     .most_vcpus = o->most_vcpus,
					     .ring_bytes = RING_BYTES,
					     .idle_ns = IDLE_NS,
					     .wait_ms = EVIDENCE_WAIT_MS,
					     .rate = o->rate };
	struct writer_options writer = { .outlet = a->output,
					 .style = { o->json, o->from ? o->from : "live" } };
	struct stat st;
	char *error;

	if (o->evidence && evidence_open(o->evidence, o->max_size, &a->evidence, &error))
		return complain(error);
	writer.evidence = a->evidence;
	/* A pipe's other end is not to be held up. */
	writer.patient = o->from && stat(o->from, &st) == 0 && S_ISREG(st.st_mode);
	a->writer = writer_new(&writer);
	if (!a->writer || judge_init(&a->judge, &judge, &a->metrics, a->writer))
		return complain(NULL);
	return true;
}

static bool start(struct agent *a)
{
	const struct agent_options *o = a->options;

	a->words = outlet_new(STDERR_FILENO, WORDS_ROOM);
	a->output = outlet_new(STDOUT_FILENO, OUTPUT_ROOM);
	say_through(a->words);
	if (!a->words || !a->output || metrics_begin(&a->metrics, o->per_vm, o->version))
		return complain(NULL);
	return start_judge(a) && (!o->control || start_control(a)) &&
	       (!o->listen || start_http(a)) && start_feed(a);
}

/* What is open is closed, told and written; a disk or a reader that hangs is not waited for long. */
static void stop(struct agent *a)
{
	bool hangs;

	notify_send(&a->notify, "STOPPING=1");
	if (a->feed) {
		if (a->state == FEED_ATTACHED)
			say("ending");
		a->feed->free(a->feed);
	}
	judge_free(&a->judge);
	hangs = !writer_end(a->writer, DISK_PATIENCE_MS);
	if (hangs)
		say("the disk does not answer: evidence that was not told is lost");
	else
		evidence_close(a->evidence);
	control_end(a->control);
	http_end(a->http);
	if (!hangs && outlet_end(a->output, READER_PATIENCE_MS))
		say("standard output is not read: findings were not printed");
	say_through(NULL);
	outlet_end(a->words, READER_PATIENCE_MS);
	if (!hangs)
		metrics_end(&a->metrics);
	notify_end(&a->notify);
}

/*
 * A standard descriptor that is closed would become the next file that is opened, and what is printed end there. What takes its
 * place cannot be written to either, so that this is noticed.
 */
static void hold_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

enum agent_status agent_run(const struct agent_options *options)
{
	struct sigaction action = { .sa_handler = ask_to_end };
	struct agent *a = calloc(1, sizeof(*a));
	enum agent_status status = AGENT_FAILED;

	if (!a) {
		say("out of memory");
		return status;
	}
	a->options = options;
	hold_standard_descriptors();
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	if (!options->from)
		thread_without_rights();
	notify_begin(&a->notify);
	if (start(a)) {
		status = loop(a);
		tick(a, true);
	}
	stop(a);
	free(a);
	return status;
}

enum agent_status agent_ask(const char *control, const char *command)
{
	char path[256];
	int err;

	if (!control)
		control = control_default(path, sizeof(path));
	err = control_ask(control, command, stdout);
	if (err == -ENOENT || err == -ECONNREFUSED)
		say("%s: no reblock watch answers there; --control names its socket", control);
	else if (err == -EACCES)
		say("%s: no permission; only root and the agent's user can ask it", control);
	else if (err && err != -EREMOTEIO)
		say("%s: %s", control, strerror(-err));
	return err ? AGENT_FAILED : AGENT_OK;
}
