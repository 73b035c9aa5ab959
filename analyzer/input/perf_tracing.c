/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layout (tools/perf/util/trace-event-info.c): magic, "tracing", version; byte order, size of a long,
 * page size; header_page, header_event; ftrace's own formats; then for each system its name, the number
 * of formats, and each as a size and the text of its file in tracefs.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <event-parse.h>
#include "input/kvm_format.h"
#include "input/perf_format.h"
#include "input/perf_tracing.h"

#define KVM_FORMATS_MOST 1024

struct reading {
	const uint8_t *at;
	size_t left;
};

static const uint8_t *take(struct reading *r, uint64_t n)
{
	const uint8_t *p = r->at;

	if (n > r->left)
		return NULL;
	r->at += n;
	r->left -= (size_t)n;
	return p;
}

static const char *take_string(struct reading *r)
{
	const uint8_t *zero = memchr(r->at, 0, r->left);

	return zero ? (const char *)take(r, (uint64_t)(zero - r->at) + 1) : NULL;
}

/* A number of SIZE bytes in front of what it counts. */
static bool take_count(struct reading *r, size_t size, uint64_t *n)
{
	const uint8_t *p = take(r, size);

	if (p)
		*n = size == 8 ? perf_u64(p) : perf_u32(p);
	return p != NULL;
}

/* N formats; gives those of KVM to TEP. Returns 0, -ENOMEM or -EINVAL (cut off). */
static int read_formats(struct reading *r, uint64_t n, bool kvm, struct tep_handle *tep)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t size;
		const uint8_t *data;
		int err;

		if (!take_count(r, 8, &size) || !(data = take(r, size)))
			return -EINVAL;
		/* KVM has about 90; more than that are not worth anybody's time. */
		err = kvm && i < KVM_FORMATS_MOST ? kvm_format_give(tep, data, size) : 0;
		/* One that is not in order is as one that is not there: the event will be missed by name. */
		if (err == -ENOMEM)
			return err;
	}
	return 0;
}

static int read_all(struct reading *r, struct tep_handle *tep, const char **what)
{
	const uint8_t *p = take(r, 10);
	uint64_t n, systems;
	int err;

	*what = "are not in order";
	if (!p || memcmp(p, "\x17\x08\x44tracing", 10) != 0 || !take_string(r))
		return -EINVAL;
	p = take(r, 6);
	if (!p)
		return -EINVAL;
	if (p[0]) {
		*what = "are those of a big-endian machine, which reblock does not read";
		return -EINVAL;
	}
	if (p[1] != 4 && p[1] != 8)
		return -EINVAL;
	tep_set_long_size(tep, p[1]);
	tep_set_file_bigendian(tep, TEP_LITTLE_ENDIAN);
	tep_set_local_bigendian(tep, TEP_LITTLE_ENDIAN);
	*what = "are cut off";
	/* header_page, header_event: how ftrace's own buffer looks, which perf does not use */
	for (int i = 0; i < 2; i++)
		if (!take_string(r) || !take_count(r, 8, &n) || !take(r, n))
			return -EINVAL;
	if (!take_count(r, 4, &n))
		return -EINVAL;
	err = read_formats(r, n, false, tep);
	if (err || !take_count(r, 4, &systems))
		return err ? err : -EINVAL;
	for (uint64_t i = 0; i < systems && !err; i++) {
		const char *system = take_string(r);

		if (!system || !take_count(r, 4, &n))
			return -EINVAL;
		err = read_formats(r, n, strcmp(system, "kvm") == 0, tep);
	}
	return err;
}

int perf_tracing_read(const uint8_t *data, size_t size, struct tep_handle **tep, const char **what)
{
	struct reading r = { data, size };
	int err;

	*tep = tep_alloc();
	if (!*tep)
		return -ENOMEM;
	err = read_all(&r, *tep, what);
	if (!err)
		return 0;
	tep_free(*tep);
	*tep = NULL;
	return err;
}
