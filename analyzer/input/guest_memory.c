/* SPDX-License-Identifier: BSD-2-Clause */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "input/guest_elf.h"
#include "input/guest_memory.h"

struct mapping {
	uint8_t *bytes;
	size_t size;
};

struct guest_memory {
	struct pt_image *image;
	struct mapping *files;
	size_t n;
};

static int __attribute__((format(printf, 3, 4)))
fail(char **error, int status, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	if (vasprintf(error, format, list) < 0)
		abort();
	va_end(list);
	return status;
}

struct guest_memory *guest_memory_new(void)
{
	struct guest_memory *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->image = pt_image_make();
	if (m->image)
		return m;
	free(m);
	return NULL;
}

/* Splits WHAT: *PATH is to be freed. The last '@' counts, as a file's name may have one. */
static int split(const char *what, char **path, bool *has_address, uint64_t *address, char **error)
{
	const char *at = strrchr(what, '@');
	char *end;

	*has_address = false;
	*address = 0;
	if (at && at[1]) {
		errno = 0;
		*address = strtoull(at + 1, &end, 0);
		*has_address = !*end && !errno && at[1] != '-';
	}
	if (at && !*has_address && access(what, F_OK) != 0)
		return fail(error, -EINVAL,
			    "\"%s\" is no address: give FILE@ADDRESS, such as @0xffffffff81000000",
			    at + 1);
	*path = *has_address ? strndup(what, (size_t)(at - what)) : strdup(what);
	return *path ? 0 : fail(error, -ENOMEM, "no memory");
}

static int map(struct guest_memory *m, const char *path, struct mapping *file, char **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), status;
	struct mapping *more;
	struct stat st;

	if (fd < 0)
		return fail(error, -errno, "%s: %s", path, strerror(errno));
	status = fstat(fd, &st) ? -errno : 0;
	if (!status && !S_ISREG(st.st_mode))
		status = -EINVAL;
	if (status || !st.st_size) {
		close(fd);
		return fail(error, status ? status : -EINVAL, "%s is no file that holds something",
			    path);
	}
	file->size = (size_t)st.st_size;
	file->bytes = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
	status = file->bytes == MAP_FAILED ? -errno : 0;
	close(fd);
	/* As /proc/kcore: perf record --kcore makes a copy. */
	if (status)
		return fail(error, status, "%s cannot be mapped (%s): give a copy of it", path,
			    strerror(-status));
	more = realloc(m->files, (m->n + 1) * sizeof(*more));
	if (!more) {
		munmap(file->bytes, file->size);
		return fail(error, -ENOMEM, "no memory");
	}
	m->files = more;
	more[m->n++] = *file;
	return 0;
}

/* What to do with a file that begins as FILE does, and is no ELF file. */
static const char *what_else(const struct mapping *file)
{
	enum { SETUP = 0x202 }; /* Documentation/arch/x86/boot.rst: "header" */
	static const struct {
		const char *magic;
		size_t at;
		const char *what;
	} known[] = {
		{ "HdrS", SETUP, "a kernel as it is booted, compressed: give its vmlinux" },
		{ "KDUMP   ", 0,
		  "a compressed dump: take it as an ELF file (without -z, -l, -s, -R)" },
		{ "makedumpfile", 0,
		  "a compressed dump: take it as an ELF file (without -z, -l, -s)" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t length = strlen(known[i].magic);

		if (file->size >= known[i].at + length &&
		    !memcmp(file->bytes + known[i].at, known[i].magic, length))
			return known[i].what;
	}
	return NULL;
}

static int add_elf(struct guest_memory *m, const char *path, const struct mapping *file,
		   const uint64_t *moved, char **error)
{
	const char *why = "no memory";
	int status = guest_elf_put(m->image, file->bytes, file->size, moved, &why);

	return status ? fail(error, status, "%s: %s", path, why) : 0;
}

static int add_bytes(struct guest_memory *m, const char *path, const struct mapping *file,
		     const uint64_t *address, char **error)
{
	const char *is = what_else(file);

	if (is)
		return fail(error, -EINVAL, "%s is %s", path, is);
	if (!address)
		return fail(error, -EINVAL,
			    "%s is no ELF file: say where its bytes are, as %s@ADDRESS", path,
			    path);
	if (pt_image_put(m->image, *address, file->bytes, file->size))
		return fail(error, -EINVAL, "%s does not fit at 0x%llx", path,
			    (unsigned long long)*address);
	return 0;
}

int guest_memory_add(struct guest_memory *m, const char *what, char **error)
{
	struct mapping file = { .size = 0 };
	bool has_address;
	uint64_t address;
	char *path = NULL;
	int status = split(what, &path, &has_address, &address, error);

	if (status || !path)
		return status;
	status = map(m, path, &file, error);
	if (!status)
		status = (file.size >= SELFMAG && !memcmp(file.bytes, ELFMAG, SELFMAG) ?
				  add_elf :
				  add_bytes)(m, path, &file, has_address ? &address : NULL, error);
	free(path);
	return status;
}

const struct pt_image *guest_memory_image(const struct guest_memory *memory)
{
	return memory->image;
}

void guest_memory_free(struct guest_memory *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++)
		munmap(m->files[i].bytes, m->files[i].size);
	pt_image_end(m->image);
	free(m->files);
	free(m);
}
