/* SPDX-License-Identifier: BSD-2-Clause */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "input/guest_elf.h"

struct file {
	const uint8_t *bytes;
	size_t size;
	bool wide; /* 64 bits */
	bool core;
	uint64_t table; /* of program headers */
	uint64_t n;
};

struct segment {
	uint64_t offset, linear, physical, size;
};

static bool read_at(const struct file *file, uint64_t at, void *to, size_t size)
{
	if (at > file->size || file->size - at < size)
		return false;
	memcpy(to, file->bytes + at, size);
	return true;
}

/* Where there are too many program headers for their field, their number stands in the first section header (elf(5)). */
static bool count_of_many(const struct file *file, uint64_t sections, uint64_t *n)
{
	Elf64_Shdr s64;
	Elf32_Shdr s32;

	if (!sections || !(file->wide ? read_at(file, sections, &s64, sizeof(s64)) :
					read_at(file, sections, &s32, sizeof(s32))))
		return false;
	*n = file->wide ? s64.sh_info : s32.sh_info;
	return true;
}

static const char *read_header(struct file *file)
{
	uint64_t sections, each;
	unsigned machine;
	Elf64_Ehdr e64;
	Elf32_Ehdr e32;

	file->wide = file->size > EI_CLASS && file->bytes[EI_CLASS] == ELFCLASS64;
	if (!(file->wide ? read_at(file, 0, &e64, sizeof(e64)) :
			   read_at(file, 0, &e32, sizeof(e32))) ||
	    file->bytes[EI_DATA] != ELFDATA2LSB)
		return "damaged, or not of an x86 machine";
	machine = file->wide ? e64.e_machine : e32.e_machine;
	if (machine != EM_X86_64 && machine != EM_386)
		return "not of an x86 machine";
	file->core = (file->wide ? e64.e_type : e32.e_type) == ET_CORE;
	file->table = file->wide ? e64.e_phoff : e32.e_phoff;
	file->n = file->wide ? e64.e_phnum : e32.e_phnum;
	sections = file->wide ? e64.e_shoff : e32.e_shoff;
	if (file->n == PN_XNUM && !count_of_many(file, sections, &file->n))
		return "damaged: it does not say how many segments it has";
	each = file->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	if (file->table > file->size)
		file->n = 0;
	else if (file->n > (file->size - file->table) / each)
		file->n = (file->size - file->table) / each;
	return NULL;
}

/* Reads the Ith program header. Returns whether there are bytes that FILE is of use for. */
static bool segment_at(const struct file *file, uint64_t i, struct segment *s)
{
	uint64_t type, flags;
	Elf64_Phdr p64;
	Elf32_Phdr p32;

	if (file->wide) {
		memcpy(&p64, file->bytes + file->table + i * sizeof(p64), sizeof(p64));
		*s = (struct segment){ p64.p_offset, p64.p_vaddr, p64.p_paddr, p64.p_filesz };
		type = p64.p_type;
		flags = p64.p_flags;
	} else {
		memcpy(&p32, file->bytes + file->table + i * sizeof(p32), sizeof(p32));
		*s = (struct segment){ p32.p_offset, p32.p_vaddr, p32.p_paddr, p32.p_filesz };
		type = p32.p_type;
		flags = p32.p_flags;
	}
	/* A core file of QEMU says of no segment that it can be run. */
	if (type != PT_LOAD || (!file->core && !(flags & PF_X)) || s->offset >= file->size)
		return false;
	/* what is cut off is not known */
	if (s->size > file->size - s->offset)
		s->size = file->size - s->offset;
	return s->size > 0;
}

static int by_address(const void *a, const void *b)
{
	uint64_t one = ((const struct segment *)a)->linear;
	uint64_t other = ((const struct segment *)b)->linear;

	return one < other ? -1 : one > other;
}

static bool all_physical(const struct segment *segments, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (segments[i].linear && segments[i].linear != segments[i].physical)
			return false;
	return true;
}

int guest_elf_put(struct pt_image *image, const uint8_t *bytes, size_t size, const uint64_t *moved,
		  const char **why)
{
	struct file file = { .bytes = bytes, .size = size };
	struct segment *segments;
	size_t n = 0, loaded = 0;
	int status = 0;

	*why = read_header(&file);
	if (*why)
		return -EINVAL;
	segments = malloc((file.n + 1) * sizeof(*segments));
	if (!segments)
		return -ENOMEM;
	for (uint64_t i = 0; i < file.n; i++)
		n += segment_at(&file, i, &segments[n]);
	if (file.core && n && !moved && all_physical(segments, n)) {
		*why = "the addresses in it are physical ones, and Intel PT's are linear: take it with dump-guest-memory -p; or, of a guest that has them the same, give it as FILE@0";
		free(segments);
		return -EINVAL;
	}
	/* There may be a hundred thousand, and the image is quick to take them in this order. */
	qsort(segments, n, sizeof(*segments), by_address);
	for (size_t i = 0; i < n && status != -ENOMEM; i++) {
		const struct segment *s = &segments[i];

		/* A core file is memory; any other, a program before it ran. */
		status = (file.core ? pt_image_put :
				      pt_image_put_program)(image, s->linear + (moved ? *moved : 0),
							    bytes + s->offset, s->size);
		loaded += !status;
	}
	free(segments);
	if (loaded || status == -ENOMEM)
		return status == -ENOMEM ? status : 0;
	*why = file.core ? "there is no memory in it" :
			   "it has no code that is loaded: give the vmlinux, not a module";
	return -EINVAL;
}
