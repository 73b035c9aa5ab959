/* SPDX-License-Identifier: BSD-2-Clause */
/* reblock explain: one exit, walked through the rules. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <reblock/json.h>
#include "cli/cli.h"
#include "cli/explain_file.h"
#include "report/explain.h"

static const char help_text[] =
	"usage: reblock explain [OPTIONS...] FILE#N\n"
	"       reblock explain [OPTIONS...] --pt FILE --pt-cpu N ... FILE#N\n"
	"       reblock explain [OPTIONS...] --record '{...}' [--entry '{...}']\n\n"
	"Walks an exit through the SDM's conditions for \"NMI unblocking due to IRET\", says what the hypervisor must\n"
	"do before the next entry and what it was seen to do, and names the findings that rest on it. N is the number\n"
	"of a record as reblock audit gives it; of an entry, its exit is explained. What Intel PT shows has numbers, too:\n"
	"give --pt, --image and the others here as they were given there.\n\n"
	"  --record JSON     explain this exit, one line as in docs/jsonl.md\n"
	"  --entry JSON      the entry that follows it\n"
	"  --vnmi on|off     for an exit without pin-based controls: take \"NMI exiting\" as 1, \"virtual NMIs\" as this\n" CLI_PT_HELP
	"  --color WHEN      auto (default), always or never\n"
	"  -h, --help        this text\n\n"
	"exit status: 0 explained; 2 could not\n\n"
	"examples:\n"
	"  reblock explain host.rbt#1234\n"
	"  reblock explain --record '{\"event\":\"exit\",\"vm\":1,\"vcpu\":0,\"reason\":48,\"qualification\":\"0x1181\",\n"
	"    \"idt_vectoring\":0,\"pin\":\"0x3f\"}'\n";

struct options {
	const char *record, *entry;
	enum reblock_vnmi vnmi;
	bool colour;
	struct cli_pt pt;
};

/* One line of JSON that has to be a record of KIND. */
static bool parse(const char *option, const char *text, unsigned kind, struct reblock_record *r)
{
	struct reblock_source source;
	char why[256];
	int what = reblock_json_parse(text, strlen(text), r, &source, why, sizeof(why));

	if (what == REBLOCK_JSON_IS_RECORD && r->kind == kind)
		return true;
	if (what < 0)
		cli_say("explain", "%s: %s", option, what == -ENOMEM ? "out of memory" : why);
	else
		cli_say("explain", "%s: this is no record of event \"%s\"", option,
			reblock_kind_name(kind));
	return false;
}

static void on_pair(void *context, const struct reblock_pair *pair)
{
	explain_pair(context, pair);
}

static void on_judgement(void *context, const struct reblock_judgement *judgement)
{
	struct explain *e = context;

	e->has_judgement = true;
	e->judgement = *judgement;
}

static int on_finding(void *context, const struct reblock_finding *finding)
{
	struct explain *e = context;

	if (e->n_findings < EXPLAIN_FINDINGS)
		e->findings[e->n_findings] = *finding;
	e->n_findings++;
	return 0;
}

/* A trace of just these two records, by a source that would have seen anything between them. */
static bool audit_text(struct explain *e, enum reblock_vnmi vnmi)
{
	struct reblock_source source = { .presence = REBLOCK_SOURCE_CAPTURES,
					 .captures = (1u << REBLOCK_KINDS) - 1 };
	struct reblock_audit_options how = { .vnmi = vnmi,
					     .finding = on_finding,
					     .judgement = on_judgement,
					     .pair = on_pair,
					     .context = e };
	struct reblock_record both[2] = { e->exit, e->entry };
	struct reblock_audit *audit = reblock_audit_new(&source, &how);
	bool ok;

	both[1].vm = both[0].vm;
	both[1].vcpu = both[0].vcpu;
	ok = audit && reblock_audit_feed(audit, 0, both, 2) == 0 &&
	     reblock_audit_finish(audit) == 0;
	if (!ok)
		cli_say("explain", "out of memory");
	reblock_audit_free(audit);
	e->audited = true;
	return ok;
}

static int explain_text(const struct options *o)
{
	struct report report = { stdout, o->colour, "record" };
	struct explain e = { .exit_number = EXPLAIN_NO_NUMBER, .entry_number = EXPLAIN_NO_NUMBER };

	if (!parse("--record", o->record, REBLOCK_EXIT, &e.exit))
		return CLI_ERROR;
	if (o->entry && !parse("--entry", o->entry, REBLOCK_ENTRY, &e.entry))
		return CLI_ERROR;
	e.has_entry = o->entry != NULL;
	if (e.has_entry && !audit_text(&e, o->vnmi))
		return CLI_ERROR;
	if (!e.has_entry)
		e.assumed_pin = explain_assume_pin(&e.exit, o->vnmi);
	explain_exit(&report, &e);
	return CLI_OK;
}

static void say_what_it_is(const struct report *report, const struct explain_file *x)
{
	static const char *const texts[REBLOCK_KINDS] = {
		[REBLOCK_ENTRY] = "an entry whose exit is not in this file, or lies before a loss",
		[REBLOCK_MASK_WRITE] = "the hypervisor sets its NMI mask: blocking may change here",
		[REBLOCK_MASK_READ] = "what the hypervisor reported as its NMI mask",
		[REBLOCK_BLOCKED_READ] =
			"the hypervisor's own read of the VMCS: 0 proves that blocking by NMI is 0, 1 proves nothing",
		[REBLOCK_EVENTS_WRITE] =
			"user space sets the vCPU's events: blocking may change here",
		[REBLOCK_USER_EXIT] = "KVM_RUN returned to user space",
		[REBLOCK_LOST] =
			"records are missing here: what is known of the vCPUs concerned is dropped",
		[REBLOCK_META] = "the process and the name of a VM",
		[REBLOCK_WITNESS] = "what Intel PT shows of this vCPU",
	};

	explain_record(report, &x->wanted, x->number);
	fprintf(report->out, "  %s\n", texts[x->wanted.kind] ? texts[x->wanted.kind] : "");
	if (x->wanted.kind != REBLOCK_META)
		explain_findings(report, &x->explain);
}

static int explain_number(const char *word, const struct options *o)
{
	const char *hash = strrchr(word, '#');
	struct explain_file x = { .vnmi = o->vnmi, .pt = &o->pt };
	struct report report = { stdout, o->colour, NULL };
	int status = CLI_ERROR;
	char *path;

	if (!hash || hash == word || !cli_number(hash + 1, UINT64_MAX - 1, &x.number)) {
		cli_say("explain",
			"%s: give FILE#N, with N the number of a record; see reblock explain --help",
			word);
		return CLI_ERROR;
	}
	path = strndup(word, (size_t)(hash - word));
	if (!path) {
		cli_say("explain", "out of memory");
		return CLI_ERROR;
	}
	x.path = report.file = path;
	if (strcmp(path, "-") == 0) {
		cli_say("explain",
			"standard input cannot be read twice, as this needs; save it to a file");
	} else if (explain_file_read(&x)) {
		if (x.has_exit) {
			if (!x.explain.has_verdict)
				x.explain.assumed_pin = explain_assume_pin(&x.explain.exit, x.vnmi);
			if (x.wanted.kind != REBLOCK_EXIT && x.wanted.kind != REBLOCK_ENTRY) {
				explain_record(&report, &x.wanted, x.number);
				printf("  it lies between this exit and its entry:\n\n");
			}
			explain_exit(&report, &x.explain);
		} else {
			say_what_it_is(&report, &x);
		}
		status = CLI_OK;
	}
	free(path);
	return status;
}

int cli_explain(int argc, char **argv)
{
	enum { RECORD = 256, ENTRY, VNMI, COLOUR };
	static const struct option longs[] = {
		{ "record", required_argument, NULL, RECORD },
		{ "entry", required_argument, NULL, ENTRY },
		{ "vnmi", required_argument, NULL, VNMI },
		CLI_PT_LONGS,
		{ "color", required_argument, NULL, COLOUR },
		{ "colour", required_argument, NULL, COLOUR },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .vnmi = REBLOCK_VNMI_NOT_ASSUMED };
	int c;

	opterr = 0;
	cli_colour("auto", stdout, &o.colour);
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		switch (c) {
		case RECORD:
			o.record = optarg;
			break;
		case ENTRY:
			o.entry = optarg;
			break;
		case VNMI:
			if (cli_vnmi(optarg, &o.vnmi))
				break;
			cli_say("explain", "--vnmi takes on or off, not \"%s\"", optarg);
			return CLI_ERROR;
		case CLI_PT:
		case CLI_PT_CPU:
		case CLI_PT_CLOCK:
		case CLI_PT_IMAGE:
			if (cli_pt_option(&o.pt, "explain", c, optarg))
				break;
			return CLI_ERROR;
		case COLOUR:
			if (cli_colour(optarg, stdout, &o.colour))
				break;
			cli_say("explain", "--color takes auto, always or never, not \"%s\"",
				optarg);
			return CLI_ERROR;
		case 'h':
			fputs(help_text, stdout);
			return cli_finish("explain", stdout, CLI_OK);
		default:
			return cli_bad_option("explain", c, argv);
		}
	}
	if (!cli_pt_complete(&o.pt, "explain"))
		return CLI_ERROR;
	if (o.record ? argc != optind : argc - optind != 1 || o.entry) {
		cli_say("explain",
			"needs FILE#N, or --record and perhaps --entry; see reblock explain --help");
		return CLI_ERROR;
	}
	return cli_finish("explain", stdout,
			  o.record ? explain_text(&o) : explain_number(argv[optind], &o));
}
