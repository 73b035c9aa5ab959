/* SPDX-License-Identifier: BSD-2-Clause */
/* Without the collector there is nothing to record. */
#ifdef REBLOCK_COLLECTOR
#include "cli/record_pt.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "cli/cli.h"

static int take_piece(void *context, const struct reblock_pt_piece *piece)
{
	return record_output_pt(((struct record_pt *)context)->output, piece);
}

static int take_point(void *context, const struct reblock_pt_point *point)
{
	return record_output_pt_clock(((struct record_pt *)context)->output, point);
}

bool record_pt_begin(struct record_pt *pt, const struct pt_options *options)
{
	char *said;
	int err;

	*pt = (struct record_pt){ .most_per_second = options->most_per_second };
	err = pt_recording_begin(&pt_os_linux, options, &pt->recording, &said);
	if (said)
		fputs(said, stderr);
	else if (err)
		cli_say("record", "Intel PT is not recorded: %s", strerror(-err));
	free(said);
	/* A term that is wrong is for the user to correct; without PT the rest is worth having. */
	return err != -EINVAL;
}

int record_pt_describe(struct record_pt *pt, const struct pt_options *options,
		       struct record_output *output)
{
	int err = 0;

	pt->output = output;
	if (!pt->recording)
		return 0;
	if (options->compress)
		err = record_output_pt_compress(output);
	if (!err)
		err = record_output_pt_setup(output, pt_recording_setup(pt->recording));
	return err ? err : record_pt_poll(pt);
}

int record_pt_poll(struct record_pt *pt)
{
	const struct pt_sink sink = { take_piece, take_point, pt };

	return pt->recording ? pt_recording_poll(pt->recording, &sink) : 0;
}

int record_pt_stop(struct record_pt *pt)
{
	const struct pt_sink sink = { take_piece, take_point, pt };

	return pt->recording ? pt_recording_stop(pt->recording, &sink) : 0;
}

void record_pt_news(struct record_pt *pt)
{
	struct pt_stats stats;

	if (!pt->recording)
		return;
	pt_recording_stats(pt->recording, &stats);
	if (stats.truncated && !pt->truncated)
		cli_say("record",
			"Intel PT comes faster than it can be taken: it stands still where a CPU's buffer is full "
			"(a larger --pt-buffer, or less: --pt=branch=0 where there is Event Trace)");
	if (stats.left_out && !pt->left_out)
		cli_say("record",
			"more than %" PRIu64
			" bytes of Intel PT in a second: the rest of each second is left out (--pt-per-second)",
			pt->most_per_second);
	pt->truncated = stats.truncated;
	pt->left_out = stats.left_out;
}

void record_pt_sum_up(const struct record_pt *pt)
{
	struct pt_stats stats;

	if (!pt->recording)
		return;
	pt_recording_stats(pt->recording, &stats);
	fprintf(stderr, "%" PRIu64 " bytes of Intel PT, of %u CPUs\n", stats.bytes, stats.cpus);
	if (stats.truncated)
		fprintf(stderr, "%" PRIu64 " times a CPU's buffer was full, and PT stood still\n",
			stats.truncated);
	if (stats.left_out)
		fprintf(stderr, "%" PRIu64 " bytes were over the limit (--pt-per-second)\n",
			stats.left_out);
	if (stats.partial)
		fprintf(stderr,
			"%" PRIu64
			" times PT was off for a while: this CPU cannot trace while VMX is on, so guests are not in it\n",
			stats.partial);
	if (stats.lost)
		fprintf(stderr,
			"%" PRIu64
			" times it is not known whether bytes are missing: the kernel had no room to say it\n",
			stats.lost);
}

void record_pt_end(struct record_pt *pt)
{
	pt_recording_free(pt->recording);
	pt->recording = NULL;
}
#endif
