/* SPDX-License-Identifier: BSD-2-Clause */
#include "pt_kernel.h"
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static _Noreturn void broken(const char *what)
{
	fprintf(stderr, "pt_kernel: %s\n", what);
	abort();
}

void pt_kernel_file(struct pt_kernel *k, const char *path, const char *text)
{
	char whole[256];
	FILE *file;

	snprintf(whole, sizeof(whole), "%s/%s", k->root, path);
	if (!text) {
		unlink(whole);
		return;
	}
	for (char *at = whole + strlen(k->root) + 1; (at = strchr(at, '/')); at++) {
		*at = 0;
		mkdir(whole, 0700);
		*at = '/';
	}
	file = fopen(whole, "w");
	if (!file || fprintf(file, "%s\n", text) < 0 || fclose(file))
		broken("a file of the tree cannot be written");
}

static struct pt_kernel_cpu *cpu_of(struct pt_kernel *k, int fd)
{
	if (fd < 100 || fd >= 100 + k->n_fds || !k->fds[fd - 100].open)
		broken("a descriptor that is not open");
	return &k->cpus[k->fds[fd - 100].cpu];
}

static int kernel_open(void *context, struct perf_event_attr *attr, pid_t pid, int cpu,
		       unsigned long flags)
{
	struct pt_kernel *k = context;

	if (k->open_error)
		return k->open_error;
	if (cpu == k->offline || cpu < 0 || cpu >= PT_KERNEL_CPUS)
		return -ENODEV;
	if (k->n_fds == PT_KERNEL_FDS)
		return -EMFILE;
	k->fds[k->n_fds].attr = *attr;
	k->fds[k->n_fds].pid = pid;
	k->fds[k->n_fds].cpu = cpu;
	k->fds[k->n_fds].redirected = -1;
	k->fds[k->n_fds].flags = flags;
	k->fds[k->n_fds].open = true;
	k->fds[k->n_fds].enabled = !attr->disabled;
	return 100 + k->n_fds++;
}

static void kernel_close(void *context, int fd)
{
	struct pt_kernel *k = context;

	cpu_of(k, fd);
	k->fds[fd - 100].open = false;
}

static void *map_base(struct pt_kernel *k, struct pt_kernel_cpu *cpu, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	cpu->memory = memfd_create("pt_kernel", MFD_CLOEXEC);
	if (cpu->memory < 0 || ftruncate(cpu->memory, (off_t)size))
		broken("no memory");
	cpu->page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu->memory, 0);
	if (cpu->page == MAP_FAILED)
		broken("no memory");
	cpu->base_size = size;
	cpu->data = (uint8_t *)cpu->page + page;
	cpu->data_size = size - page;
	if (cpu->data_size & (cpu->data_size - 1))
		broken("the data ring is no power of two");
	cpu->page->cap_user_time_zero = 1;
	cpu->page->time_mult = 1000;
	cpu->page->time_shift = 10;
	cpu->page->time_zero = (uint64_t)-5000;
	(void)k;
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu->memory, 0);
}

static void *map_aux(struct pt_kernel_cpu *cpu, size_t size, bool writable, off_t offset)
{
	void *at;

	/* kernel: perf_mmap() */
	if ((uint64_t)offset != cpu->page->aux_offset || size != cpu->page->aux_size ||
	    (size_t)offset < cpu->base_size || size & (size - 1)) {
		errno = EINVAL;
		return NULL;
	}
	if (ftruncate(cpu->memory, offset + (off_t)size))
		broken("no memory");
	cpu->overwrite = !writable;
	cpu->aux_size = size;
	cpu->aux = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, cpu->memory, offset);
	/* Nobody but the processor writes there, and nothing lies behind it. */
	cpu->fence = mmap(NULL, size + 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (cpu->fence == MAP_FAILED || cpu->aux == MAP_FAILED)
		broken("no memory");
	at = mmap(cpu->fence, size, PROT_READ, MAP_SHARED | MAP_FIXED, cpu->memory, offset);
	if (at == MAP_FAILED)
		broken("no memory");
	return at;
}

static void *kernel_map(void *context, int fd, size_t size, bool writable, off_t offset)
{
	struct pt_kernel *k = context;
	struct pt_kernel_cpu *cpu = cpu_of(k, fd);

	errno = offset ? k->aux_error : k->base_error;
	if (errno)
		return NULL;
	return offset ? map_aux(cpu, size, writable, offset) : map_base(k, cpu, size);
}

static void kernel_unmap(void *context, void *at, size_t size)
{
	(void)context;
	if (munmap(at, size))
		broken("unmapped what was not mapped");
}

static int kernel_enable(void *context, int fd, bool on)
{
	struct pt_kernel *k = context;
	struct pt_kernel_cpu *cpu = cpu_of(k, fd);
	bool was = cpu->enabled;

	k->fds[fd - 100].enabled = on;
	k->enables += on;
	cpu->enabled = on;
	if (was && !on && cpu->aux)
		pt_kernel_publish(k, (unsigned)k->fds[fd - 100].cpu, 0);
	return 0;
}

static int kernel_redirect(void *context, int fd, int to)
{
	struct pt_kernel *k = context;

	/* kernel: perf_event_set_output() */
	if (cpu_of(k, fd) != cpu_of(k, to))
		return -EINVAL;
	k->fds[fd - 100].redirected = to;
	return 0;
}

static void kernel_clocks(void *context, uint64_t *tsc, uint64_t *ns)
{
	struct pt_kernel *k = context;

	*tsc = k->tsc;
	*ns = k->now;
}

static void kernel_cpuid_0x15(void *context, uint32_t *eax, uint32_t *ebx)
{
	(void)context;
	*eax = 2;
	*ebx = 300;
}

void pt_kernel_begin(struct pt_kernel *k)
{
	static const char *const files[][2] = {
		{ "type", "8" },
		{ "format/pt", "config:0" },
		{ "format/cyc", "config:1" },
		{ "format/pwr_evt", "config:4" },
		{ "format/mtc", "config:9" },
		{ "format/tsc", "config:10" },
		{ "format/noretcomp", "config:11" },
		{ "format/branch", "config:13" },
		{ "format/mtc_period", "config:14-17" },
		{ "format/cyc_thresh", "config:19-22" },
		{ "format/psb_period", "config:24-27" },
		{ "format/event", "config:31" },
		{ "format/notnt", "config:55" },
		{ "caps/max_subleaf", "1" },
		{ "caps/psb_cyc", "1" },
		{ "caps/psb_periods", "3f" },
		{ "caps/cycle_thresholds", "3fff" },
		{ "caps/mtc", "1" },
		{ "caps/mtc_periods", "249" },
		{ "caps/event_trace", "1" },
		{ "caps/tnt_disable", "1" },
		{ "caps/topa_multiple_entries", "1" },
		{ "max_nonturbo_ratio", "24" },
		{ "tsc_art_ratio", "168:2" },
	};
	char path[160];

	memset(k, 0, sizeof(*k));
	strcpy(k->root, "/tmp/reblock-test-XXXXXX");
	if (!mkdtemp(k->root))
		broken("no folder");
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), PT_KERNEL_PMU "%s", files[i][0]);
		pt_kernel_file(k, path, files[i][1]);
	}
	pt_kernel_file(k, "sys/devices/system/cpu/online", "0,2");
	pt_kernel_file(k, "sys/module/kvm_intel/parameters/pt_mode", "0");
	k->offline = -1;
	k->now = 1000000000;
	k->tsc = 5000000000;
	k->os = (struct pt_os){ .root = k->root,
				.context = k,
				.open = kernel_open,
				.close = kernel_close,
				.map = kernel_map,
				.unmap = kernel_unmap,
				.enable = kernel_enable,
				.redirect = kernel_redirect,
				.clocks = kernel_clocks,
				.cpuid_0x15 = kernel_cpuid_0x15 };
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

void pt_kernel_forget(struct pt_kernel *k)
{
	for (int i = 0; i < k->n_fds; i++)
		if (k->fds[i].open)
			broken("a descriptor was left open");
	for (size_t i = 0; i < PT_KERNEL_CPUS; i++) {
		struct pt_kernel_cpu *cpu = &k->cpus[i];

		if (cpu->page) {
			munmap(cpu->page, cpu->base_size);
			close(cpu->memory);
		}
		if (cpu->aux) {
			munmap(cpu->aux, cpu->aux_size);
			munmap(cpu->fence + cpu->aux_size, 4096);
		}
		free(cpu->accepted);
		memset(cpu, 0, sizeof(*cpu));
	}
}

void pt_kernel_end(struct pt_kernel *k)
{
	pt_kernel_forget(k);
	nftw(k->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Numbers that are not to be mistaken for those at another place. */
static uint8_t byte_of(unsigned cpu, uint64_t n)
{
	return (uint8_t)(1 + (n * 0x9e3779b97f4a7c15u >> 40) % 251 + cpu);
}

static bool post(struct pt_kernel_cpu *cpu, const void *record, size_t size)
{
	uint64_t head = cpu->page->data_head, tail = cpu->page->data_tail;
	size_t at, first;

	if (cpu->data_size - (head - tail) < size)
		return false;
	at = head & (cpu->data_size - 1);
	first = cpu->data_size - at < size ? cpu->data_size - at : size;
	memcpy(cpu->data + at, record, first);
	memcpy(cpu->data, (const uint8_t *)record + first, size - first);
	cpu->page->data_head = head + size;
	return true;
}

void pt_kernel_publish(struct pt_kernel *k, unsigned number, uint64_t flags)
{
	struct pt_kernel_cpu *cpu = &k->cpus[number];
	uint64_t at = cpu->overwrite ? cpu->head & (cpu->aux_size - 1) : cpu->head;
	struct {
		struct perf_event_header header;
		uint64_t offset, size, flags;
	} aux = { { PERF_RECORD_AUX, 0, sizeof(aux) },
		  cpu->overwrite ? at : cpu->said,
		  cpu->overwrite ? cpu->aux_size : cpu->head - cpu->said,
		  flags | (cpu->overwrite ? PERF_AUX_FLAG_OVERWRITE : 0) };
	struct {
		struct perf_event_header header;
		uint64_t id, lost;
	} lost = { { PERF_RECORD_LOST, 0, sizeof(lost) }, 0, cpu->unsaid };

	if (aux.size || aux.flags) {
		if (cpu->unsaid && post(cpu, &lost, sizeof(lost)))
			cpu->unsaid = 0;
		if (cpu->unsaid || !post(cpu, &aux, sizeof(aux)))
			cpu->unsaid++;
	}
	cpu->said = cpu->head;
	__atomic_store_n(&cpu->page->aux_head, at, __ATOMIC_RELEASE);
}

void pt_kernel_put(struct pt_kernel *k, unsigned number, const uint8_t *bytes, size_t size)
{
	struct pt_kernel_cpu *cpu = &k->cpus[number];
	uint64_t room = cpu->aux_size - (cpu->head - cpu->page->aux_tail), n = size;

	if (!cpu->enabled)
		n = 0;
	else if (!cpu->overwrite && n > room)
		n = room;
	/* Twice as much each time: a sanitizer's realloc always copies. */
	if (cpu->n_accepted + n >= cpu->accepted_room) {
		cpu->accepted_room = 2 * (cpu->n_accepted + n + 1);
		cpu->accepted = realloc(cpu->accepted, cpu->accepted_room);
	}
	if (!cpu->accepted)
		broken("no memory");
	for (uint64_t i = 0; i < n; i++) {
		cpu->aux[cpu->head++ & (cpu->aux_size - 1)] = bytes[i];
		cpu->accepted[cpu->n_accepted++] = bytes[i];
	}
	cpu->lost += size - n;
	if (cpu->enabled && n < size) {
		pt_kernel_publish(k, number, PERF_AUX_FLAG_TRUNCATED);
		cpu->enabled = false;
	}
}

void pt_kernel_write(struct pt_kernel *k, unsigned number, size_t size)
{
	const struct pt_kernel_cpu *cpu = &k->cpus[number];
	uint8_t *bytes = malloc(size + 1);

	if (!bytes)
		broken("no memory");
	for (size_t i = 0; i < size; i++)
		bytes[i] = byte_of(number, cpu->n_accepted + cpu->lost + i);
	pt_kernel_put(k, number, bytes, size);
	free(bytes);
}
