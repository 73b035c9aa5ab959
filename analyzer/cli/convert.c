/* SPDX-License-Identifier: BSD-2-Clause */
/* reblock convert: between the own trace format and JSON Lines. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <reblock/json.h>
#include <reblock/trace.h>
#include "cli/cli.h"
#include "cli/pt_options.h"

static const char help_text[] =
	"usage: reblock convert [--to trace|json] IN OUT\n"
	"       reblock convert [--to trace|json] --pt FILE --pt-cpu N ... [IN] OUT\n\n"
	"Converts between the own trace format and JSON Lines (docs/jsonl.md), and perf.data and trace.dat to\n"
	"either; what KVM's tracepoints do not carry stays absent. - is standard input or output. Intel PT's bytes are\n"
	"left out: what was decoded of them stands in OUT as witness records.\n\n"
	"  --to trace|json   the format of OUT. Default: by its name (.rbt; .jsonl or .json), else JSON Lines,\n"
	"                    from JSON Lines the own format\n" CLI_PT_HELP
	"  -h, --help        this text\n\n"
	"exit status: 0 converted; 2 could not; 3 IN is damaged: what is intact was converted, with lost records\n"
	"where something is missing\n\n"
	"examples:\n"
	"  reblock convert host.rbt host.jsonl\n"
	"  reblock convert host.rbt - | grep '\"event\":\"exit\"' | head\n"
	"  reblock convert --to trace handmade.jsonl handmade.rbt\n"
	"  reblock convert perf.data perf.rbt && reblock audit --vnmi on perf.rbt\n";

/* Where the records go: one of both. */
struct output {
	struct reblock_trace_writer *trace;
	FILE *json;
};

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static enum reblock_format target(const char *path, enum reblock_format given,
				  enum reblock_format input)
{
	if (given)
		return given;
	if (ends_with(path, ".jsonl") || ends_with(path, ".json"))
		return REBLOCK_FORMAT_JSON;
	if (ends_with(path, ".rbt"))
		return REBLOCK_FORMAT_TRACE;
	return input == REBLOCK_FORMAT_JSON ? REBLOCK_FORMAT_TRACE : REBLOCK_FORMAT_JSON;
}

/* Truncating what is still to be read would lose it. */
static bool same_file(const char *in, const char *out)
{
	struct stat a, b;

	if (strcmp(out, "-") == 0 ? fstat(STDOUT_FILENO, &b) : stat(out, &b))
		return false;
	if (strcmp(in, "-") == 0 ? fstat(STDIN_FILENO, &a) : stat(in, &a))
		return false;
	return S_ISREG(a.st_mode) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int json_begin(const char *path, const struct reblock_source *source, FILE **file)
{
	int fd = strcmp(path, "-") == 0 ?
			 STDOUT_FILENO :
			 open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char *text;

	if (fd < 0)
		return -errno;
	*file = fd == STDOUT_FILENO ? stdout : fdopen(fd, "w");
	if (!*file)
		return -ENOMEM;
	text = reblock_json_source(source);
	if (!text)
		return -ENOMEM;
	/* A description with nothing in it is none. */
	if (strcmp(text, "{\"event\":\"meta\"}") != 0)
		fprintf(*file, "%s\n", text);
	free(text);
	return 0;
}

static int json_write(FILE *file, const struct reblock_record *records, size_t n)
{
	char text[REBLOCK_JSON_RECORD_MAX];

	errno = 0;
	for (size_t i = 0; i < n; i++) {
		size_t length = reblock_json_record(&records[i], text);

		text[length] = '\n';
		if (fwrite(text, 1, length + 1, file) != length + 1)
			return errno ? -errno : -EIO;
	}
	return 0;
}

static int output_end(struct output *o)
{
	int err = 0;

	if (o->trace)
		return reblock_trace_close(o->trace);
	if (!o->json)
		return 0;
	errno = 0;
	if (fflush(o->json) != 0 || ferror(o->json))
		err = errno ? -errno : -EIO;
	if (o->json != stdout && fclose(o->json) != 0 && !err)
		err = errno ? -errno : -EIO;
	return err;
}

static uint64_t witnesses(const struct reblock_record *records, long n)
{
	uint64_t found = 0;

	for (long i = 0; i < n; i++)
		found += records[i].kind == REBLOCK_WITNESS;
	return found;
}

/* Audited again, OUT must not have twice what Intel PT shows: it has the records. */
static void say_pt(const struct reblock_input *in, const char *path, uint64_t found)
{
	uint64_t bytes = reblock_input_pt_bytes(in);

	if (bytes)
		cli_say("convert",
			"%s: its Intel PT (%" PRIu64
			" bytes) is left out: what was decoded of it are %" PRIu64
			" witness records",
			path, bytes, found);
	for (size_t i = 0; bytes && reblock_input_note(in, i); i++)
		cli_say("convert", "%s: %s", path, reblock_input_note(in, i));
}

/* Returns an exit status; IN is open. */
static int convert(struct reblock_input *in, const char *in_path, const char *path,
		   enum reblock_format to)
{
	struct output o = { NULL, NULL };
	const struct reblock_record *records;
	uint64_t total = 0, found = 0;
	struct cli_progress progress;
	long n = 0;
	int err, end;

	err = to == REBLOCK_FORMAT_TRACE ?
		      reblock_trace_create(path, reblock_input_source(in), &o.trace) :
		      json_begin(path, reblock_input_source(in), &o.json);
	cli_progress_begin(&progress, in_path);
	while (!err && (n = reblock_input_next(in, &records)) > 0) {
		err = o.trace ? reblock_trace_write(o.trace, records, (size_t)n) :
				json_write(o.json, records, (size_t)n);
		total += (uint64_t)n;
		found += witnesses(records, n);
		cli_progress(&progress, in);
	}
	cli_progress_clear(&progress);
	end = output_end(&o);
	if (!err)
		err = end;
	if (err == -EPIPE)
		return CLI_ERROR;
	if (err) {
		cli_say("convert", "%s: cannot be written: %s",
			strcmp(path, "-") == 0 ? "standard output" : path, strerror(-err));
		return CLI_ERROR;
	}
	if (n < 0) {
		cli_say("convert", "%s: reading failed: %s", in_path, strerror((int)-n));
		return CLI_ERROR;
	}
	say_pt(in, in_path, found);
	if (!reblock_input_damages(in))
		return CLI_OK;
	cli_say("convert",
		"%s is damaged: %s has what is intact, %" PRIu64 " records, lost ones included",
		in_path, strcmp(path, "-") == 0 ? "standard output" : path, total);
	return CLI_INCOMPLETE;
}

int cli_convert(int argc, char **argv)
{
	static const struct option longs[] = { { "to", required_argument, NULL, 't' },
					       CLI_PT_LONGS,
					       { "help", no_argument, NULL, 'h' },
					       { NULL, 0, NULL, 0 } };
	struct cli_pt pt = { .n = 0 };
	struct cli_damages damages = { .command = "convert" };
	enum reblock_format to = 0;
	struct reblock_input *in;
	const char *path, *out;
	int c, status;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (c == 'h') {
			fputs(help_text, stdout);
			return cli_finish("convert", stdout, CLI_OK);
		}
		if (c >= CLI_PT && c <= CLI_PT_IMAGE) {
			if (!cli_pt_option(&pt, "convert", c, optarg))
				return CLI_ERROR;
			continue;
		}
		if (c != 't')
			return cli_bad_option("convert", c, argv);
		to = strcmp(optarg, "trace") == 0 ? REBLOCK_FORMAT_TRACE :
		     strcmp(optarg, "json") == 0  ? REBLOCK_FORMAT_JSON :
						    0;
		if (!to) {
			cli_say("convert", "--to takes trace or json, not \"%s\"", optarg);
			return CLI_ERROR;
		}
	}
	if (!cli_pt_complete(&pt, "convert"))
		return CLI_ERROR;
	if (argc - optind != 2 && (!pt.n || argc - optind != 1)) {
		cli_say("convert", "needs an input and an output; see reblock convert --help");
		return CLI_ERROR;
	}
	path = argc - optind == 2 ? argv[optind] : NULL;
	out = argv[argc - 1];
	if (path && same_file(path, out)) {
		cli_say("convert", "%s: input and output are the same file", path);
		return CLI_ERROR;
	}
	damages.path = path ? path : pt.files[0].path;
	if (!cli_pt_open(&pt, "convert", path, 1, cli_damage, &damages, &in))
		return CLI_ERROR;
	status = convert(in, damages.path, out, target(out, to, reblock_input_format(in)));
	cli_damages_end(&damages);
	reblock_input_close(in);
	return status;
}
