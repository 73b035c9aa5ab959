/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_pt_file loop|guests|program|guest MEGABYTES CPUS FILE: writes such a recording (pt_recording.h).
 * bench_pt_file raw MEGABYTES FILE: one CPU's PT alone, as of guests.
 * bench_pt_file repeat MEGABYTES RECORDING FILE: the PT of a recording again and again, with times that go on.
 * bench_pt_file packets|blocks|instructions FILE: decodes it by libipt alone (pt_peers.h).
 * bench_pt_file decode FILE JOBS [IMAGE]: reads FILE, PT decoded by so many threads, to the end; IMAGE: as for reblock audit --image.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <reblock/pt.h>
#include "input/guest_memory.h"
#include "pt_peers.h"
#include "pt_recording.h"

/* Reads FILE to its end, with what IMAGE names, as --image takes it, where it is not NULL. */
static int decode(const char *path, unsigned jobs, const char *image)
{
	struct guest_memory *memory = guest_memory_new();
	struct reblock_pt_options o = { .jobs = jobs };
	const struct reblock_record *records;
	struct reblock_input *in;
	uint64_t n = 0, irets = 0;
	char *error;
	long got;

	if (!memory)
		return -ENOMEM;
	if ((image && guest_memory_add(memory, image, &error)) ||
	    reblock_input_open(path, NULL, NULL, &in, &error)) {
		fprintf(stderr, "bench_pt_file: %s\n", error);
		return -EINVAL;
	}
	o.image = guest_memory_image(memory);
	if (reblock_input_pt(in, &o, &error)) {
		fprintf(stderr, "bench_pt_file: %s\n", error);
		return -EINVAL;
	}
	while ((got = reblock_input_next(in, &records)) > 0)
		for (long i = 0; i < got; i++, n++)
			irets += records[i].kind == REBLOCK_WITNESS &&
				 records[i].error_code == REBLOCK_SAW_IRET;
	printf("%" PRIu64 " records, %" PRIu64 " IRETs, %" PRIu64 " damages\n", n, irets,
	       reblock_input_damages(in));
	reblock_input_close(in);
	guest_memory_free(memory);
	return (int)got;
}

static int write_recording(char **args)
{
	static const char *const kinds[] = { "loop", "guests", "program", "guest" };
	uint64_t megabytes = strtoull(args[1], NULL, 10);

	if (!strcmp(args[0], "repeat"))
		return pt_recording_repeat(megabytes, args[2], args[3]);
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(args[0], kinds[i]))
			return pt_recording_write((enum pt_recording_kind)i, megabytes,
						  (unsigned)atoi(args[2]), args[3]);
	return -EINVAL;
}

int main(int argc, char **argv)
{
	static const char *const peers[] = { "packets", "blocks", "instructions" };
	int err = -EINVAL;

	if (argc == 5 && strcmp(argv[1], "decode")) {
		err = write_recording(argv + 1);
	} else if (argc == 4 && !strcmp(argv[1], "raw")) {
		err = pt_recording_write_raw(strtoull(argv[2], NULL, 10), argv[3]);
	} else if (argc > 3 && !strcmp(argv[1], "decode")) {
		err = decode(argv[2], (unsigned)atoi(argv[3]), argv[4]);
	} else if (argc == 3) {
		for (unsigned i = 0; i < sizeof(peers) / sizeof(*peers); i++)
			err = strcmp(argv[1], peers[i]) ? err : pt_peer((enum pt_peer)i, argv[2]);
	}
	if (err)
		fprintf(stderr, "bench_pt_file: %s\n", strerror(-err));
	return err ? 2 : 0;
}
