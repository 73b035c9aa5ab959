// SPDX-License-Identifier: BSD-2-Clause
#include "pt_open.h"

#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Pages of a data ring: PERF_RECORD_AUX alone go there, and a drain comes each 10 ms. */
#define DATA_PAGES 16
#define CPUS_MOST 8192
#define THREADS_MOST 65536

/* Pid and flags that perf_event_open(2) takes for what is to be traced. */
struct target {
	pid_t *threads; /* {-1}: everything; or the descriptor of a cgroup's folder */
	size_t n;
	unsigned long flags;
	int cgroup; /* -1 */
};

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* The CPUs that are online, to be freed; *N: how many. NULL: not known. */
static unsigned *online_cpus(const struct pt_os *os, size_t *n)
{
	char path[128], *line = NULL;
	bool *in = calloc(CPUS_MOST, sizeof(*in));
	unsigned *cpus = NULL;
	size_t size = 0;
	FILE *file;

	*n = 0;
	snprintf(path, sizeof(path), "%.64s/sys/devices/system/cpu/online", os->root);
	file = fopen(path, "re");
	if (file && in && getline(&line, &size, file) > 0 && pt_list_parse(line, in, CPUS_MOST))
		cpus = malloc(CPUS_MOST * sizeof(*cpus));
	for (unsigned i = 0; cpus && i < CPUS_MOST; i++) {
		if (in[i])
			cpus[(*n)++] = i;
	}
	if (file)
		fclose(file);
	free(line);
	free(in);
	return cpus;
}

static void target_free(struct target *t)
{
	if (t->cgroup >= 0)
		close(t->cgroup);
	free(t->threads);
}

/* The threads that process PID has now; those that it starts later inherit the events. */
static int find_threads(struct target *t, const struct pt_os *os, uint32_t pid, char **said)
{
	char path[128];
	DIR *folder;

	snprintf(path, sizeof(path), "%.64s/proc/%u/task", os->root, pid);
	folder = opendir(path);
	if (!folder) {
		text_add(said, "Intel PT is not recorded: there is no process %u\n", pid);
		return -ESRCH;
	}
	for (const struct dirent *each; t->n < THREADS_MOST && (each = readdir(folder));) {
		pid_t *more;

		if (each->d_name[0] < '1' || each->d_name[0] > '9')
			continue;
		more = realloc(t->threads, (t->n + 1) * sizeof(*more));
		if (!more)
			break;
		t->threads = more;
		t->threads[t->n++] = (pid_t)strtol(each->d_name, NULL, 10);
	}
	closedir(folder);
	return t->n ? 0 : -ESRCH;
}

static int target_find(struct target *t, const struct pt_os *os, const struct pt_options *o,
		       char **said)
{
	*t = (struct target){ .cgroup = -1 };
	if (o->pid)
		return find_threads(t, os, o->pid, said);
	t->threads = malloc(sizeof(*t->threads));
	if (!t->threads)
		return -ENOMEM;
	t->n = 1;
	t->threads[0] = -1;
	if (!o->cgroup)
		return 0;
	t->cgroup = open(o->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->cgroup < 0) {
		int err = -errno;

		text_add(said, "Intel PT is not recorded: %s: %s\n", o->cgroup, strerror(-err));
		return err;
	}
	t->threads[0] = t->cgroup;
	t->flags = PERF_FLAG_PID_CGROUP;
	return 0;
}

static void describe(struct perf_event_attr *attr, const struct pt_pmu *pmu,
		     const struct pt_options *o, uint64_t config)
{
	uint64_t buffer = o->buffer ? o->buffer : PT_BUFFER;

	memset(attr, 0, sizeof(*attr));
	attr->size = sizeof(*attr);
	attr->type = pmu->type;
	attr->config = config;
	attr->sample_period = 1;
	attr->disabled = 1;
	attr->inherit = o->pid != 0;
	attr->exclude_kernel = o->no_kernel;
	attr->exclude_user = o->no_user;
	attr->exclude_host = o->no_host;
	attr->exclude_guest = o->no_guest;
	/* A quarter is published at a time: what is left is room for what comes until it is drained. */
	if (!o->snapshot)
		attr->aux_watermark = (uint32_t)(buffer / 4);
}

/* One line on why perf_event_open(2) or mmap(2) said ERR. */
static void say_why(char **said, int err, bool mapping, uint64_t buffer)
{
	switch (-err) {
	case EACCES:
	case EPERM:
		if (mapping)
			text_add(
				said,
				"Intel PT is not recorded: %llu KiB for each CPU are more than this user may lock: "
				"raise kernel.perf_event_mlock_kb, or give a smaller --pt-buffer\n",
				(unsigned long long)buffer / 1024);
		else
			text_add(
				said,
				"Intel PT is not recorded: not allowed: run as root, or with CAP_PERFMON (and CAP_IPC_LOCK "
				"for its buffers)\n");
		break;
	case EBUSY:
		text_add(
			said,
			"Intel PT is not recorded: another program has it (or the branch records that exclude it): "
			"end that one first\n");
		break;
	case ENOMEM:
		text_add(
			said,
			"Intel PT is not recorded: no memory for %llu KiB for each CPU: give a smaller --pt-buffer\n",
			(unsigned long long)buffer / 1024);
		break;
	case EMFILE:
	case ENFILE:
		text_add(
			said,
			"Intel PT is not recorded: too many open files: an event for each thread and CPU takes one "
			"(\"ulimit -n\"); without --vm it is one for each CPU\n");
		break;
	default:
		text_add(said, "Intel PT is not recorded: %s failed: %s\n",
			 mapping ? "mmap" : "perf_event_open", strerror(-err));
	}
}

static int add_fd(struct pt_events *events, int fd)
{
	if (events->n_fds == events->fds_room) {
		size_t room = events->fds_room ? 2 * events->fds_room : 64;
		int *fds = realloc(events->fds, room * sizeof(*fds));

		if (!fds)
			return -ENOMEM;
		events->fds = fds;
		events->fds_room = room;
	}
	events->fds[events->n_fds++] = fd;
	return 0;
}

static int map_ring(struct pt_ring *ring, const struct pt_os *os, int fd,
		    const struct pt_options *o)
{
	size_t page = page_size(), size = (DATA_PAGES + 1) * page;

	ring->aux_size = o->buffer ? o->buffer : PT_BUFFER;
	ring->page = os->map(os->context, fd, size, true, 0);
	if (!ring->page)
		return -errno;
	ring->data = (const uint8_t *)ring->page + page;
	ring->data_size = DATA_PAGES * page;
	ring->page->aux_offset = size;
	ring->page->aux_size = ring->aux_size;
	/* What cannot be written by the reader is overwritten by the kernel: that is snapshot. */
	ring->aux = os->map(os->context, fd, ring->aux_size, !o->snapshot, (off_t)size);
	return ring->aux ? 0 : -errno;
}

/* The events of one CPU. Threads that have gone in the meantime, and CPUs, are passed over: -ESRCH, -ENODEV. */
static int open_cpu(struct pt_events *events, const struct pt_os *os,
		    const struct perf_event_attr *attr, const struct target *t,
		    const struct pt_options *o, unsigned cpu, bool *mapping)
{
	struct pt_ring *ring = &events->rings[events->n];
	int first = -1, err = -ESRCH;

	*mapping = false;
	*ring = (struct pt_ring){ .cpu = cpu, .first_fd = events->n_fds };
	for (size_t i = 0; i < t->n; i++) {
		struct perf_event_attr wanted = *attr;
		int fd = os->open(os->context, &wanted, t->threads[i], (int)cpu, t->flags);

		if (fd == -ESRCH)
			continue;
		if (fd < 0)
			return fd;
		err = add_fd(events, fd);
		if (err) {
			os->close(os->context, fd);
			return err;
		}
		ring->n_fds++;
		if (first >= 0) {
			err = os->redirect(os->context, fd, first);
		} else {
			first = fd;
			/* From now on it is there to be closed. */
			events->n++;
			*mapping = true;
			err = map_ring(ring, os, fd, o);
		}
		if (err)
			return err;
	}
	return first < 0 ? err : 0;
}

int pt_events_open(struct pt_events *events, const struct pt_os *os, const struct pt_pmu *pmu,
		   const struct pt_options *o, uint64_t config, char **said)
{
	struct perf_event_attr attr;
	struct target target;
	bool mapping = false;
	unsigned *cpus;
	size_t n;
	int err;

	memset(events, 0, sizeof(*events));
	err = target_find(&target, os, o, said);
	if (err)
		goto out;
	describe(&attr, pmu, o, config);
	cpus = online_cpus(os, &n);
	events->rings = calloc(n ? n : 1, sizeof(*events->rings));
	err = cpus && events->rings ? 0 : -ENOENT;
	for (size_t i = 0; !err && i < n; i++) {
		err = open_cpu(events, os, &attr, &target, o, cpus[i], &mapping);
		if (err == -ENODEV && !mapping)
			err = 0; /* it has gone offline */
	}
	free(cpus);
	if (!err && !events->n)
		err = -ENODEV;
	if (err)
		say_why(said, err, mapping, o->buffer ? o->buffer : PT_BUFFER);
out:
	target_free(&target);
	if (err)
		pt_events_close(events, os);
	return err;
}

int pt_events_enable(const struct pt_events *events, const struct pt_os *os,
		     const struct pt_ring *ring, bool on)
{
	size_t at = ring ? ring->first_fd : 0, n = ring ? ring->n_fds : events->n_fds;
	int first = 0;

	for (size_t i = at; i < at + n; i++) {
		int err = os->enable(os->context, events->fds[i], on);

		if (err && !first)
			first = err;
	}
	return first;
}

void pt_events_close(struct pt_events *events, const struct pt_os *os)
{
	for (size_t i = 0; i < events->n; i++) {
		struct pt_ring *ring = &events->rings[i];

		if (ring->aux)
			os->unmap(os->context, (void *)ring->aux, ring->aux_size);
		if (ring->page)
			os->unmap(os->context, ring->page, (DATA_PAGES + 1) * page_size());
	}
	for (size_t i = 0; i < events->n_fds; i++)
		os->close(os->context, events->fds[i]);
	free(events->rings);
	free(events->fds);
	memset(events, 0, sizeof(*events));
}
