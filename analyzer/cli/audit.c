/* SPDX-License-Identifier: BSD-2-Clause */
/* reblock audit: judges traces. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <reblock/parallel.h>
#include "cli/audit_reports.h"
#include "cli/cli.h"
#include "cli/pt_options.h"
#include "cli/policy_load.h"
#include "report/report.h"

static const char help_text[] =
	"usage: reblock audit [OPTIONS...] FILE...\n"
	"       reblock audit [OPTIONS...] --pt FILE --pt-cpu N ... [FILE]\n\n"
	"Judges each trace (own format, JSON Lines, perf.data of perf record or trace.dat of trace-cmd record,\n"
	"told by content; - is standard input) and reports where NMI blocking was handled wrongly, with the\n"
	"evidence; then what was judged, what was not, and why.\n\n"
	"  --json            one JSON object a line for each finding; the verdict goes to standard error\n"
	"  --json-schema     print the schema of these objects and exit\n"
	"  --html FILE       write a page to look at: summary, timeline, findings explained; of one trace\n"
	"  --perfetto FILE   write the trace for ui.perfetto.dev and trace processors; of one trace\n"
	"  --vnmi on|off     where a source cannot carry the pin-based controls, take \"NMI exiting\" as 1 and\n"
	"                    \"virtual NMIs\" as this. Default: on for perf.data and trace.dat, which are KVM's;\n"
	"                    else such exits are not judged\n"
	"  --policy POLICY   also say where another hypervisor would have gone wrong on this trace, grade\n"
	"                    predicted: a NAME that reblock policies lists, or ./FILE.so (whose code is run)\n" CLI_PT_HELP
	"  -j, --jobs N      judge with N threads (1 to 16; default 1: a host's CPUs are its guests'); the output is\n"
	"                    the same to the byte\n"
	"  --color WHEN      auto (default), always or never\n"
	"  -q, --quiet       findings only, no summary\n"
	"  -v, --verbose     with --json: the whole summary to standard error\n"
	"  -h, --help        this text\n\n"
	"exit status, of several files the first of 2, 1, 3, 0 that any has:\n"
	"  0  nothing of severity warning or error found, and every IRET unblock judged\n"
	"  1  such findings, predicted ones too\n"
	"  2  could not audit: bad usage, unreadable input, output that could not be written\n"
	"  3  nothing found, but the input was damaged, records are missing, or IRET unblocks (or exits that\n"
	"     may have been) could not be judged, or the policy has no answer for them\n\n"
	"examples:\n"
	"  reblock audit host.rbt\n"
	"  perf record -a -e 'kvm:*' sleep 60 && reblock audit perf.data\n"
	"  trace-cmd record -e kvm sleep 60 && reblock audit trace.dat\n"
	"  reblock audit --json *.rbt | jq -r .why\n"
	"  reblock audit --policy xen-before-d329b37d12 host.rbt\n"
	"  zstdcat host.rbt.zst | reblock audit -\n"
	"  reblock audit --html host.html host.rbt\n"
	"  reblock audit --quiet host.rbt || reblock explain host.rbt#1234\n";

struct options {
	enum reblock_vnmi vnmi;
	const struct reblock_policy *policy; /* may be NULL */
	const char *html, *perfetto;         /* files to be written, NULL: none */
	unsigned jobs;
	bool json, quiet, verbose, colour;
	struct cli_pt pt;
};

struct run {
	const struct options *options;
	struct report report;
	struct report_input input;
	struct cli_progress progress;
	struct audit_reports *reports; /* NULL: none are wanted */
};

static int on_finding(void *context, const struct reblock_finding *f)
{
	struct run *run = context;

	cli_progress_clear(&run->progress);
	(f->policy ? run->input.predicted : run->input.severities)[f->severity]++;
	audit_reports_finding(run->reports, f);
	if (run->options->json)
		report_json_finding(&run->report, f);
	else
		report_text_finding(&run->report, f);
	return ferror(run->report.out) ? -EPIPE : 0;
}

static void on_judgement(void *context, const struct reblock_judgement *judgement)
{
	audit_reports_judgement(((struct run *)context)->reports, judgement);
}

static void on_pair(void *context, const struct reblock_pair *pair)
{
	audit_reports_pair(((struct run *)context)->reports, pair);
}

/* Reports see each record just before what the audit says of it. */
static void on_record(void *context, uint64_t number, const struct reblock_record *record)
{
	audit_reports_record(((struct run *)context)->reports, number, record);
}

static void on_progress(void *context, const struct reblock_input *input)
{
	cli_progress(&((struct run *)context)->progress, input);
}

static void summarize(struct run *run, struct reblock_audit *audit,
		      const struct reblock_summary *total)
{
	const struct options *o = run->options;
	struct report aside = { stderr, false, run->report.file };

	if (o->quiet)
		return;
	if (!o->json)
		report_text_summary(&run->report, audit, &run->input);
	else if (o->verbose)
		report_text_summary(&aside, audit, &run->input);
	else {
		report_text_hints(&aside, &run->input);
		report_text_verdict(&aside, total, &run->input);
	}
}

/* The input's own notes, as far as memory allows: each is valid only until the next is asked for. */
static void take_hints(struct report_input *in, const struct reblock_input *input)
{
	const char *note;
	char **more;

	while ((note = reblock_input_note(input, in->n_hints))) {
		more = realloc((void *)in->hints, (in->n_hints + 1) * sizeof(*more));
		if (!more)
			return;
		in->hints = more;
		in->hints[in->n_hints] = strdup(note);
		if (!in->hints[in->n_hints])
			return;
		in->n_hints++;
	}
}

static void drop_hints(struct report_input *in)
{
	for (size_t i = 0; i < in->n_hints; i++)
		free(in->hints[i]);
	free((void *)in->hints);
}

static int status_of(const struct report_input *in, const struct reblock_summary *total)
{
	if (in->severities[REBLOCK_ERROR] || in->severities[REBLOCK_WARNING] ||
	    in->predicted[REBLOCK_ERROR])
		return CLI_FOUND;
	if (!total->exits || in->damages || in->lost || total->lost || total->out_of_order ||
	    report_unjudged(total) || report_possible(total) ||
	    (in->policy && report_unpredicted(total)))
		return CLI_INCOMPLETE;
	return CLI_OK;
}

/* The trace GIVEN; NULL: raw PT alone. */
static int audit_file(const char *given, const struct options *options)
{
	const char *path = given ? given : options->pt.files[0].path;
	struct run run = { .options = options, .report = { stdout, options->colour, path } };
	struct cli_damages damages = { "audit", path, 0, &run.progress };
	struct reblock_audit_options how = { .policy = options->policy,
					     .finding = on_finding,
					     .context = &run };
	struct reblock_replay replay = { .jobs = options->jobs, .progress = on_progress };
	struct reblock_summary total;
	struct reblock_input *input;
	struct reblock_audit *audit;
	int err, status = CLI_ERROR;

	cli_progress_begin(&run.progress, path);
	if (!cli_pt_open(&options->pt, "audit", given, options->jobs, cli_damage, &damages, &input))
		return CLI_ERROR;
	how.vnmi = cli_vnmi_for(input, options->vnmi);
	if (!audit_reports_begin(&run.reports, options->html, options->perfetto,
				 reblock_input_source(input), how.vnmi)) {
		reblock_input_close(input);
		return CLI_ERROR;
	}
	if (run.reports) {
		how.judgement = on_judgement;
		how.pair = on_pair;
		replay.record = on_record;
	}
	err = reblock_audit_input(input, &how, &replay, &audit, &run.input.records);
	cli_progress_clear(&run.progress);
	cli_damages_end(&damages);
	if (err == -ENOMEM) {
		cli_say("audit", "%s: out of memory", path);
	} else if (err && !ferror(stdout)) {
		cli_say("audit", "%s: reading failed: %s", path, strerror(-err));
	} else if (!err) {
		run.input.source = reblock_input_source(input);
		run.input.lost = reblock_audit_lost_records(audit);
		run.input.damages = reblock_input_damages(input);
		run.input.policy = options->policy ? options->policy->name : NULL;
		take_hints(&run.input, input);
		report_total(audit, &total);
		summarize(&run, audit, &total);
		status = status_of(&run.input, &total);
		if (!audit_reports_end(run.reports, path, audit, &run.input))
			status = CLI_ERROR;
		run.reports = NULL;
	}
	drop_hints(&run.input);
	audit_reports_drop(run.reports);
	reblock_audit_free(audit);
	reblock_input_close(input);
	return status;
}

/* 2 before 1 before 3 before 0. */
static int worse(int a, int b)
{
	static const int rank[] = {
		[CLI_OK] = 0, [CLI_INCOMPLETE] = 1, [CLI_FOUND] = 2, [CLI_ERROR] = 3
	};

	return rank[a] >= rank[b] ? a : b;
}

/* Returns -1 to go on, or an exit status. */
static int read_options(int argc, char **argv, struct options *o)
{
	enum { JSON = 256, SCHEMA, HTML, PERFETTO, VNMI, POLICY, COLOUR };
	static const struct option longs[] = {
		{ "json", no_argument, NULL, JSON },
		{ "json-schema", no_argument, NULL, SCHEMA },
		{ "html", required_argument, NULL, HTML },
		{ "perfetto", required_argument, NULL, PERFETTO },
		{ "vnmi", required_argument, NULL, VNMI },
		{ "policy", required_argument, NULL, POLICY },
		{ "color", required_argument, NULL, COLOUR },
		{ "colour", required_argument, NULL, COLOUR },
		{ "jobs", required_argument, NULL, 'j' },
		CLI_PT_LONGS,
		{ "quiet", no_argument, NULL, 'q' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t jobs;
	int c;

	opterr = 0;
	cli_colour("auto", stdout, &o->colour);
	while ((c = getopt_long(argc, argv, ":j:qvh", longs, NULL)) != -1) {
		switch (c) {
		case JSON:
			o->json = true;
			break;
		case SCHEMA:
			fputs(report_json_schema, stdout);
			return cli_finish("audit", stdout, CLI_OK);
		case HTML:
			o->html = optarg;
			break;
		case PERFETTO:
			o->perfetto = optarg;
			break;
		case VNMI:
			if (cli_vnmi(optarg, &o->vnmi))
				break;
			cli_say("audit", "--vnmi takes on or off, not \"%s\"", optarg);
			return CLI_ERROR;
		case POLICY:
			o->policy = cli_policy(optarg);
			if (o->policy)
				break;
			return CLI_ERROR;
		case COLOUR:
			if (cli_colour(optarg, stdout, &o->colour))
				break;
			cli_say("audit", "--color takes auto, always or never, not \"%s\"", optarg);
			return CLI_ERROR;
		case 'j':
			if (cli_number(optarg, REBLOCK_JOBS_MOST, &jobs) && jobs) {
				o->jobs = (unsigned)jobs;
				break;
			}
			cli_say("audit", "--jobs takes a number from 1 to %d, not \"%s\"",
				REBLOCK_JOBS_MOST, optarg);
			return CLI_ERROR;
		case CLI_PT:
		case CLI_PT_CPU:
		case CLI_PT_CLOCK:
		case CLI_PT_IMAGE:
			if (cli_pt_option(&o->pt, "audit", c, optarg))
				break;
			return CLI_ERROR;
		case 'q':
			o->quiet = true;
			break;
		case 'v':
			o->verbose = true;
			break;
		case 'h':
			fputs(help_text, stdout);
			return cli_finish("audit", stdout, CLI_OK);
		default:
			return cli_bad_option("audit", c, argv);
		}
	}
	if (argc - optind > 1 && (o->html || o->perfetto)) {
		cli_say("audit", "%s writes one trace, and %d are given; see reblock audit --help",
			o->html ? "--html" : "--perfetto", argc - optind);
		return CLI_ERROR;
	}
	if (!cli_pt_complete(&o->pt, "audit"))
		return CLI_ERROR;
	if (argc - optind > 1 && o->pt.n) {
		cli_say("audit", "--pt goes with one trace, and %d are given", argc - optind);
		return CLI_ERROR;
	}
	if (optind < argc || o->pt.n)
		return -1;
	cli_say("audit", "no file is given; see reblock audit --help");
	return CLI_ERROR;
}

int cli_audit(int argc, char **argv)
{
	struct options options = { .vnmi = REBLOCK_VNMI_NOT_ASSUMED, .jobs = 1 };
	int status = read_options(argc, argv, &options);

	if (status >= 0)
		return status;
	status = CLI_OK;
	if (optind == argc)
		status = audit_file(NULL, &options);
	for (int i = optind; i < argc && !ferror(stdout); i++)
		status = worse(status, audit_file(argv[i], &options));
	return cli_finish("audit", stdout, status);
}
