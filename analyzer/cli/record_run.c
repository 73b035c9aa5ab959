/* SPDX-License-Identifier: BSD-2-Clause */
/* Without the collector there is nothing to run. */
#ifdef REBLOCK_COLLECTOR
#include "cli/record_run.h"
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>
#include "cli/cli.h"
#include "cli/record_command.h"
#include "cli/record_output.h"
#include "cli/record_pt.h"
#include "collector/rights.h"

#define POLL_MS 50
#define FLUSH_EVERY 1000000000ull /* ns */
#define STATUS_EVERY 500000000ull

struct recording {
	const struct record_options *options;
	struct collector *collector;
	struct record_output output;
	struct record_command command;
	struct record_pt pt;
	bool counting_only; /* it was said that the budget is exceeded */
};

/* The signals that end a recording only set this. */
static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static void show_status(const struct collector_stats *stats, uint64_t started)
{
	fprintf(stderr, "\r\033[K%" PRIu64 " s: %" PRIu64 " records, %" PRIu64 " lost ",
		(cli_now() - started) / 1000000000, stats->records, stats->lost);
}

/* What is said while recording, each of it once. */
static void say_news(struct recording *r, const struct collector_stats *stats)
{
	const char *silent = collector_silent(r->collector);

	if (*silent)
		fprintf(stderr, "%s%s", isatty(STDERR_FILENO) ? "\r\033[K" : "", silent);
	record_pt_news(&r->pt);
	if (stats->counting_only == r->counting_only)
		return;
	r->counting_only = stats->counting_only;
	if (r->counting_only)
		cli_say("record",
			"more than %" PRIu64
			" records in a second: the rest of each second is only counted",
			r->options->collector.max_records_per_second);
	else
		cli_say("record",
			"below the limit again; %" PRIu64 " records were left out because of it",
			stats->over_budget);
}

/* Until something ends the recording. Returns 0 or a negative errno. */
static long run(struct recording *r)
{
	uint64_t started = cli_now(), flushed = started, shown = started;
	bool terminal = isatty(STDERR_FILENO);
	double duration = r->options->duration;
	int wait = r->pt.recording ? PT_POLL_MS : POLL_MS;
	struct collector_stats stats;
	long got = 0;

	while (got >= 0 && !stopped && !record_command_ended(&r->command)) {
		uint64_t now = cli_now();

		if (duration > 0 && (double)(now - started) / 1e9 >= duration)
			break;
		got = collector_poll(r->collector, wait, record_output_write, &r->output);
		if (got == -EINTR)
			got = 0;
		if (got >= 0)
			got = record_pt_poll(&r->pt);
		if (got >= 0 && now - flushed >= FLUSH_EVERY) {
			flushed = now;
			got = record_output_flush(&r->output);
		}
		if (now - shown < STATUS_EVERY)
			continue;
		shown = now;
		collector_stats(r->collector, &stats);
		say_news(r, &stats);
		if (terminal)
			show_status(&stats, started);
	}
	if (terminal && shown != started)
		fprintf(stderr, "\r\033[K");
	return got < 0 ? got : 0;
}

static void sum_up(const struct recording *r, uint64_t written, uint64_t removed)
{
	const char *path = r->options->path;
	uint64_t exits[COLLECTOR_REASONS], counted = 0;
	struct collector_stats stats;

	collector_stats(r->collector, &stats);
	collector_exits(r->collector, exits);
	for (size_t i = 0; i < COLLECTOR_REASONS; i++)
		counted += exits[i];
	fprintf(stderr, "%" PRIu64 " records, %" PRIu64 " lost, in %s%s\n", written, stats.lost,
		path, r->options->max_size ? ".*" : "");
	if (!r->options->collector.all)
		fprintf(stderr,
			"%" PRIu64
			" exits were counted; recorded is what can matter (--all: everything)\n",
			counted);
	record_pt_sum_up(&r->pt);
	if (removed)
		fprintf(stderr,
			"%" PRIu64 " of them were removed with the oldest files (--max-size)\n",
			removed);
	if (stats.over_budget)
		fprintf(stderr,
			"%" PRIu64
			" of the lost ones were over the limit (--max-records-per-second)\n",
			stats.over_budget);
	if (stats.untracked)
		cli_say("record",
			"%" PRIu64 " events of vCPUs for which there was no room were not recorded",
			stats.untracked);
	if (stats.bpf_runs)
		fprintf(stderr,
			"the BPF programs ran %" PRIu64 " times, %" PRIu64
			" ns each, %.3f s in all\n",
			stats.bpf_runs, stats.bpf_run_ns / stats.bpf_runs,
			(double)stats.bpf_run_ns / 1e9);
}

/* Everything is attached and open. Returns an exit status. */
static int record_to_end(struct recording *r)
{
	uint64_t written, removed;
	long err;
	int end;

	if (!r->options->command)
		fprintf(stderr, "recording to %s%s; Ctrl-C ends it\n", r->options->path,
			r->options->max_size ? ".*" : "");
	record_command_start(&r->command);
	err = run(r);
	record_command_end(&r->command);
	if (!err)
		err = record_pt_stop(&r->pt);
	if (!err) {
		err = collector_stop(r->collector, record_output_write, &r->output);
		err = err < 0 ? err : record_output_flush(&r->output);
	}
	fputs(collector_silent(r->collector), stderr);
	written = record_output_written(&r->output);
	removed = record_output_removed(&r->output);
	end = record_output_end(&r->output);
	if (!err)
		err = end;
	if (err)
		cli_say("record",
			"%s: recording ended early: %s; what was recorded until then is there",
			r->options->path, strerror((int)-err));
	sum_up(r, written, removed);
	return err ? CLI_ERROR : r->command.status;
}

/* A set of files goes on with a new one now and then. Says where that would fail. */
static bool can_go_on(const struct record_options *o)
{
	char *path;
	bool can;

	if (!o->max_size)
		return true;
	path = strdup(o->path);
	can = path && faccessat(AT_FDCWD, dirname(path), W_OK | X_OK, AT_EACCESS) == 0;
	free(path);
	if (!can)
		cli_say("record",
			"%s: --max-size needs to make new files beside it, and without root's rights, which are given up\n"
			"while recording, this folder is not to be written: take one of the user reblock runs as, or give\n"
			"--keep-rights",
			o->path);
	return can;
}

static bool give_up_rights(const struct record_options *o)
{
	char *error;

	if (o->keep_rights)
		return true;
	if (rights_drop(&error)) {
		cli_say("record", "%s (--keep-rights goes on with them)",
			error ? error : "the rights could not be given up");
		free(error);
		return false;
	}
	return can_go_on(o);
}

static int record_attached(struct recording *r)
{
	const struct record_options *o = r->options;
	int status = CLI_ERROR, err;

	err = record_output_begin(&r->output, o->path, o->max_size, collector_source(r->collector));
	if (err) {
		cli_say("record", "%s: cannot be written: %s", o->path,
			err == -ELOOP ? "it is another user's symbolic link" : strerror(-err));
		return CLI_ERROR;
	}
	err = record_pt_describe(&r->pt, &o->pt_options, &r->output);
	if (err) {
		cli_say("record", "%s: cannot be written: %s", o->path, strerror(-err));
		record_output_end(&r->output);
		return CLI_ERROR;
	}
	if (record_command_prepare(&r->command, o->command)) {
		if (give_up_rights(o))
			status = record_to_end(r);
		record_command_end(&r->command);
	}
	if (r->output.file || r->output.set)
		record_output_end(&r->output);
	return status;
}

/* Until kvm_intel is loaded. Returns false where it will not be, or was not waited for to the end. */
static bool wait_for_kvm(void)
{
	bool said = false;

	while (!stopped) {
		char *error = NULL;
		int status = collector_ready(&error);

		if (status && status != -EAGAIN)
			cli_say("record", "%s", error ? error : strerror(-status));
		else if (status && !said)
			fprintf(stderr, "waiting for kvm_intel to be loaded; Ctrl-C ends it\n");
		said = true;
		free(error);
		if (status != -EAGAIN)
			return status == 0;
		nanosleep(&(struct timespec){ 0, 200000000 }, NULL);
	}
	return false;
}

int record_run(const struct record_options *o)
{
	struct sigaction action = { .sa_handler = stop };
	struct recording r = { .options = o, .command = { .go = -1 } };
	char *error = NULL;
	int err, status;

	/* With the terminal gone, or its reader, or no room left, the trace still has to be ended well. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* else the end of COMMAND would not be seen */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	if (o->wait && !wait_for_kvm())
		return CLI_ERROR;
	err = collector_open(&o->collector, &r.collector, &error);
	if (err) {
		cli_say("record", "%s", error ? error : strerror(-err));
		free(error);
		return CLI_ERROR;
	}
	fputs(collector_missing(r.collector), stderr);
	status = o->pt && !record_pt_begin(&r.pt, &o->pt_options) ? CLI_ERROR : record_attached(&r);
	record_pt_end(&r.pt);
	collector_free(r.collector);
	return status;
}
#endif
