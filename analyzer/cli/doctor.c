/* SPDX-License-Identifier: BSD-2-Clause */
/* reblock doctor: what this host can give. */
#include "cli/cli.h"
#ifdef REBLOCK_COLLECTOR
#include "collector/collector.h"
#endif

static const char help_text[] =
	"usage: reblock doctor [OPTIONS...]\n\n"
	"Prints what reblock record needs and finds on this host: kernel, CPU, Intel PT, kvm_intel's parameters, each\n"
	"attach point, rights, lockdown, BTF; which evidence grades a trace from here can give; and what to do about what is\n"
	"missing.\n\n"
	"  --color WHEN      auto (default), always or never\n"
	"  -h, --help        this text\n\n"
	"exit status: 0 reblock record can run here; 1 it cannot; 2 bad usage\n\n"
	"examples:\n"
	"  sudo reblock doctor\n";

int cli_doctor(int argc, char **argv)
{
	static const struct option longs[] = { { "color", required_argument, NULL, 'c' },
					       { "colour", required_argument, NULL, 'c' },
					       { "help", no_argument, NULL, 'h' },
					       { NULL, 0, NULL, 0 } };
	bool colour;
	int c;

	opterr = 0;
	cli_colour("auto", stdout, &colour);
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (c == 'h') {
			fputs(help_text, stdout);
			return cli_finish("doctor", stdout, CLI_OK);
		}
		if (c != 'c')
			return cli_bad_option("doctor", c, argv);
		if (!cli_colour(optarg, stdout, &colour)) {
			cli_say("doctor", "--color takes auto, always or never, not \"%s\"",
				optarg);
			return CLI_ERROR;
		}
	}
	if (optind < argc) {
		cli_say("doctor", "takes no \"%s\"; see reblock doctor --help", argv[optind]);
		return CLI_ERROR;
	}
#ifdef REBLOCK_COLLECTOR
	return cli_finish("doctor", stdout, collector_doctor(stdout, colour) ? CLI_FOUND : CLI_OK);
#else
	cli_say("doctor",
		"this reblock was built without the collector; build it with libbpf (REBLOCK_COLLECTOR=ON)");
	return CLI_FOUND;
#endif
}
