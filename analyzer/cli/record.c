/* SPDX-License-Identifier: BSD-2-Clause */
/* reblock record: from the collector into a trace file. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <reblock/trace.h>
#include "cli/cli.h"

static const char help_text[] =
	"usage: reblock record [OPTIONS...] [-- COMMAND...]\n\n"
	"Records what the KVM guests on this host and KVM do about NMI blocking, until Ctrl-C, the end of the duration\n"
	"or of COMMAND, which is started once recording runs. Needs root and kvm_intel; reblock doctor says what is\n"
	"missing.\n\n"
	"  -o, --output FILE   the trace (default reblock.rbt); an older file of this name is replaced\n"
	"  --duration S        stop after S seconds, such as 60 or 0.5\n"
	"  --all               record every exit and entry, not only those of which something can come\n"
	"  --no-cache-fill     do not make KVM read the fields of each exit that it would not read itself: costs less,\n"
	"                      and more fields are absent\n"
	"  --trust-stale       for tests of reblock itself: use KVM's copies of exit fields without asking whether they\n"
	"                      are this exit's; the trace will hold wrong values\n"
	"  --ring-size N       bytes of the ring buffer, with K or M for kilobytes or megabytes (default 8M)\n"
	"  -v, --verbose       also what libbpf and the kernel's verifier say\n"
	"  -h, --help          this text\n\n"
	"exit status: that of COMMAND where it ended by itself (128 + N: by signal N), else 0; 2 recording failed\n\n"
	"examples:\n"
	"  reblock record --duration 60 -o host.rbt\n"
	"  reblock record -- ./run-guest-test\n"
	"  reblock record -o live.rbt & ... ; kill -INT %1\n";

#ifdef REBLOCK_COLLECTOR
#include "collector/collector.h"

#define POLL_MS 50
#define FLUSH_EVERY 1000000000ull /* ns */
#define STATUS_EVERY 500000000ull
#define END_AFTER 5000000000ull

struct options {
	const char *path;
	double duration; /* seconds; 0: none */
	bool verbose;
	struct collector_options collector;
	char **command; /* NULL: none */
};

/* The signals that end a recording only set this. */
static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static int write_records(void *context, const struct reblock_record *records, size_t n)
{
	return reblock_trace_write(context, records, n);
}

/* Starts COMMAND. Returns its process id, or -1 after saying why not. */
static pid_t start(char **command)
{
	pid_t child = fork();

	if (child < 0) {
		cli_say("record", "%s cannot be started: %s", command[0], strerror(errno));
		return -1;
	}
	if (child == 0) {
		signal(SIGPIPE, SIG_DFL);
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		execvp(command[0], command);
		cli_say("record", "%s cannot be started: %s", command[0], strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	return child;
}

static void show_status(const struct collector *collector, uint64_t started)
{
	struct collector_stats stats;

	collector_stats(collector, &stats);
	fprintf(stderr, "\r\033[K%" PRIu64 " s: %" PRIu64 " records, %" PRIu64 " lost ",
		(cli_now() - started) / 1000000000, stats.records, stats.lost);
}

/* Until something ends the recording. *CHILD becomes 0 when it has ended, with *STATUS its exit status. */
static long run(struct collector *collector, struct reblock_trace_writer *writer,
		const struct options *o, pid_t *child, int *status)
{
	uint64_t started = cli_now(), flushed = started, shown = started;
	bool terminal = isatty(STDERR_FILENO);
	long got = 0;
	int how;

	while (got >= 0 && !stopped) {
		uint64_t now = cli_now();

		if (o->duration > 0 && (double)(now - started) / 1e9 >= o->duration)
			break;
		if (*child && waitpid(*child, &how, WNOHANG) == *child) {
			*child = 0;
			*status = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
			break;
		}
		got = collector_poll(collector, POLL_MS, write_records, writer);
		if (got == -EINTR)
			got = 0;
		if (got >= 0 && now - flushed >= FLUSH_EVERY) {
			flushed = now;
			got = reblock_trace_flush(writer);
		}
		if (terminal && now - shown >= STATUS_EVERY) {
			shown = now;
			show_status(collector, started);
		}
	}
	if (terminal && shown != started)
		fprintf(stderr, "\r\033[K");
	return got < 0 ? got : 0;
}

/* A COMMAND that still runs when recording ends is asked to end, then made to. */
static void end_command(pid_t child)
{
	uint64_t asked = cli_now();

	kill(child, SIGTERM);
	while (waitpid(child, NULL, WNOHANG) == 0) {
		if (cli_now() - asked > END_AFTER)
			kill(child, SIGKILL);
		nanosleep(&(struct timespec){ 0, POLL_MS * 1000000 }, NULL);
	}
}

static int record_to(struct collector *collector, struct reblock_trace_writer *writer,
		     const struct options *o)
{
	struct collector_stats stats;
	int status = 0, end;
	pid_t child = 0;
	long err = 0;
	uint64_t written;

	if (o->command)
		child = start(o->command);
	else
		fprintf(stderr, "recording to %s; Ctrl-C ends it\n", o->path);
	if (child >= 0)
		err = run(collector, writer, o, &child, &status);
	if (child > 0)
		end_command(child);
	if (!err) {
		err = collector_stop(collector, write_records, writer);
		err = err < 0 ? err : reblock_trace_flush(writer);
	}
	written = reblock_trace_written(writer);
	collector_stats(collector, &stats);
	end = reblock_trace_close(writer);
	if (!err)
		err = end;
	if (err)
		cli_say("record", "%s: recording ended early: %s", o->path, strerror((int)-err));
	fprintf(stderr, "%" PRIu64 " records, %" PRIu64 " lost, in %s\n", written, stats.lost,
		o->path);
	if (stats.untracked)
		cli_say("record",
			"%" PRIu64 " events of vCPUs for which there was no room were not recorded",
			stats.untracked);
	return err || child < 0 ? CLI_ERROR : status;
}

static int record(const struct options *o)
{
	struct sigaction action = { .sa_handler = stop };
	struct reblock_trace_writer *writer;
	struct collector *collector;
	char *error = NULL;
	int err = collector_open(&o->collector, &collector, &error);
	int status = CLI_ERROR;

	if (err) {
		cli_say("record", "%s", error ? error : strerror(-err));
		free(error);
		return CLI_ERROR;
	}
	fputs(collector_missing(collector), stderr);
	/* With the terminal gone, or its reader, the trace still has to be ended well. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* else the end of COMMAND would not be seen */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	err = reblock_trace_create(o->path, collector_source(collector), &writer);
	if (err)
		cli_say("record", "%s: cannot be written: %s", o->path, strerror(-err));
	else
		status = record_to(collector, writer, o);
	collector_free(collector);
	return status;
}

/* A size with K, M or G, and a number of seconds. */
static bool read_size(const char *text, unsigned *size)
{
	char digits[16];
	size_t n = strspn(text, "0123456789");
	uint64_t value, unit = text[n] == 'K' || text[n] == 'k' ? 1 << 10 :
			       text[n] == 'M' || text[n] == 'm' ? 1 << 20 :
								  1;

	if (n >= sizeof(digits) || strlen(text) > n + (unit > 1))
		return false;
	memcpy(digits, text, n);
	digits[n] = 0;
	if (!cli_number(digits, 1u << 30, &value) || !value || value * unit > 1u << 30)
		return false;
	*size = (unsigned)(value * unit);
	return true;
}

static bool read_seconds(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	return *text >= '0' && *text <= '9' && !*end && *seconds > 0 && *seconds < 1e9;
}
#endif

int cli_record(int argc, char **argv)
{
	enum { DURATION = 256, ALL, NO_CACHE_FILL, TRUST_STALE, RING_SIZE };
	static const struct option longs[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "duration", required_argument, NULL, DURATION },
		{ "all", no_argument, NULL, ALL },
		{ "no-cache-fill", no_argument, NULL, NO_CACHE_FILL },
		{ "trust-stale", no_argument, NULL, TRUST_STALE },
		{ "ring-size", required_argument, NULL, RING_SIZE },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int c;
#ifdef REBLOCK_COLLECTOR
	struct options o = { .path = "reblock.rbt" };
#endif

	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:o:vh", longs, NULL)) != -1) {
		switch (c) {
		case 'h':
			fputs(help_text, stdout);
			return cli_finish("record", stdout, CLI_OK);
		case '?':
		case ':':
			return cli_bad_option("record", c, argv);
#ifdef REBLOCK_COLLECTOR
		case 'o':
			o.path = optarg;
			break;
		case DURATION:
			if (read_seconds(optarg, &o.duration))
				break;
			cli_say("record", "--duration takes seconds, such as 60 or 0.5, not \"%s\"",
				optarg);
			return CLI_ERROR;
		case ALL:
			o.collector.all = true;
			break;
		case NO_CACHE_FILL:
			o.collector.no_cache_fill = true;
			break;
		case TRUST_STALE:
			o.collector.trust_stale = true;
			break;
		case RING_SIZE:
			if (read_size(optarg, &o.collector.ring_size))
				break;
			cli_say("record",
				"--ring-size takes bytes up to 1024M, such as 65536, 512K or 16M, not \"%s\"",
				optarg);
			return CLI_ERROR;
		case 'v':
			o.verbose = o.collector.verbose = true;
			break;
#endif
		}
	}
#ifdef REBLOCK_COLLECTOR
	o.command = optind < argc ? argv + optind : NULL;
	return record(&o);
#else
	cli_say("record",
		"this reblock was built without the collector; build it with libbpf (REBLOCK_COLLECTOR=ON)");
	return CLI_ERROR;
#endif
}
