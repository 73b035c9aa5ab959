// SPDX-License-Identifier: BSD-2-Clause
#include "rings.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define DEFAULT_TOTAL (8u << 20)
#define DEFAULT_LEAST (128u << 10)
#define DEFAULT_MOST (64u << 20)

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

void rings_plan(size_t wanted, unsigned cpus, struct rings *rings)
{
	size_t least = wanted ? page_size() : DEFAULT_LEAST;

	rings->n = cpus;
	if (rings->n > DEFAULT_MOST / DEFAULT_LEAST)
		rings->n = DEFAULT_MOST / DEFAULT_LEAST;
	if (!wanted)
		wanted = DEFAULT_TOTAL;
	rings->size = least;
	while (rings->size < wanted / rings->n && rings->size < 1u << 30)
		rings->size *= 2;
}

static void unmap(struct ring *ring)
{
	size_t page = page_size();

	if (ring->producer)
		munmap((void *)ring->producer, page + 2 * ring->size);
	if (ring->consumer)
		munmap(ring->consumer, page);
}

/* The consumer's position may be written, the producer's and the data, which follow it, may not. */
static int map(struct ring *ring, int fd)
{
	size_t page = page_size();
	void *at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		return -errno;
	ring->consumer = at;
	at = mmap(NULL, page + 2 * ring->size, PROT_READ, MAP_SHARED, fd, (off_t)page);
	if (at == MAP_FAILED)
		return -errno;
	ring->producer = at;
	ring->data = (const unsigned char *)at + page;
	return 0;
}

/* The table keeps the ring; its descriptor is not needed any more. */
static int make(struct ring *ring, int table, __u32 first, __u32 end, __u32 step)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, (__u32)ring->size, NULL);
	int result;

	if (fd < 0)
		return fd;
	result = map(ring, fd);
	for (__u32 cpu = first; !result && cpu < end; cpu += step)
		result = bpf_map_update_elem(table, &cpu, &fd, BPF_ANY);
	close(fd);
	return result;
}

int rings_make(struct rings *rings, int table, unsigned cpus)
{
	int result = 0;

	rings->ring = calloc(rings->n, sizeof(*rings->ring));
	if (!rings->ring)
		return -ENOMEM;
	for (size_t i = 0; !result && i < rings->n; i++) {
		rings->ring[i].size = rings->size;
		result = make(&rings->ring[i], table, (__u32)i, cpus, (__u32)rings->n);
	}
	if (result)
		rings_free(rings);
	return result;
}

void rings_free(struct rings *rings)
{
	for (size_t i = 0; rings->ring && i < rings->n; i++)
		unmap(&rings->ring[i]);
	free(rings->ring);
	rings->ring = NULL;
}
