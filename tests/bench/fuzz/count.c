/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts what a fuzz program does, whoever runs it: inputs, and records that the audit is given. Linked in with --wrap; the
 * numbers are in the file that REBLOCK_FUZZ_COUNT names, 16 bytes that must be there, also for the processes that AFL++ forks.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <reblock/audit.h>

struct counts {
	uint64_t inputs, records;
};

static struct counts nowhere, *counts = &nowhere;

int __real_reblock_audit_feed(struct reblock_audit *audit, uint64_t first,
			      const struct reblock_record *records, size_t n);
int __wrap_reblock_audit_feed(struct reblock_audit *audit, uint64_t first,
			      const struct reblock_record *records, size_t n);
int __real_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

__attribute__((constructor)) static void map(void)
{
	const char *path = getenv("REBLOCK_FUZZ_COUNT");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *mapped;

	if (fd < 0)
		return;
	mapped = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapped != MAP_FAILED)
		counts = mapped;
	close(fd);
}

int __wrap_reblock_audit_feed(struct reblock_audit *audit, uint64_t first,
			      const struct reblock_record *records, size_t n)
{
	counts->records += n;
	return __real_reblock_audit_feed(audit, first, records, n);
}

int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	counts->inputs++;
	return __real_LLVMFuzzerTestOneInput(data, size);
}
