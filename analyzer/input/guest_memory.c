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

struct segment {
	uint64_t offset, address, size;
	bool load;
};

/* The I-th program header of 64 or 32 bits. */
static struct segment segment_at(const struct mapping *file, uint64_t at, bool wide)
{
	Elf64_Phdr p64;
	Elf32_Phdr p32;

	if (wide) {
		memcpy(&p64, file->bytes + at, sizeof(p64));
		return (struct segment){ p64.p_offset, p64.p_vaddr, p64.p_filesz,
					 p64.p_type == PT_LOAD };
	}
	memcpy(&p32, file->bytes + at, sizeof(p32));
	return (struct segment){ p32.p_offset, p32.p_vaddr, p32.p_filesz, p32.p_type == PT_LOAD };
}

static int add_elf(struct guest_memory *m, const char *path, const struct mapping *file,
		   uint64_t moved, char **error)
{
	bool wide = file->size > EI_CLASS && file->bytes[EI_CLASS] == ELFCLASS64;
	uint64_t table, each = wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	unsigned n, machine, type, loaded = 0;
	Elf64_Ehdr e64;
	Elf32_Ehdr e32;

	if (file->size < (wide ? sizeof(e64) : sizeof(e32)) || file->bytes[EI_DATA] != ELFDATA2LSB)
		return fail(error, -EINVAL, "%s: damaged, or not of an x86 machine", path);
	memcpy(&e64, file->bytes, wide ? sizeof(e64) : sizeof(e32));
	memcpy(&e32, file->bytes, sizeof(e32));
	table = wide ? e64.e_phoff : e32.e_phoff;
	n = wide ? e64.e_phnum : e32.e_phnum;
	machine = wide ? e64.e_machine : e32.e_machine;
	type = wide ? e64.e_type : e32.e_type;
	if (machine != EM_X86_64 && machine != EM_386)
		return fail(error, -EINVAL, "%s: not of an x86 machine", path);
	for (unsigned i = 0; i < n && table <= file->size && file->size - table >= (i + 1) * each;
	     i++) {
		struct segment s = segment_at(file, table + i * each, wide);
		int status;

		if (!s.load || s.offset >= file->size)
			continue;
		/* what is cut off is not known */
		if (s.size > file->size - s.offset)
			s.size = file->size - s.offset;
		/* A core file (of /proc/kcore, of a guest) is memory; any other, a program before it ran. */
		status = (type == ET_CORE ? pt_image_put :
					    pt_image_put_program)(m->image, s.address + moved,
								  file->bytes + s.offset, s.size);
		loaded += !status && s.size;
	}
	if (!loaded)
		return fail(
			error, -EINVAL,
			"%s has no segment that is loaded: give the vmlinux, not a bzImage or a module",
			path);
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
	if (!status && file.size >= SELFMAG && !memcmp(file.bytes, ELFMAG, SELFMAG))
		status = add_elf(m, path, &file, address, error);
	else if (!status && !has_address)
		status = fail(error, -EINVAL,
			      "%s is no ELF file: say where its bytes are, as %s@ADDRESS", path,
			      path);
	else if (!status && pt_image_put(m->image, address, file.bytes, file.size))
		status = fail(error, -EINVAL, "%s does not fit at 0x%llx", path,
			      (unsigned long long)address);
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
