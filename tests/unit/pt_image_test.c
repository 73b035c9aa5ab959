/* SPDX-License-Identifier: BSD-2-Clause */
/* Which instruction is an IRET, and where the bytes of a guest come from: files as users have them. */
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
#define LOW 0x401000u

static enum reblock_tri look(uint64_t address, const char *bytes, size_t size)
{
	struct pt_image *image = pt_image_make();
	enum reblock_tri is;

	assert_non_null(image);
	assert_int_equal(pt_image_put(image, address, (const uint8_t *)bytes, size), 0);
	is = pt_image_at_iret(image, address);
	pt_image_end(image);
	return is;
}

static void instructions(void **state)
{
	static const struct {
		uint64_t address;
		const char *bytes;
		size_t size;
		enum reblock_tri is;
	} rows[] = {
		{ HIGH, "\x48\xcf", 2, REBLOCK_YES },
		{ HIGH, "\xcf", 1, REBLOCK_YES },
		{ HIGH, "\x66\xcf", 2, REBLOCK_YES },
		{ HIGH, "\x66\x48\xcf", 3, REBLOCK_YES },
		{ LOW, "\xcf", 1, REBLOCK_YES },
		{ LOW, "\x66\xcf", 2, REBLOCK_YES },
		{ LOW, "\x48\xcf", 2, REBLOCK_UNKNOWN }, /* DEC EAX, IRET in 32-bit mode */
		{ LOW, "\x48\x90", 2, REBLOCK_NO },
		{ HIGH, "\x48\x0f\x07", 3, REBLOCK_NO }, /* SYSRET */
		{ HIGH, "\x0f\x01\xca\xcf", 4, REBLOCK_NO },
		{ HIGH, "\xf0\xcf", 2, REBLOCK_NO },
		{ HIGH, "\x48\x48\xcf", 3, REBLOCK_NO },
		{ HIGH, "\x48\x66\xcf", 3, REBLOCK_UNKNOWN },
		{ HIGH, "\x48", 1, REBLOCK_UNKNOWN },
		{ HIGH, "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\xcf", 16,
		  REBLOCK_NO },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (look(rows[i].address, rows[i].bytes, rows[i].size) != rows[i].is)
			fail_msg("row %zu", i);
	assert_int_equal(pt_image_at_iret(NULL, HIGH), REBLOCK_UNKNOWN);
}

static void pieces(void **state)
{
	struct pt_image *image = pt_image_make();

	(void)state;
	assert_non_null(image);
	assert_int_equal(pt_image_put(image, 0x1000, (const uint8_t *)"\x66", 1), 0);
	assert_int_equal(pt_image_at_iret(image, 0x1000), REBLOCK_UNKNOWN);
	/* on both sides of a border */
	assert_int_equal(pt_image_put(image, 0x1001, (const uint8_t *)"\xcf\xcf", 2), 0);
	assert_int_equal(pt_image_at_iret(image, 0x1000), REBLOCK_YES);
	/* the same again, and another */
	assert_int_equal(pt_image_put(image, 0x1002, (const uint8_t *)"\xcf", 1), 0);
	assert_int_equal(pt_image_at_iret(image, 0x1002), REBLOCK_YES);
	assert_int_equal(pt_image_put(image, 0x1002, (const uint8_t *)"\x90", 1), 0);
	assert_int_equal(pt_image_at_iret(image, 0x1002), REBLOCK_UNKNOWN);
	assert_int_equal(pt_image_at_iret(image, 0x1003), REBLOCK_UNKNOWN);
	assert_int_equal(pt_image_at_iret(image, 0xfff), REBLOCK_UNKNOWN);
	/* the end of all addresses */
	assert_int_equal(pt_image_put(image, UINT64_MAX, (const uint8_t *)"\xcf\xcf", 2), -EINVAL);
	assert_int_equal(pt_image_put(image, UINT64_MAX, (const uint8_t *)"\xcf", 1), 0);
	assert_int_equal(pt_image_at_iret(image, UINT64_MAX), REBLOCK_YES);
	pt_image_end(image);
}

/* A file with these bytes; its name is valid until the next call. */
static const char *file_of(const void *bytes, size_t size)
{
	static char name[] = "/tmp/pt_image_test.XXXXXX";
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
	Elf64_Phdr p[2];
	uint8_t text[8];
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
	k.p[0].p_type = PT_NOTE;
	k.p[1].p_type = PT_LOAD;
	k.p[1].p_vaddr = HIGH;
	k.p[1].p_offset = offsetof(struct kernel, text);
	k.p[1].p_filesz = sizeof(k.text);
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

static void damaged_files(void **state)
{
	struct kernel k = kernel();
	enum reblock_tri is;

	(void)state;
	/* cut off in the text: what is there counts */
	assert_int_equal(add(&k, sizeof(k) - 6, "", HIGH, &is), 0);
	assert_int_equal(is, REBLOCK_NO);
	assert_int_equal(add(&k, sizeof(k) - 6, "", HIGH + 1, &is), 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instructions),
		cmocka_unit_test(pieces),
		cmocka_unit_test(files),
		cmocka_unit_test(damaged_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
