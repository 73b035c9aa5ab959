/* SPDX-License-Identifier: BSD-2-Clause */
/* The program reblock: finds the subcommand. */
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "cli/cli.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
} commands[] = {
	{ "audit", cli_audit, "judge traces and report where NMI blocking was handled wrongly" },
	{ "explain", cli_explain, "walk one exit through the rules, step by step" },
	{ "record", cli_record, "record a trace of the KVM guests on this host" },
	{ "watch", cli_watch,
	  "judge the KVM guests on this host as they run: findings, evidence, metrics" },
	{ "convert", cli_convert, "convert traces to the trace format or to JSON Lines" },
	{ "policies", cli_policies, "list the models of hypervisors, and compare what they do" },
	{ "doctor", cli_doctor,
	  "say what reblock record can see on this host, and what is missing" },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void help(FILE *out)
{
	fprintf(out,
		"usage: reblock COMMAND [OPTIONS...]\n\n"
		"Finds hypervisors that forget to block NMIs again when a guest's IRET takes a VM exit.\n\n"
		"commands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
	fprintf(out,
		"\n"
		"  reblock COMMAND --help   its options and examples\n"
		"  reblock --version\n\n"
		"examples:\n"
		"  reblock record -o host.rbt --duration 60   watch this host for a minute\n"
		"  reblock audit host.rbt                     judge what was recorded\n"
		"  reblock explain host.rbt#1234              why record 1234 is judged as it is\n");
}

/* A mapped file that gets shorter while it is read; nothing can be unwound from here. */
static void file_shrank(int signal)
{
	static const char text[] = "reblock: an input file was made shorter while it was read\n";

	(void)signal;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(CLI_ERROR);
	_exit(CLI_ERROR);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	signal(SIGBUS, file_shrank);
	if (!*name) {
		help(stderr);
		return CLI_ERROR;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
		if (argc > 2)
			for (size_t i = 0; i < COMMANDS; i++)
				if (strcmp(argv[2], commands[i].name) == 0)
					return commands[i].run(2, (char *[]){ argv[2], "--help",
									      NULL });
		help(stdout);
		return cli_finish("help", stdout, CLI_OK);
	}
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0 ||
	    strcmp(name, "version") == 0) {
		printf("reblock %s\n", REBLOCK_VERSION);
		return cli_finish("version", stdout, CLI_OK);
	}
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(name, commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "reblock: unknown %s %s; see reblock --help\n",
		*name == '-' ? "option" : "command", name);
	return CLI_ERROR;
}
