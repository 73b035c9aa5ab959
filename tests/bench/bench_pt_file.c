/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_pt_file loop|guests|program MEGABYTES CPUS FILE: writes such a recording (pt_recording.h).
 * bench_pt_file repeat MEGABYTES RECORDING FILE: the PT of a recording again and again, with times that go on.
 * bench_pt_file packets FILE: the least that anybody does with libipt: its packet decoder, packet after packet, on one CPU.
 * bench_pt_file decode FILE JOBS: reads FILE, PT decoded by so many threads, to the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <reblock/pt.h>
#include "pt/libipt.h"
#include "pt_recording.h"

static int decode(const char *path, unsigned jobs)
{
	struct reblock_pt_options o = { .jobs = jobs };
	const struct reblock_record *records;
	struct reblock_input *in;
	uint64_t n = 0;
	char *error;
	long got;

	if (reblock_input_open(path, NULL, NULL, &in, &error) || reblock_input_pt(in, &o, &error)) {
		fprintf(stderr, "bench_pt_file: %s\n", error);
		return -EINVAL;
	}
	while ((got = reblock_input_next(in, &records)) > 0)
		n += (uint64_t)got;
	printf("%" PRIu64 " records, %" PRIu64 " damages\n", n, reblock_input_damages(in));
	reblock_input_close(in);
	return (int)got;
}

#ifdef REBLOCK_LIBIPT
static uint64_t packets_of(uint8_t *bytes, size_t size)
{
	struct libipt_config config;
	struct pt_packet_decoder *decoder;
	struct pt_packet packet;
	uint64_t n = 0;

	pt_config_init(&config);
	config.begin = bytes;
	config.end = bytes + size;
	decoder = pt_pkt_alloc_decoder(&config);
	if (!decoder || pt_pkt_sync_set(decoder, 0) < 0)
		exit(2);
	while (pt_pkt_next(decoder, &packet, sizeof(packet)) > 0)
		n++;
	pt_pkt_free_decoder(decoder);
	return n;
}

static int packets(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	uint64_t n = 0, bytes = 0;
	uint8_t *file;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file == MAP_FAILED)
		return -errno;
	/* AUXTRACE records are 48 bytes long, and so are no others: kind 71, and 64 KiB more than that behind it. */
	for (size_t at = 0; at + 48 < (size_t)st.st_size;) {
		uint64_t size;
		uint32_t head[2];

		memcpy(head, file + at, 8);
		memcpy(&size, file + at + 8, 8);
		if (head[0] != 71 || head[1] != 48u << 16 || size > (size_t)st.st_size - at - 48) {
			at += 8;
			continue;
		}
		n += packets_of(file + at + 48, size);
		bytes += size;
		at += 48 + size;
	}
	printf("%" PRIu64 " packets, %" PRIu64 " bytes\n", n, bytes);
	return 0;
}
#else
static int packets(const char *path)
{
	(void)path;
	return -ENOTSUP;
}
#endif

static int write_recording(char **args)
{
	static const char *const kinds[] = { "loop", "guests", "program" };
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
	int err = -EINVAL;

	if (argc == 5) {
		err = write_recording(argv + 1);
	} else if (argc == 3 && !strcmp(argv[1], "packets")) {
		err = packets(argv[2]);
	} else if (argc == 4 && !strcmp(argv[1], "decode")) {
		err = decode(argv[2], (unsigned)atoi(argv[3]));
	}
	if (err)
		fprintf(stderr, "bench_pt_file: %s\n", strerror(-err));
	return err ? 2 : 0;
}
