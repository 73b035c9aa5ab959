// SPDX-License-Identifier: BSD-2-Clause
/* The last resort: the classic tracepoints, described by tracefs. */
#include "internal.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "reblock.skel.h"

static FILE *open_event(const struct host *host, const char *event)
{
	char *path = text("%s/events/kvm/%s/format", host->tracefs, event);
	FILE *file = path ? fopen(path, "re") : NULL;

	free(path);
	return file;
}

int classic_prepare(struct attached *attached, const struct host *host)
{
	FILE *exits = open_event(host, "kvm_exit"), *entries = open_event(host, "kvm_entry");
	FILE *user_exits = open_event(host, "kvm_userspace_exit");
	FILE *mark = open_event(host, "kvm_xen_hypercall");
	struct classic_user_exit_format user_exit_at = { 0 };
	struct classic_entry_format entry_at = { 0 };
	struct classic_exit_format exit_at = { 0 };
	int result = exits && entries ? 0 : -ENOENT;

	if (!result)
		result = shape_parse_exit(exits, &exit_at);
	if (!result)
		result = shape_parse_entry(entries, &entry_at);
	if (!result && user_exits)
		result = shape_parse_user_exit(user_exits, &user_exit_at);
	/* info2 says something since 5.12, as this event, and nothing in exit's own format, shows. */
	attached->shape.idt_vectoring = mark && exit_at.intr_info && exit_at.info2;
	attached->entry_intr_info = entry_at.intr_info != 0;
	attached->bpf->rodata->exit_at = exit_at;
	attached->bpf->rodata->entry_at = entry_at;
	attached->bpf->rodata->user_exit_at = user_exit_at;
	attached->bpf->rodata->info2_is_idt_vectoring = attached->shape.idt_vectoring;
	for (size_t i = 0; i < 4; i++) {
		FILE *file = (FILE *[]){ exits, entries, user_exits, mark }[i];

		if (file)
			fclose(file);
	}
	return result;
}

/* A file with BTF in which nothing is found; it must stay open until the programs are loaded. */
static int make_empty_btf(void)
{
	struct btf *btf = btf__new_empty();
	const void *data = NULL;
	__u32 size = 0;
	int file = -1;

	if (btf && btf__add_int(btf, "int", 4, BTF_INT_SIGNED) > 0)
		data = btf__raw_data(btf, &size);
	if (data)
		file = memfd_create("btf", MFD_CLOEXEC);
	if (file >= 0 && write(file, data, size) != (ssize_t)size) {
		close(file);
		file = -1;
	}
	btf__free(btf);
	return file;
}

struct reblock_bpf *classic_open(struct attached *attached)
{
	struct bpf_object_open_opts options = { .sz = sizeof(options) };
	struct reblock_bpf *bpf = NULL;
	char *path;

	if (attached->empty_btf <= 0)
		attached->empty_btf = make_empty_btf();
	if (attached->empty_btf < 0)
		return NULL;
	path = text("/proc/self/fd/%d", attached->empty_btf);
	options.btf_custom_path = path;
	if (path)
		bpf = reblock_bpf__open_opts(&options);
	free(path);
	return bpf;
}
