/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_trace write RECORDS FILE [MISSED [LOST]]: a trace of a simulated busy host (fuzz/sim): 4 VMs of 4
 * vCPUs, all fields recorded; of 1000 re-blocks MISSED (default 1) are, of 1000 records LOST (0).
 * bench_trace peer FILE: maps FILE and takes its CRC32C and the sum of its 64-bit words, one after the
 * other: the least that any reader has to do who looks at every byte and trusts none. bench_trace
 * peer-at-once FILE: both in one pass, a piece at a time, so that the sum finds in the cache what the CRC has fetched.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <reblock/trace.h>
#include "sim/sim.h"

#define BATCH 1024

static int write_trace(uint64_t records, const char *path, unsigned missed, unsigned lost)
{
	static struct reblock_record batch[BATCH];
	static struct sim_seeded seeded;
	static struct sim sim;
	struct reblock_trace_writer *writer;
	struct sim_config config;
	struct reblock_source source;
	int error, close_error;

	sim_config_default(&config, 4, 4);
	config.policy.miss = missed;
	config.view.lost = lost;
	sim_seed(&seeded, 1);
	sim_start(&sim, &config, &seeded.random);
	source = sim_source(&config.view);
	error = reblock_trace_create(path, &source, &writer);
	if (error != 0)
		return error;
	for (uint64_t n = 0; n < records && error == 0; n += BATCH) {
		size_t some = records - n < BATCH ? (size_t)(records - n) : BATCH;

		for (size_t i = 0; i < some; i++)
			(void)sim_next(&sim, &batch[i]);
		error = reblock_trace_write(writer, batch, some);
	}
	close_error = reblock_trace_close(writer);
	return error != 0 ? error : close_error;
}

#define PIECE (21 * 3072) /* a multiple of what reblock_crc32c takes at once */

static int peer(const char *path, bool at_once)
{
	const unsigned char *data;
	struct stat status;
	uint64_t sum = 0;
	uint32_t crc = 0;
	size_t size, piece;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) != 0)
		return -errno;
	size = (size_t)status.st_size;
	data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	piece = at_once ? PIECE : size;
	for (size_t at = 0; at < size; at += piece) {
		size_t n = size - at < piece ? size - at : piece;
		const uint64_t *words = (const uint64_t *)(const void *)(data + at);

		crc = reblock_crc32c(crc, data + at, n);
		for (size_t i = 0; i < n / 8; i++)
			sum += words[i];
	}
	printf("%08" PRIx32 " %016" PRIx64 "\n", crc, sum);
	return 0;
}

int main(int argc, char **argv)
{
	int error;

	if (argc >= 4 && argc <= 6 && strcmp(argv[1], "write") == 0) {
		unsigned missed = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 1;
		unsigned lost = argc > 5 ? (unsigned)strtoul(argv[5], NULL, 10) : 0;

		error = write_trace(strtoull(argv[2], NULL, 10), argv[3], missed, lost);
	} else if (argc == 3 && strcmp(argv[1], "peer") == 0) {
		error = peer(argv[2], false);
	} else if (argc == 3 && strcmp(argv[1], "peer-at-once") == 0) {
		error = peer(argv[2], true);
	} else {
		fprintf(stderr,
			"usage: bench_trace write RECORDS FILE [MISSED [LOST]] | peer FILE | "
			"peer-at-once FILE\n");
		return 2;
	}
	if (error != 0)
		fprintf(stderr, "%s: %s\n", argv[argc - 1], strerror(-error));
	return error != 0;
}
