/* SPDX-License-Identifier: BSD-2-Clause */
/* reblock policies: the models of hypervisors, and how they compare. */
#include <stdlib.h>
#include "cli/cli.h"
#include "report/report.h"

static const char help_text[] =
	"usage: reblock policies [OPTIONS...]\n\n"
	"Lists the policies that reblock audit --policy NAME can replay: models of hypervisors, each a\n"
	"reading of the source that it names. None of that code was run.\n\n"
	"  --compare     a table of what each does in each situation of the rules, computed by running the\n"
	"                models\n"
	"  --names       the names alone, one a line\n"
	"  --json        one JSON object a line for each policy\n"
	"  -h, --help    this text\n\n"
	"exit status:\n"
	"  0  listed\n"
	"  2  bad usage, or output that could not be written\n\n"
	"examples:\n"
	"  reblock policies --compare\n"
	"  reblock policies --compare --json | jq -r 'select(.situations.EPT == \"n\").policy'\n"
	"  reblock audit --policy xen-before-d329b37d12 host.rbt\n";

int cli_policies(int argc, char **argv)
{
	enum { JSON = 256, COMPARE, NAMES };
	static const struct option longs[] = {
		{ "json", no_argument, NULL, JSON },
		{ "compare", no_argument, NULL, COMPARE },
		{ "names", no_argument, NULL, NAMES },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	bool json = false, compare = false, names = false;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		switch (c) {
		case JSON:
			json = true;
			break;
		case COMPARE:
			compare = true;
			break;
		case NAMES:
			names = true;
			break;
		case 'h':
			fputs(help_text, stdout);
			return cli_finish("policies", stdout, CLI_OK);
		default:
			return cli_bad_option("policies", c, argv);
		}
	}
	if (optind < argc) {
		cli_say("policies",
			"takes no arguments, such as \"%s\"; see reblock policies --help",
			argv[optind]);
		return CLI_ERROR;
	}
	if (names && (compare || json)) {
		cli_say("policies", "--names goes alone");
		return CLI_ERROR;
	}
	if (names)
		report_policy_names(stdout);
	else if (compare && json)
		report_json_comparison(stdout);
	else if (compare)
		report_text_comparison(stdout);
	else if (json)
		report_json_policies(stdout);
	else
		report_text_policies(stdout);
	return cli_finish("policies", stdout, CLI_OK);
}
