// SPDX-License-Identifier: BSD-2-Clause
#include "attach.h"
#include "internal.h"
#include "tables.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "reblock.skel.h"

static bool verbose;

static int print(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (!verbose || level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, format, arguments);
}

static void look_at_btf(struct attached *attached)
{
	static const char *const modules[] = { "kvm", "kvm_intel" };
	struct btf *kernel = btf__load_vmlinux_btf();

	if (!kernel)
		return;
	shape_look(kernel, NULL, &attached->shape);
	for (size_t i = 0; i < sizeof(modules) / sizeof(*modules); i++) {
		struct btf *module = btf__load_module_btf(modules[i], kernel);

		if (module)
			shape_look(module, kernel, &attached->shape);
		btf__free(module);
	}
	btf__free(kernel);
}

static const char *program_name(const struct attached *attached, enum point point)
{
	static const char *const exits[][2] = {
		[EXIT_VCPU_ISA] = { "exit_vcpu_isa", "raw_exit_vcpu_isa" },
		[EXIT_REASON_VCPU_ISA] = { "exit_reason_vcpu_isa", "raw_exit_reason_vcpu_isa" },
	};

	if (point == POINT_EXIT && attached->filled)
		return "exit_filled";
	if (point == POINT_CACHE && attached->filtered)
		return NULL;
	if (point == POINT_EXIT && attached->way != WAY_CLASSIC)
		return exits[attached->shape.exit][attached->way];
	return point_descriptions[point].program[attached->way];
}

static struct bpf_program *program(const struct attached *attached, enum point point)
{
	const char *name = program_name(attached, point);

	return name ? bpf_object__find_program_by_name(attached->bpf->obj, name) : NULL;
}

/* Opens and loads, with the points in WANTED (bits). */
static int load(struct attached *attached, const struct host *host,
		const struct collector_options *options, unsigned wanted)
{
	struct bpf_program *each;
	int result;

	attached->bpf = host->btf ? reblock_bpf__open() : classic_open(attached);
	if (!attached->bpf)
		return -errno;
	bpf_object__for_each_program(each, attached->bpf->obj)
		bpf_program__set_autoload(each, false);
	for (enum point i = 0; i < POINTS; i++) {
		each = wanted >> i & 1 ? program(attached, i) : NULL;
		if (each)
			bpf_program__set_autoload(each, true);
	}
	attached->bpf->rodata->ship_all = options->all;
	attached->bpf->rodata->exits_are_filled = attached->filled;
	attached->bpf->rodata->trust_stale = options->trust_stale;
	attached->bpf->rodata->recover_after = attached->shape.recover_after;
	attached->bpf->rodata->under_hyperv = host->hyperv;
	attached->bpf->rodata->have_vmread = wanted >> POINT_VMREAD & 1;
	attached->bpf->rodata->follow_threads = wanted >> POINT_USER_EXIT & 1;
	result = tables_size(attached, options);
	if (!result && attached->way == WAY_CLASSIC)
		result = classic_prepare(attached, host);
	if (!result)
		result = reblock_bpf__load(attached->bpf);
	if (result) {
		reblock_bpf__destroy(attached->bpf);
		attached->bpf = NULL;
	}
	return result;
}

static void unload(struct attached *attached)
{
	reblock_bpf__destroy(attached->bpf);
	attached->bpf = NULL;
}

/*
 * Loads all points that this way has. Where that fails, the optional ones are tried one after the
 * other: a function may be in BTF and yet not be there to attach to.
 */
static int load_most(struct attached *attached, const struct host *host,
		     const struct collector_options *options)
{
	const unsigned required = 1u << POINT_EXIT | 1u << POINT_ENTRY;
	unsigned wanted = 0, good = required;
	int result;

	for (enum point i = 0; i < POINTS; i++) {
		attached->errors[i] = -EOPNOTSUPP;
		if (program_name(attached, i))
			wanted |= 1u << i;
	}
	if (options->no_cache_fill) {
		wanted &= ~(1u << POINT_CACHE);
		attached->errors[POINT_CACHE] = 0;
	}
	if (!host->vmread) {
		wanted &= ~(1u << POINT_VMREAD);
		attached->errors[POINT_VMREAD] = -ENOENT;
	}
	result = load(attached, host, options, wanted);
	if (!result)
		return 0;
	result = load(attached, host, options, required);
	if (result)
		return result;
	for (enum point i = 0; i < POINTS; i++) {
		if (!(wanted & ~good & 1u << i))
			continue;
		unload(attached);
		attached->errors[i] = load(attached, host, options, good | 1u << i);
		if (!attached->errors[i])
			good |= 1u << i;
	}
	unload(attached);
	return load(attached, host, options, good);
}

static void open_info(struct attached *attached, enum point point)
{
	const struct bpf_program *each = program(attached, point);

	if (attached->links[point])
		attached->info[point] = prog_info_open(bpf_program__fd(each));
}

static int attach_all(struct attached *attached)
{
	for (enum point i = 0; i < POINTS; i++) {
		struct bpf_program *each = program(attached, i);

		if (!each || !bpf_program__autoload(each))
			continue;
		attached->links[i] = bpf_program__attach(each);
		attached->errors[i] = attached->links[i] ? 0 : -errno;
		if (attached->errors[i] && (i == POINT_EXIT || i == POINT_ENTRY))
			return attached->errors[i];
		open_info(attached, i);
	}
	attached->bpf->bss->recording = true;
	return 0;
}

static char *explain(const struct host *host, int result)
{
	switch (-result) {
	case ENOTSUP:
		return text(
			"KVM's tracepoints are neither in the BTF of the kernel and its modules nor in tracefs%s",
			host->tracefs ?
				"" :
				" (not mounted:\n\"mount -t tracefs none /sys/kernel/tracing\")");
	case ENOSYS:
		return text("this kernel has no BPF ring buffer: it takes Linux 5.10 or later");
	case EPERM:
	case EACCES:
		return text(
			"the kernel refuses the BPF programs (%s)%s", strerror(-result),
			host->lockdown == LOCKDOWN_INTEGRITY ?
				"; it is locked down (integrity)" :
				": run as root, on the host itself and not in a\ncontainer; before Linux 5.11 without a limit of locked memory, too (\"ulimit -l unlimited\")");
	case ENOMEM:
		return text(
			"no memory for the BPF tables: take a smaller ring, or, on kernels before 5.11,\n"
			"raise the limit of locked memory (\"ulimit -l unlimited\")");
	case ENOENT:
	case ESRCH:
		return text(
			"this kernel has no tracepoints kvm_exit and kvm_entry that could be used (%s)",
			strerror(-result));
	default:
		return text(
			"the kernel does not take the BPF programs (%s); --verbose shows its words",
			strerror(-result));
	}
}

/*
 * Whether one program at the classic tracepoint can do for two at kvm_exit. It costs more than one of the others, and
 * less than both: for where most exits are only counted.
 */
static bool may_fill(const struct attached *attached, const struct host *host,
		     const struct collector_options *options)
{
	return attached->filtered && attached->way != WAY_CLASSIC && !options->no_cache_fill &&
	       host->tracefs && libbpf_num_possible_cpus() <= COLLECTOR_CPUS;
}

static int try_way(struct attached *attached, const struct host *host,
		   const struct collector_options *options, char **error)
{
	int result = load_most(attached, host, options);

	if (!result)
		result = tables_fill(attached, options, error);
	return result ? result : attach_all(attached);
}

int attach(struct attached *attached, const struct host *host,
	   const struct collector_options *options, char **error)
{
	int result = -ENOTSUP;

	memset(attached, 0, sizeof(*attached));
	verbose = options->verbose;
	attached->filtered = !options->all;
	libbpf_set_print(print);
	look_at_btf(attached);
	for (enum way way = WAY_TP_BTF; way < WAYS; way++) {
		if (way != WAY_CLASSIC &&
		    (attached->shape.exit == EXIT_UNKNOWN || !attached->shape.entry_has_vcpu))
			continue;
		if (way == WAY_CLASSIC && !host->tracefs)
			continue;
		if (options->way && way + 1 != options->way)
			continue;
		attached->way = way;
		attached->filled = may_fill(attached, host, options);
		result = try_way(attached, host, options, error);
		if (result && attached->filled && !*error) {
			attached_free(attached);
			attached->filled = false;
			result = try_way(attached, host, options, error);
		}
		if (!result) {
			if (options->bpf_stats)
				attached->stats = bpf_enable_stats(BPF_STATS_RUN_TIME);
			return 0;
		}
		attached_free(attached);
		if (*error)
			return result;
	}
	if (libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) == 0)
		result = -ENOSYS;
	*error = explain(host, result);
	return result == -ENOSYS ? -ENOTSUP : result;
}

void detach(struct attached *attached)
{
	attached->bpf->bss->recording = false;
	for (enum point i = POINTS; i-- > 0;) {
		bpf_link__destroy(attached->links[i]);
		attached->links[i] = NULL;
	}
	/* Waits until each CPU has left what it was running. */
	syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

void attached_free(struct attached *attached)
{
	if (attached->bpf) {
		detach(attached);
		for (enum point i = 0; i < POINTS; i++) {
			if (attached->info[i] > 0)
				close(attached->info[i]);
			attached->info[i] = 0;
		}
		tables_free(attached);
		unload(attached);
	}
	if (attached->stats > 0)
		close(attached->stats);
	attached->stats = 0;
	if (attached->empty_btf > 0)
		close(attached->empty_btf);
	attached->empty_btf = 0;
}

void attached_info(const struct attached *attached, struct prog_info *info)
{
	memset(info, 0, sizeof(*info));
	for (enum point i = 0; i < POINTS; i++) {
		struct prog_info each = { 0 };

		if (attached->info[i] <= 0 || prog_info_add(attached->info[i], &each))
			continue;
		if (point_descriptions[i].kind)
			info->skipped += each.skipped;
		info->ns += each.ns;
		info->runs += each.runs;
	}
}
