/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "pt/code.h"
#include "pt/image.h"
#include "pt/libipt.h"

#ifdef REBLOCK_LIBIPT

struct section {
	uint64_t begin, last;
	int fd, isid; /* isid 0: it could not be made */
};

struct pt_code {
	pthread_mutex_t lock;
	struct pt_image_section_cache *cache;
	struct section sections[PT_CODE_SECTIONS];
	atomic_uint n;
};

struct pt_code *pt_code_make(void)
{
	struct pt_code *code = calloc(1, sizeof(*code));

	if (code)
		pthread_mutex_init(&code->lock, NULL);
	return code;
}

void pt_code_forget(struct pt_code *code)
{
	unsigned n = atomic_load(&code->n);

	for (unsigned i = 0; i < n; i++)
		if (code->sections[i].fd >= 0)
			close(code->sections[i].fd);
	atomic_store(&code->n, 0);
	if (code->cache)
		pt_iscache_free(code->cache);
	code->cache = NULL;
}

static bool can_cache(void)
{
	return pt_iscache_alloc && pt_iscache_free && pt_iscache_add_file && pt_iscache_set_limit &&
	       pt_image_alloc && pt_image_free && pt_image_add_cached && pt_blk_set_image;
}

/* What was mapped once stays so, with what libipt knows of it: there is a bound on all of it. */
static bool begin_cache(struct pt_code *code)
{
	if (!code->cache && can_cache()) {
		code->cache = pt_iscache_alloc(NULL);
		if (code->cache && pt_iscache_set_limit(code->cache, UINT64_MAX) < 0) {
			pt_iscache_free(code->cache);
			code->cache = NULL;
		}
	}
	return code->cache;
}

static bool write_all(int fd, const uint8_t *bytes, size_t size)
{
	while (size) {
		ssize_t wrote = write(fd, bytes, size);

		if (wrote <= 0)
			return false;
		bytes += wrote;
		size -= (size_t)wrote;
	}
	return true;
}

static void make_section(struct pt_code *code, struct section *s, const uint8_t *bytes)
{
	uint64_t size = s->last - s->begin + 1;
	char path[64];
	int isid;

	if (!begin_cache(code))
		return;
	s->fd = memfd_create("guest-code", MFD_CLOEXEC);
	if (s->fd < 0 || !write_all(s->fd, bytes, size))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	isid = pt_iscache_add_file(code->cache, path, 0, size, s->begin);
	s->isid = isid > 0 ? isid : 0;
}

static bool known(const struct pt_code *code, uint64_t address)
{
	unsigned n = atomic_load(&code->n);

	for (unsigned i = 0; i < n; i++)
		if (address >= code->sections[i].begin && address <= code->sections[i].last)
			return true;
	return n == PT_CODE_SECTIONS;
}

void pt_code_want(struct pt_code *code, const struct pt_image *image, uint64_t address)
{
	struct section s = { .fd = -1 };
	const uint8_t *bytes;

	if (known(code, address))
		return;
	s.begin = address & ~(PT_CODE_SECTION - 1);
	s.last = s.begin + PT_CODE_SECTION - 1;
	bytes = pt_image_alone(image, address, &s.begin, &s.last);
	if (!bytes)
		return;
	pthread_mutex_lock(&code->lock);
	if (!known(code, address)) {
		make_section(code, &s, bytes);
		code->sections[atomic_load(&code->n)] = s;
		atomic_fetch_add(&code->n, 1);
	}
	pthread_mutex_unlock(&code->lock);
}

struct libipt_image *pt_code_see(struct pt_code *code, struct pt_code_view *view)
{
	unsigned n = atomic_load(&code->n);

	if (!view->image && can_cache())
		view->image = pt_image_alloc(NULL);
	for (; view->image && view->n < n; view->n++) {
		const struct section *s = &code->sections[view->n];

		/* Where it fails libipt asks for those bytes one instruction at a time. */
		if (s->isid)
			(void)pt_image_add_cached(view->image, code->cache, s->isid, NULL);
	}
	return view->image;
}

void pt_code_view_end(struct pt_code_view *view)
{
	if (view->image)
		pt_image_free(view->image);
	view->image = NULL;
	view->n = 0;
}

void pt_code_end(struct pt_code *code)
{
	if (!code)
		return;
	pt_code_forget(code);
	pthread_mutex_destroy(&code->lock);
	free(code);
}

#else

struct pt_code {
	char none;
};

struct pt_code *pt_code_make(void)
{
	return calloc(1, sizeof(struct pt_code));
}

void pt_code_forget(struct pt_code *code)
{
	(void)code;
}

void pt_code_want(struct pt_code *code, const struct pt_image *image, uint64_t address)
{
	(void)code;
	(void)image;
	(void)address;
}

struct libipt_image *pt_code_see(struct pt_code *code, struct pt_code_view *view)
{
	(void)code;
	return view->image;
}

void pt_code_view_end(struct pt_code_view *view)
{
	view->image = NULL;
}

void pt_code_end(struct pt_code *code)
{
	free(code);
}

#endif
