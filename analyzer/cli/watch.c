/* SPDX-License-Identifier: BSD-2-Clause */
/* reblock watch: the agent. */
#include <inttypes.h>
#include <string.h>
#include "cli/cli.h"

static const char help_text[] =
	"usage: reblock watch [OPTIONS...]\n\n"
	"Judges what the KVM guests on this host and KVM do about NMI blocking, as it happens, until Ctrl-C or SIGTERM: prints\n"
	"findings, keeps the evidence of each, and serves metrics for Prometheus. Needs the rights of reblock record.\n\n"
	"  --from FILE         judge records from FILE instead, of any format that reblock audit reads; - is standard\n"
	"                      input; those of a pipe are judged as they come. At its end metrics are still served\n"
	"  --exit              end at the end of FILE\n"
	"  --vnmi on|off       with --from: as for reblock audit\n\n"
	"  --json              findings as JSON Lines (the objects of reblock audit --json, and some keys more)\n"
	"  --rate N            print at most N findings of one kind and VM a minute; what is more is counted, and the\n"
	"                      count told (default 10; 0: print all)\n"
	"  --evidence DIR      keep the records around each finding there, in files that reblock audit reads\n"
	"  --records N         so many records of the vCPU before a finding, and half as many after (2 to 4096, default 64)\n"
	"  --max-size N        bytes of evidence at most, with K, M or G; the oldest goes first (default 256M)\n"
	"  --listen ADDR:PORT  serve metrics there, or none, or systemd: on the socket that a socket unit passes (default\n"
	"                      127.0.0.1:9747)\n"
	"  --per-vm            metrics have the VM as a label\n"
	"  --max-vcpus N       keep a state of at most N vCPUs, those seen latest (default 4096)\n\n"
	"  --all               judge every exit, not only those that the filter in the kernel takes for relevant\n"
	"  --vm PID            only VMs of this process\n"
	"  --cgroup PATH       only vCPU threads below this cgroup (v2) folder\n"
	"  --max-records-per-second N\n"
	"                      above it exits are only counted, until there are less (default 200000; 0: no limit)\n"
	"  --bpf-stats         measure how long the BPF programs run; costs every BPF program on the host\n"
	"  --no-cache-fill     do not make KVM read the fields of each exit that it would not read itself\n"
	"  --ring-size N       bytes of the ring buffer, with K or M (default 8M)\n"
	"  --keep-rights       keep the rights to attach, to be able to do it again after --detach\n\n"
	"  --control PATH      the socket of the agent, or none (default $RUNTIME_DIRECTORY/watch.sock, else\n"
	"                      /run/reblock/watch.sock; with --from none)\n"
	"  --detach            ask the agent at that socket to let go of kvm_intel, so that it can be unloaded\n"
	"  --status            ask it how it is\n"
	"  -v, --verbose       also what libbpf and the kernel's verifier say\n"
	"  -h, --help          this text\n\n"
	"exit status: 0 asked to end; 2 could not run; 75 to be started again: kvm_intel was loaded again after --detach, and\n"
	"the rights to attach were given up\n\n"
	"examples:\n"
	"  reblock watch --evidence /var/lib/reblock\n"
	"  reblock watch --json --listen [::1]:9747 --per-vm | logger -t reblock\n"
	"  reblock watch --from host.rbt --exit --rate 0\n"
	"  my-hypervisor --trace | reblock watch --from -\n"
	"  reblock watch --detach && rmmod kvm_intel\n";

#ifdef REBLOCK_AGENT
#include "agent/agent.h"
#include "agent/control.h"
#include "agent/evidence.h"

struct options {
	struct agent_options agent;
	const char *ask; /* a command for the agent that runs; NULL: be it */
	const char *control;
	const char *live; /* the last option given that is for KVM on this host only; NULL: none */
};

static int not_taken(const char *option, const char *what, const char *text)
{
	cli_say("watch", "%s takes %s, not \"%s\"", option, what, text);
	return CLI_ERROR;
}

static bool number(const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
	return cli_number(text, most, value) && *value >= least;
}

enum {
	FROM = 256,
	EXIT,
	VNMI,
	JSON,
	RATE,
	EVIDENCE,
	RECORDS,
	MAX_SIZE,
	LISTEN,
	PER_VM,
	MAX_VCPUS,
	ALL,
	VM,
	CGROUP,
	BUDGET,
	BPF_STATS,
	NO_CACHE_FILL,
	RING_SIZE,
	KEEP_RIGHTS,
	CONTROL,
	DETACH,
	STATUS
};

static const struct option longs[] = {
	{ "from", required_argument, NULL, FROM },
	{ "exit", no_argument, NULL, EXIT },
	{ "vnmi", required_argument, NULL, VNMI },
	{ "json", no_argument, NULL, JSON },
	{ "rate", required_argument, NULL, RATE },
	{ "evidence", required_argument, NULL, EVIDENCE },
	{ "records", required_argument, NULL, RECORDS },
	{ "max-size", required_argument, NULL, MAX_SIZE },
	{ "listen", required_argument, NULL, LISTEN },
	{ "per-vm", no_argument, NULL, PER_VM },
	{ "max-vcpus", required_argument, NULL, MAX_VCPUS },
	{ "all", no_argument, NULL, ALL },
	{ "vm", required_argument, NULL, VM },
	{ "cgroup", required_argument, NULL, CGROUP },
	{ "max-records-per-second", required_argument, NULL, BUDGET },
	{ "bpf-stats", no_argument, NULL, BPF_STATS },
	{ "no-cache-fill", no_argument, NULL, NO_CACHE_FILL },
	{ "ring-size", required_argument, NULL, RING_SIZE },
	{ "keep-rights", no_argument, NULL, KEEP_RIGHTS },
	{ "control", required_argument, NULL, CONTROL },
	{ "detach", no_argument, NULL, DETACH },
	{ "status", no_argument, NULL, STATUS },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

#ifdef REBLOCK_COLLECTOR
/* Options for KVM on this host. Returns -1 to go on, or an exit status. */
static int read_live(struct options *o, int c)
{
	struct collector_options *collector = &o->agent.live.collector;
	uint64_t value;

	switch (c) {
	case ALL:
		collector->all = true;
		break;
	case VM:
		if (!number(optarg, 1, UINT32_MAX, &value))
			return not_taken("--vm", "the id of a process", optarg);
		collector->pid = (uint32_t)value;
		break;
	case CGROUP:
		collector->cgroup = optarg;
		break;
	case BUDGET:
		if (!number(optarg, 0, UINT64_MAX, &collector->max_records_per_second))
			return not_taken("--max-records-per-second", "a number, or 0 for no limit",
					 optarg);
		break;
	case BPF_STATS:
		collector->bpf_stats = true;
		break;
	case NO_CACHE_FILL:
		collector->no_cache_fill = true;
		break;
	case RING_SIZE:
		if (!cli_size(optarg, 1u << 30, &value))
			return not_taken("--ring-size",
					 "bytes up to 1024M, such as 65536, 512K or 16M", optarg);
		collector->ring_size = (unsigned)value;
		break;
	case KEEP_RIGHTS:
		o->agent.live.keep_rights = true;
		break;
	}
	return -1;
}
#else
static int read_live(struct options *o, int c)
{
	(void)o;
	(void)c;
	return -1;
}
#endif

/* The others, likewise. */
static int read_option(struct options *o, int c)
{
	struct agent_options *a = &o->agent;
	uint64_t value;

	switch (c) {
	case FROM:
		a->from = optarg;
		break;
	case EXIT:
		a->exit = true;
		break;
	case VNMI:
		if (!cli_vnmi(optarg, &a->vnmi))
			return not_taken("--vnmi", "on or off", optarg);
		break;
	case JSON:
		a->json = true;
		break;
	case RATE:
		if (!number(optarg, 0, UINT64_MAX, &a->rate))
			return not_taken("--rate", "a number, or 0 for all", optarg);
		break;
	case EVIDENCE:
		a->evidence = optarg;
		break;
	case RECORDS:
		if (!number(optarg, 2, AGENT_RECORDS_MOST, &value))
			return not_taken("--records", "a number from 2 to 4096", optarg);
		a->records = value;
		break;
	case MAX_SIZE:
		if (!cli_size(optarg, UINT64_MAX >> 1, &a->max_size))
			return not_taken("--max-size", "bytes, such as 10000000, 64M or 1G",
					 optarg);
		break;
	case LISTEN:
		a->listen = strcmp(optarg, "none") == 0 ? NULL : optarg;
		break;
	case PER_VM:
		a->per_vm = true;
		break;
	case MAX_VCPUS:
		if (!number(optarg, 1, AGENT_VCPUS_MOST, &value))
			return not_taken("--max-vcpus", "a number from 1 to 1000000", optarg);
		a->most_vcpus = value;
		break;
	case CONTROL:
		o->control = optarg;
		break;
	case DETACH:
		o->ask = "detach";
		break;
	case STATUS:
		o->ask = "status";
		break;
	}
	return -1;
}

/* What does not go together, and what follows from the rest. Returns -1, or an exit status. */
static int complete(struct options *o, char *control, size_t size)
{
	struct agent_options *a = &o->agent;
	bool none = o->control && strcmp(o->control, "none") == 0;

	if (a->from && o->live) {
		cli_say("watch", "%s is for KVM on this host, and not with --from", o->live);
		return CLI_ERROR;
	}
	if (!a->from && (a->exit || a->vnmi != REBLOCK_VNMI_NOT_ASSUMED)) {
		cli_say("watch", "%s goes with --from FILE only", a->exit ? "--exit" : "--vnmi");
		return CLI_ERROR;
	}
	if (a->max_size < 4 * evidence_file_size(4 * a->records)) {
		cli_say("watch",
			"--max-size is too small for evidence of %zu records each; make it at least %" PRIu64,
			a->records, 4 * evidence_file_size(4 * a->records));
		return CLI_ERROR;
	}
#ifndef REBLOCK_COLLECTOR
	if (!a->from) {
		cli_say("watch",
			"this reblock was built without the collector: it judges --from FILE only, or build it with libbpf (REBLOCK_COLLECTOR=ON)");
		return CLI_ERROR;
	}
#endif
	a->control_needed = o->control != NULL;
	if (none || (a->from && !o->control))
		a->control = NULL;
	else
		a->control = o->control ? o->control : control_default(control, size);
	return -1;
}

static int watch(int argc, char **argv)
{
	struct options o = { .agent = { .version = REBLOCK_VERSION,
					.vnmi = REBLOCK_VNMI_NOT_ASSUMED,
					.rate = 10,
					.records = 64,
					.max_size = 256u << 20,
					.most_vcpus = 4096,
					.listen = "127.0.0.1:9747" } };
	char control[256];
	int c, status;

#ifdef REBLOCK_COLLECTOR
	o.agent.live.collector.max_records_per_second = COLLECTOR_BUDGET;
#endif
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":vh", longs, NULL)) != -1) {
		if (c == 'h') {
			fputs(help_text, stdout);
			return cli_finish("watch", stdout, CLI_OK);
		}
		if (c == '?' || c == ':')
			return cli_bad_option("watch", c, argv);
		if (c >= ALL && c <= KEEP_RIGHTS) {
			o.live = argv[optind - 1][0] == '-' ? argv[optind - 1] : argv[optind - 2];
			status = read_live(&o, c);
		} else {
			status = read_option(&o, c);
		}
		if (status >= 0)
			return status;
#ifdef REBLOCK_COLLECTOR
		if (c == 'v')
			o.agent.live.collector.verbose = true;
#endif
	}
	if (optind < argc) {
		cli_say("watch",
			"what is \"%s\"? An input is given by --from; see reblock watch --help",
			argv[optind]);
		return CLI_ERROR;
	}
	if (o.ask)
		return cli_finish("watch", stdout, (int)agent_ask(o.control, o.ask));
	status = complete(&o, control, sizeof(control));
	return status >= 0 ? status : (int)agent_run(&o.agent);
}
#endif

int cli_watch(int argc, char **argv)
{
#ifdef REBLOCK_AGENT
	return watch(argc, argv);
#else
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(help_text, stdout);
		return cli_finish("watch", stdout, CLI_OK);
	}
	cli_say("watch",
		"this reblock was built without the agent; build it with libmicrohttpd (REBLOCK_AGENT=ON)");
	return CLI_ERROR;
#endif
}
