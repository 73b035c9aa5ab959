// SPDX-License-Identifier: BSD-2-Clause
#include "tables.h"

#include "internal.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "reblock.skel.h"

/* bpf_get_smp_processor_id is below it. */
static int possible_cpus(void)
{
	int cpus = libbpf_num_possible_cpus();

	return cpus < 0 ? cpus : cpus ? cpus : -EINVAL;
}

static struct bpf_map *exits_of(const struct attached *attached)
{
	return bpf_object__find_map_by_name(attached->bpf->obj, "exits");
}

int tables_size(struct attached *attached, const struct collector_options *options)
{
	struct reblock_bpf *bpf = attached->bpf;
	__u32 vcpus = options->vcpus ? options->vcpus : COLLECTOR_VCPUS;
	int cpus = possible_cpus();
	const struct {
		struct bpf_map *map;
		__u32 entries;
	} sizes[] = {
		{ bpf->maps.rings, (__u32)cpus },  { exits_of(attached), (__u32)cpus },
		{ bpf->maps.vmread, (__u32)cpus }, { bpf->maps.vcpus, vcpus },
		{ bpf->maps.threads, 2 * vcpus },
	};
	int result = 0;

	if (cpus < 0)
		return cpus;
	attached->cpus = (unsigned)cpus;
	rings_plan(options->ring_size, attached->cpus, &attached->rings);
	for (size_t i = 0; !result && i < sizeof(sizes) / sizeof(*sizes); i++) {
		if (sizes[i].map)
			result = bpf_map__set_max_entries(sizes[i].map, sizes[i].entries);
	}
	if (!result)
		result = bpf_map__set_autocreate(bpf->maps.cgroups, options->cgroup != NULL);
	bpf->rodata->selected_pid = options->pid;
	bpf->rodata->selected_cgroup = options->cgroup != NULL;
	bpf->rodata->budgeted = options->max_records_per_second != 0;
	return result;
}

int tables_open_cgroup(const char *path, char **error)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs status;

	if (folder < 0) {
		int result = -errno;

		*error = text("cgroup %s: %s", path, strerror(-result));
		return result;
	}
	if (fstatfs(folder, &status) || status.f_type != CGROUP2_SUPER_MAGIC) {
		close(folder);
		*error = text(
			"%s is not the folder of a cgroup (of version 2): give one below /sys/fs/cgroup, such as\n"
			"/sys/fs/cgroup/machine.slice",
			path);
		return -EINVAL;
	}
	return folder;
}

static int name_cgroup(struct attached *attached, const char *path, char **error)
{
	int folder = tables_open_cgroup(path, error), result;
	__u32 first = 0;

	if (folder < 0)
		return folder;
	result = bpf_map_update_elem(bpf_map__fd(attached->bpf->maps.cgroups), &first, &folder,
				     BPF_ANY);
	if (result)
		*error = text("the kernel does not take cgroup %s: %s", path, strerror(-result));
	close(folder);
	return result;
}

static size_t exits_bytes(const struct attached *attached)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (attached->cpus * sizeof(struct collector_row) + page - 1) & ~(page - 1);
}

static int map_exits(struct attached *attached)
{
	struct bpf_map *map = exits_of(attached);
	void *at;

	if (!map)
		return 0;
	at = mmap(NULL, exits_bytes(attached), PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);
	if (at == MAP_FAILED)
		return -errno;
	attached->exits = at;
	return 0;
}

int tables_fill(struct attached *attached, const struct collector_options *options, char **error)
{
	int result = rings_make(&attached->rings, bpf_map__fd(attached->bpf->maps.rings),
				attached->cpus);

	if (!result)
		result = map_exits(attached);
	if (!result && options->cgroup)
		result = name_cgroup(attached, options->cgroup, error);
	attached->bpf->bss->budget.left = (int64_t)options->max_records_per_second;
	return result;
}

void tables_free(struct attached *attached)
{
	rings_free(&attached->rings);
	if (attached->exits)
		munmap((void *)attached->exits, exits_bytes(attached));
	attached->exits = NULL;
}
