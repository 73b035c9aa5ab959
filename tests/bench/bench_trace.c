/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench_trace write RECORDS FILE: a trace as a busy host makes it: 4 VMs of 4 vCPUs, all fields
 * recorded, one exit in 16 an IRET unblock that is re-blocked.
 * bench_trace crc FILE: reads FILE and takes its CRC32C, the least that any reader has to do.
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
#include <reblock/trace.h>

#define VMS 4
#define VCPUS 4
#define BATCH 1024

static const struct reblock_source source = {
	.source = "bench_trace",
	.clock = "monotonic",
	.presence = REBLOCK_SOURCE_EPT | REBLOCK_SOURCE_VNMI | REBLOCK_SOURCE_CAPTURES,
	.ept = 1,
	.vnmi = 1,
	.captures = 1u << REBLOCK_EXIT | 1u << REBLOCK_ENTRY | 1u << REBLOCK_MASK_WRITE |
		    1u << REBLOCK_MASK_READ | 1u << REBLOCK_BLOCKED_READ |
		    1u << REBLOCK_EVENTS_WRITE | 1u << REBLOCK_USER_EXIT,
};

/* Record N of the whole: vCPU after vCPU, exits and entries in turn. */
static struct reblock_record record_number(uint64_t n)
{
	uint64_t turn = n / (VMS * VCPUS), slot = n % (VMS * VCPUS), pair = turn / 2;
	int unblock = pair % 16 == 0;
	struct reblock_record r = {
		.t = 1000 * n,
		.rip = 0xffffffff81000000u + 16 * pair,
		.interruptibility = unblock && turn % 2 ? REBLOCK_BLOCKING_NMI : 0,
		.exec = 0xb6a06dfa,
		.vm = (uint32_t)(1 + slot / VCPUS),
		.pin = 0x3f,
		.vcpu = (uint16_t)(slot % VCPUS),
		.cpu = (uint16_t)slot,
		.presence = REBLOCK_HAS_RIP | REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_ERROR_CODE |
			    REBLOCK_HAS_INTERRUPTIBILITY | REBLOCK_HAS_PIN | REBLOCK_HAS_EXEC |
			    REBLOCK_HAS_L2 | REBLOCK_HAS_SEQ,
		.seq = (uint16_t)turn,
	};

	if (turn % 2) {
		r.kind = REBLOCK_ENTRY;
		r.presence |= REBLOCK_HAS_RIP_SAME;
		r.flags = REBLOCK_RIP_SAME;
		return r;
	}
	r.kind = REBLOCK_EXIT;
	r.presence |= REBLOCK_HAS_REASON | REBLOCK_HAS_QUALIFICATION | REBLOCK_HAS_IDT_VECTORING;
	r.reason = unblock ? REBLOCK_REASON_EPT_VIOLATION : REBLOCK_REASON_EXTERNAL_INTERRUPT;
	r.qualification = unblock ? 0x1181 : 0;
	return r;
}

static int write_trace(uint64_t records, const char *path)
{
	static struct reblock_record batch[BATCH];
	struct reblock_trace_writer *writer;
	int error = reblock_trace_create(path, &source, &writer), close_error;

	if (error != 0)
		return error;
	for (uint64_t n = 0; n < records && error == 0; n += BATCH) {
		size_t some = records - n < BATCH ? (size_t)(records - n) : BATCH;

		for (size_t i = 0; i < some; i++)
			batch[i] = record_number(n + i);
		error = reblock_trace_write(writer, batch, some);
	}
	close_error = reblock_trace_close(writer);
	return error != 0 ? error : close_error;
}

static int crc_of(const char *path)
{
	struct stat status;
	void *data;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) != 0)
		return -errno;
	data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	printf("%08" PRIx32 "\n", reblock_crc32c(0, data, (size_t)status.st_size));
	return 0;
}

int main(int argc, char **argv)
{
	int error;

	if (argc == 4 && strcmp(argv[1], "write") == 0) {
		error = write_trace(strtoull(argv[2], NULL, 10), argv[3]);
	} else if (argc == 3 && strcmp(argv[1], "crc") == 0) {
		error = crc_of(argv[2]);
	} else {
		fprintf(stderr, "usage: bench_trace write RECORDS FILE | crc FILE\n");
		return 2;
	}
	if (error != 0)
		fprintf(stderr, "%s: %s\n", argv[argc - 1], strerror(-error));
	return error != 0;
}
