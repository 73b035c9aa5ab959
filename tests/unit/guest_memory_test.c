/* SPDX-License-Identifier: BSD-2-Clause */
/* The files that a guest's memory comes in, as users have them. */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "input/guest_memory.h"

#define HIGH 0xffffffff81000000u

/* A file with these bytes; its name is valid until the next call. */
static const char *file_of(const void *bytes, size_t size)
{
	static char name[] = "/tmp/guest_memory_test.XXXXXX";
	int fd;

	strcpy(name + sizeof(name) - 7, "XXXXXX"); /* NOLINT */
	fd = mkstemp(name);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
	return name;
}

struct kernel {
	Elf64_Ehdr e;
	Elf64_Phdr p[3];
	uint8_t text[8];
	uint8_t module[4];
};

static struct kernel kernel(void)
{
	struct kernel k = { .text = "\x90\x48\xcf\x90" };

	memcpy(k.e.e_ident, ELFMAG, SELFMAG);
	k.e.e_ident[EI_CLASS] = ELFCLASS64;
	k.e.e_ident[EI_DATA] = ELFDATA2LSB;
	k.e.e_machine = EM_X86_64;
	k.e.e_phoff = offsetof(struct kernel, p);
	k.e.e_phnum = 2;
	k.e.e_type = ET_EXEC;
	k.p[0].p_type = PT_NOTE;
	k.p[1].p_type = PT_LOAD;
	k.p[1].p_vaddr = HIGH;
	k.p[1].p_offset = offsetof(struct kernel, text);
	k.p[1].p_filesz = sizeof(k.text);
	k.p[1].p_flags = PF_R | PF_X;
	return k;
}

/* Adds a file of SIZE bytes, its name with SUFFIX, and returns the status; the image's word on ADDRESS goes to *IS. */
static int add(const void *bytes, size_t size, const char *suffix, uint64_t address,
	       enum reblock_tri *is)
{
	struct guest_memory *memory = guest_memory_new();
	const char *name = file_of(bytes, size);
	char what[64], *error = NULL;
	int status;

	assert_non_null(memory);
	snprintf(what, sizeof(what), "%s%s", name, suffix);
	status = guest_memory_add(memory, what, &error);
	assert_int_equal(status != 0, error != NULL);
	free(error);
	*is = pt_image_at_iret(guest_memory_image(memory), address);
	guest_memory_free(memory);
	unlink(name);
	return status;
}

static void files(void **state)
{
	struct kernel k = kernel();
	enum reblock_tri is;

	(void)state;
	assert_int_equal(add(&k, sizeof(k), "", HIGH + 1, &is), 0);
	assert_int_equal(is, REBLOCK_YES);
	assert_int_equal(add(&k, sizeof(k), "", HIGH, &is), 0);
	assert_int_equal(is, REBLOCK_NO);
	assert_int_equal(add(&k, sizeof(k), "@0x2000000", HIGH + 0x2000001, &is), 0);
	assert_int_equal(is, REBLOCK_YES);
	assert_int_equal(add(&k, sizeof(k), "@0x2000000", HIGH + 1, &is), 0);
	assert_int_equal(is, REBLOCK_UNKNOWN);
	assert_int_equal(add("\x90\x48\xcf", 3, "@0xffffffffa0000000", 0xffffffffa0000001u, &is),
			 0);
	assert_int_equal(is, REBLOCK_YES);
	assert_int_equal(add("\x90\x48\xcf", 3, "", 0, &is), -EINVAL);
	assert_int_equal(add("\x90\x48\xcf", 3, "@here", 0, &is), -EINVAL);
	assert_int_equal(add("", 0, "@0", 0, &is), -EINVAL);
}

/* /proc/kcore as perf record --kcore copies it: the kernel's text, and each module's, at the addresses where they run. */
static void core_file(void **state)
{
	struct kernel k = kernel();
	struct guest_memory *m = guest_memory_new();
	const struct pt_image *image = guest_memory_image(m);
	char *error = NULL;
	uint8_t bytes[16];
	const char *name;

	(void)state;
	name = file_of(&k, sizeof(k));
	assert_int_equal(guest_memory_add(m, name, &error), 0);
	unlink(name);
	/* a program's file: its IRETs are known, and no more */
	assert_int_equal(pt_image_at_iret(image, HIGH + 1), REBLOCK_YES);
	assert_false(pt_image_has_memory(image));
	guest_memory_free(m);

	k.e.e_type = ET_CORE;
	k.e.e_phnum = 3;
	k.p[2] = k.p[1];
	k.p[2].p_vaddr = 0xffffffffc0000000;
	k.p[2].p_offset = offsetof(struct kernel, module);
	k.p[2].p_filesz = sizeof(k.module);
	memcpy(k.module, "\x90\x90\x66\xcf", 4);
	m = guest_memory_new();
	image = guest_memory_image(m);
	name = file_of(&k, sizeof(k));
	assert_int_equal(guest_memory_add(m, name, &error), 0);
	unlink(name);
	assert_true(pt_image_has_memory(image));
	assert_int_equal(pt_image_read(image, HIGH, bytes, 4), 4);
	assert_memory_equal(bytes, "\x90\x48\xcf\x90", 4);
	assert_int_equal(pt_image_read(image, 0xffffffffc0000002, bytes, 16), 2);
	assert_int_equal(pt_image_at_iret(image, 0xffffffffc0000002), REBLOCK_YES);
	guest_memory_free(m);
}

static void damaged_files(void **state)
{
	struct kernel k = kernel();
	enum reblock_tri is;

	(void)state;
	/* cut off in the text: what is there counts */
	assert_int_equal(add(&k, offsetof(struct kernel, text) + 2, "", HIGH, &is), 0);
	assert_int_equal(is, REBLOCK_NO);
	assert_int_equal(add(&k, offsetof(struct kernel, text) + 2, "", HIGH + 1, &is), 0);
	assert_int_equal(is, REBLOCK_UNKNOWN);
	for (size_t size = 4; size < offsetof(struct kernel, text); size++)
		assert_int_equal(add(&k, size, "", HIGH, &is), -EINVAL);
	k.p[1].p_offset = UINT64_MAX;
	assert_int_equal(add(&k, sizeof(k), "", HIGH, &is), -EINVAL);
	k = kernel();
	k.e.e_phoff = UINT64_MAX - 8;
	assert_int_equal(add(&k, sizeof(k), "", HIGH, &is), -EINVAL);
	k = kernel();
	k.e.e_machine = EM_AARCH64;
	assert_int_equal(add(&k, sizeof(k), "", HIGH, &is), -EINVAL);
}

/* Only what can be run of a program: Linux up to 6.14 links the data of each CPU to address 0. */
static void data_of_each_cpu(void **state)
{
	struct kernel k = kernel();
	enum reblock_tri is;

	(void)state;
	k.e.e_phnum = 3;
	k.p[2] = k.p[1];
	k.p[2].p_vaddr = 0;
	k.p[2].p_flags = PF_R | PF_W;
	assert_int_equal(add(&k, sizeof(k), "", HIGH + 1, &is), 0);
	assert_int_equal(is, REBLOCK_YES);
	assert_int_equal(add(&k, sizeof(k), "", 0, &is), 0);
	assert_int_equal(is, REBLOCK_UNKNOWN);
	k.p[1].p_flags = PF_R;
	assert_int_equal(add(&k, sizeof(k), "", HIGH + 1, &is), -EINVAL);
}

/* What QEMU's dump-guest-memory leaves without -p, 32 and 64 bits of it. */
static void physical_addresses(void **state)
{
	struct kernel k = kernel();
	enum reblock_tri is;

	(void)state;
	k.e.e_type = ET_CORE;
	k.e.e_phnum = 3;
	k.p[1].p_flags = 0;
	k.p[1].p_vaddr = 0x100000;
	k.p[1].p_paddr = 0x100000;
	k.p[2] = k.p[1];
	k.p[2].p_vaddr = 0;
	k.p[2].p_paddr = 0;
	assert_int_equal(add(&k, sizeof(k), "", 0x100001, &is), -EINVAL);
	assert_int_equal(is, REBLOCK_UNKNOWN);
	/* older ones have no linear addresses */
	k.p[1].p_vaddr = 0;
	assert_int_equal(add(&k, sizeof(k), "", 1, &is), -EINVAL);
	/* a guest that has them the same, and somebody who knows that */
	k.p[1].p_vaddr = 0x100000;
	memcpy(k.text, "\x90\x66\xcf", 3);
	assert_int_equal(add(&k, sizeof(k), "@0", 0x100001, &is), 0);
	assert_int_equal(is, REBLOCK_YES);
	/* with -p, of a guest that has one page somewhere else */
	k.p[2].p_vaddr = HIGH;
	assert_int_equal(add(&k, sizeof(k), "", HIGH + 1, &is), 0);
	assert_int_equal(is, REBLOCK_YES);
}

/* More segments than fit into the field for their number, and none of them in the order of its address. */
static void many_segments(void **state)
{
	enum { N = PN_XNUM + 1000 };
	static const uint8_t iret[] = { 0x48, 0xcf, 0x90, 0x90 };
	struct {
		Elf64_Ehdr e;
		Elf64_Shdr s;
		uint8_t text[4];
		Elf64_Phdr p[N];
	} *f = calloc(1, sizeof(*f));
	struct kernel k = kernel();
	enum reblock_tri is;

	(void)state;
	assert_non_null(f);
	f->e = k.e;
	f->e.e_type = ET_CORE;
	f->e.e_phoff = (uint64_t)((char *)f->p - (char *)f);
	f->e.e_shoff = (uint64_t)((char *)&f->s - (char *)f);
	f->e.e_phnum = PN_XNUM;
	f->s.sh_info = N;
	memcpy(f->text, iret, sizeof(iret));
	for (uint64_t i = 0; i < N; i++) {
		f->p[i] = k.p[1];
		f->p[i].p_vaddr = HIGH + (N - 1 - i) * 4096;
		f->p[i].p_offset = (uint64_t)((char *)f->text - (char *)f);
		f->p[i].p_filesz = 4;
	}
	assert_int_equal(add(f, sizeof(*f), "", HIGH, &is), 0);
	assert_int_equal(is, REBLOCK_YES);
	assert_int_equal(add(f, sizeof(*f), "", HIGH + (N - 1) * 4096, &is), 0);
	assert_int_equal(is, REBLOCK_YES);
	f->s.sh_info = UINT32_MAX; /* as many as there are */
	assert_int_equal(add(f, sizeof(*f), "", HIGH, &is), 0);
	assert_int_equal(is, REBLOCK_YES);
	f->e.e_shoff = sizeof(*f) - 8;
	assert_int_equal(add(f, sizeof(*f), "", HIGH, &is), -EINVAL);
	free(f);
}

/* The word on a file that somebody may take for one of use. */
static void other_files(void **state)
{
	static const uint8_t magic[] = { 'H', 'd', 'r', 'S' };
	char kernel[1024] = { 0 };
	enum reblock_tri is;

	(void)state;
	memcpy(kernel + 0x202, magic, sizeof(magic));
	assert_int_equal(add(kernel, sizeof(kernel), "@0xffffffff81000000", HIGH, &is), -EINVAL);
	assert_int_equal(add("KDUMP   \6", 9, "@0", 0, &is), -EINVAL);
	assert_int_equal(add("makedumpfile\0\0", 15, "@0", 0, &is), -EINVAL);
	assert_int_equal(add("KDUMP", 5, "@0", 0, &is), 0);
}

/* Whatever is wrong with a header: it is refused or taken, and nothing is read that is not in the file. */
static void any_damage(void **state)
{
	struct kernel k = kernel(), bad;
	enum reblock_tri is;

	(void)state;
	k.e.e_type = ET_CORE;
	for (size_t at = SELFMAG; at < offsetof(struct kernel, text); at++) {
		static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };

		for (size_t i = 0; i < sizeof(values); i++) {
			bad = k;
			((uint8_t *)&bad)[at] = values[i];
			add(&bad, sizeof(bad), "", HIGH + 1, &is);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(core_file),
		cmocka_unit_test(damaged_files),
		cmocka_unit_test(data_of_each_cpu),
		cmocka_unit_test(physical_addresses),
		cmocka_unit_test(many_segments),
		cmocka_unit_test(other_files),
		cmocka_unit_test(any_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
