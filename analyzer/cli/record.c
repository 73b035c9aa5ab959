/* SPDX-License-Identifier: BSD-2-Clause */
/* reblock record: its options. */
#include <stdlib.h>
#include <string.h>
#include "cli/cli.h"

static const char help_text[] =
	"usage: reblock record [OPTIONS...] [-- COMMAND...]\n\n"
	"Records what the KVM guests on this host and KVM do about NMI blocking, until Ctrl-C, the end of the duration\n"
	"or of COMMAND, which is started once recording runs. Needs root and kvm_intel; reblock doctor says what is\n"
	"missing. Once everything is attached, all rights are given up; COMMAND keeps them.\n\n"
	"  -o, --output FILE   the trace (default reblock.rbt); an older file of this name is replaced\n"
	"  --max-size SIZE     at most SIZE bytes, such as 500M or 2G, in the files FILE.000001, FILE.000002 ...: the oldest\n"
	"                      is removed when there is no room for a new one, also those of an earlier recording\n"
	"  --duration S        stop after S seconds, such as 60 or 0.5\n"
	"  --wait              where kvm_intel is not loaded, wait for it\n"
	"  --all               all exits and entries, not only those that can matter\n"
	"  --vm PID            only the VMs of process PID\n"
	"  --cgroup PATH       only VMs below this cgroup, such as /sys/fs/cgroup/machine.slice\n"
	"  --max-records-per-second N  above it, on the whole host, the rest of the second is only counted (default 200000;\n"
	"                      0: no limit)\n"
	"  --pt[=LIST]         Intel PT too, of host and guests, into the same file; where there is none it says so and records\n"
	"                      the rest. LIST, with commas: snapshot (only what comes last), user, kernel (of both), guest, host\n"
	"                      (a wish: Linux traces both), zstd (compressed), and terms as of perf record -e intel_pt/TERMS/,\n"
	"                      such as cyc=1 or branch=0 (docs/intel-pt.md)\n"
	"  --pt-buffer SIZE    bytes of PT's buffer of each CPU, a power of two from 8K to 1G (default 4M)\n"
	"  --pt-per-second SIZE  at most SIZE bytes of PT in a second; what is more is left out (default 128M; 0: no limit)\n"
	"  --bpf-stats         have the kernel measure how long the BPF programs run: costs every BPF program on the host\n"
	"  --keep-rights       do not give up any rights\n"
	"  --no-cache-fill     do not make KVM read the fields of each exit that it would not read itself: costs less,\n"
	"                      and more fields are absent\n"
	"  --trust-stale       for tests of reblock itself: use KVM's copies of exit fields without asking whether they\n"
	"                      are this exit's; the trace will hold wrong values\n"
	"  --ring-size N       bytes of the ring buffers of all CPUs, with K or M for kilobytes or megabytes (default 8M, and\n"
	"                      128K for each CPU at least)\n"
	"  -v, --verbose       also what libbpf and the kernel's verifier say\n"
	"  -h, --help          this text\n\n"
	"exit status: that of COMMAND where it ended by itself (128 + N: by signal N), else 0; 2 recording failed\n\n"
	"examples:\n"
	"  reblock record --duration 60 -o host.rbt\n"
	"  reblock record -- ./run-guest-test\n"
	"  reblock record --pt --vm 4711 --duration 10 -o one.rbt\n"
	"  reblock record --max-size 1G -o /var/tmp/host.rbt; reblock audit /var/tmp/host.rbt.*\n"
	"  reblock record -o live.rbt & ... ; kill -INT %1\n";

#ifdef REBLOCK_COLLECTOR
#include "cli/record_run.h"
#include <reblock/trace_set.h>

enum {
	DURATION = 256,
	NO_CACHE_FILL,
	TRUST_STALE,
	RING_SIZE,
	MAX_SIZE,
	WAIT,
	ALL,
	VM,
	CGROUP,
	MAX_RECORDS,
	BPF_STATS,
	KEEP_RIGHTS,
	PT,
	PT_SIZE,
	PT_LIMIT
};

#define RING_MOST (1ull << 30)
#define SIZE_MOST (1ull << 50)
#define PID_MOST (1u << 22) /* the kernel's own limit */

/* A size of at most MOST with K, M or G. */
static bool read_size(const char *text, uint64_t most, uint64_t *size)
{
	static const char units[] = "KkMmGg";
	char digits[24];
	size_t n = strspn(text, "0123456789");
	const char *unit = text[n] ? strchr(units, text[n]) : NULL;
	unsigned shift = unit ? 10 * (unsigned)((unit - units) / 2 + 1) : 0;

	if (n >= sizeof(digits) || text[n + (unit != NULL)])
		return false;
	memcpy(digits, text, n);
	digits[n] = 0;
	if (!cli_number(digits, most >> shift, size) || !*size)
		return false;
	*size <<= shift;
	return true;
}

static bool read_seconds(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	return *text >= '0' && *text <= '9' && !*end && *seconds > 0 && *seconds < 1e9;
}

/* Takes the value of option C. Returns false after saying what is wrong with it. */
static bool take_value(struct record_options *o, int c, const char *text)
{
	const char *wrong = NULL;
	uint64_t value = 0;

	switch (c) {
	case DURATION:
		if (!read_seconds(text, &o->duration))
			wrong = "--duration takes seconds, such as 60 or 0.5";
		break;
	case RING_SIZE:
		if (read_size(text, RING_MOST, &value))
			o->collector.ring_size = (unsigned)value;
		else
			wrong = "--ring-size takes bytes up to 1024M, such as 65536, 512K or 16M";
		break;
	case MAX_SIZE:
		if (!read_size(text, SIZE_MOST, &o->max_size) ||
		    o->max_size < REBLOCK_TRACE_SET_LEAST)
			wrong = "--max-size takes bytes, 1M or more, such as 500M or 2G";
		break;
	case VM:
		if (cli_number(text, PID_MOST, &value) && value)
			o->collector.pid = (uint32_t)value;
		else
			wrong = "--vm takes the process id of a VM";
		break;
	case PT_SIZE:
		if (!read_size(text, PT_BUFFER_MOST, &value) || value < PT_BUFFER_LEAST ||
		    value & (value - 1))
			wrong = "--pt-buffer takes bytes, a power of two from 8K to 1G, such as 16M";
		o->pt_options.buffer = value;
		break;
	case PT_LIMIT:
		o->pt_options.most_per_second = 0;
		if (strcmp(text, "0") != 0 &&
		    !read_size(text, SIZE_MOST, &o->pt_options.most_per_second))
			wrong = "--pt-per-second takes bytes, such as 64M, or 0 for no limit";
		break;
	case MAX_RECORDS:
		if (!cli_number(text, 1ull << 40, &o->collector.max_records_per_second))
			wrong = "--max-records-per-second takes a number, 0 for no limit";
		break;
	}
	if (wrong)
		cli_say("record", "%s, not \"%s\"", wrong, text);
	return !wrong;
}

/* Takes option C, which has no value that could be wrong. */
static void take_flag(struct record_options *o, int c)
{
	switch (c) {
	case 'o':
		o->path = optarg;
		break;
	case CGROUP:
		o->collector.cgroup = optarg;
		break;
	case WAIT:
		o->wait = true;
		break;
	case ALL:
		o->collector.all = true;
		break;
	case BPF_STATS:
		o->collector.bpf_stats = true;
		break;
	case KEEP_RIGHTS:
		o->keep_rights = true;
		break;
	case NO_CACHE_FILL:
		o->collector.no_cache_fill = true;
		break;
	case TRUST_STALE:
		o->collector.trust_stale = true;
		break;
	case 'v':
		o->collector.verbose = true;
		break;
	}
}

static const struct option longs[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "max-size", required_argument, NULL, MAX_SIZE },
	{ "duration", required_argument, NULL, DURATION },
	{ "wait", no_argument, NULL, WAIT },
	{ "all", no_argument, NULL, ALL },
	{ "vm", required_argument, NULL, VM },
	{ "cgroup", required_argument, NULL, CGROUP },
	{ "max-records-per-second", required_argument, NULL, MAX_RECORDS },
	{ "bpf-stats", no_argument, NULL, BPF_STATS },
	{ "keep-rights", no_argument, NULL, KEEP_RIGHTS },
	{ "pt", optional_argument, NULL, PT },
	{ "pt-buffer", required_argument, NULL, PT_SIZE },
	{ "pt-per-second", required_argument, NULL, PT_LIMIT },
	{ "no-cache-fill", no_argument, NULL, NO_CACHE_FILL },
	{ "trust-stale", no_argument, NULL, TRUST_STALE },
	{ "ring-size", required_argument, NULL, RING_SIZE },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static bool take_pt(struct record_options *o, const char *list)
{
	char *error;

	o->pt = true;
	if (pt_options_parse(&o->pt_options, list, &error))
		return true;
	cli_say("record", "--pt: %s", error ? error : "out of memory");
	free(error);
	return false;
}

int cli_record(int argc, char **argv)
{
	struct record_options o = { .path = "reblock.rbt" };
	int c;

	o.collector.max_records_per_second = COLLECTOR_BUDGET;
	o.pt_options.most_per_second = PT_MOST_PER_SECOND;
	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:o:vh", longs, NULL)) != -1) {
		if (c == 'h') {
			fputs(help_text, stdout);
			return cli_finish("record", stdout, CLI_OK);
		}
		if (c == '?' || c == ':')
			return cli_bad_option("record", c, argv);
		if (!take_value(&o, c, optarg) || (c == PT && !take_pt(&o, optarg)))
			return CLI_ERROR;
		take_flag(&o, c);
	}
	if (o.max_size && strcmp(o.path, "-") == 0) {
		cli_say("record", "--max-size makes files: give --output a name");
		return CLI_ERROR;
	}
	o.pt_options.pid = o.collector.pid;
	o.pt_options.cgroup = o.collector.cgroup;
	o.command = optind < argc ? argv + optind : NULL;
	return record_run(&o);
}
#else
int cli_record(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			fputs(help_text, stdout);
			return cli_finish("record", stdout, CLI_OK);
		}
	}
	cli_say("record",
		"this reblock was built without the collector; build it with libbpf (REBLOCK_COLLECTOR=ON)");
	return CLI_ERROR;
}
#endif
