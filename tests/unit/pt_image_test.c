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

/* What is read to follow instructions is of memory alone, and nothing of what is not known. */
static void memory(void **state)
{
	struct pt_image *image = pt_image_make();
	uint8_t bytes[16];

	(void)state;
	assert_false(pt_image_has_memory(NULL));
	assert_false(pt_image_has_memory(image));
	assert_int_equal(pt_image_put_program(image, 0x1000, (const uint8_t *)"\xcf\x90", 2), 0);
	assert_false(pt_image_has_memory(image));
	assert_int_equal(pt_image_read(image, 0x1000, bytes, 2), 0);
	assert_int_equal(pt_image_at_iret(image, 0x1000), REBLOCK_YES);
	assert_int_equal(pt_image_put(image, 0x1001, (const uint8_t *)"\x91\x92\x93", 3), 0);
	assert_true(pt_image_has_memory(image));
	assert_int_equal(pt_image_read(image, 0x1000, bytes, 2), 0);
	/* that the program's file has another byte there does not count */
	assert_int_equal(pt_image_read(image, 0x1001, bytes, 16), 3);
	assert_memory_equal(bytes, "\x91\x92\x93", 3);
	/* over a border, out of the larger of two that lie one over the other, up to where they differ */
	assert_int_equal(pt_image_put(image, 0xff0, (const uint8_t *)"0123456789abcdef", 16), 0);
	assert_int_equal(pt_image_put(image, 0xff2, (const uint8_t *)"2", 1), 0);
	assert_int_equal(pt_image_put(image, 0xff3, (const uint8_t *)"3x", 2), 0);
	assert_int_equal(pt_image_read(image, 0xff0, bytes, 16), 4);
	assert_memory_equal(bytes, "0123", 4);
	assert_int_equal(pt_image_read(image, 0xff3, bytes, 2), 1);
	assert_int_equal(pt_image_read(image, 0xff4, bytes, 16), 0);
	assert_int_equal(pt_image_read(image, 0xff5, bytes, 16), 11);
	assert_int_equal(pt_image_put(image, 0x1000, (const uint8_t *)"\x90", 1), 0);
	assert_int_equal(pt_image_read(image, 0xffe, bytes, 16), 6);
	/* not on at address 0 */
	assert_int_equal(pt_image_put(image, UINT64_MAX, (const uint8_t *)"\xcf", 1), 0);
	assert_int_equal(pt_image_put(image, 0, (const uint8_t *)"\xcf", 1), 0);
	assert_int_equal(pt_image_read(image, UINT64_MAX, bytes, 2), 1);
	pt_image_end(image);
}

/* What of [BEGIN, LAST] around ADDRESS one piece has alone: "BEGIN-LAST: bytes", or "". */
static const char *alone(const struct pt_image *image, uint64_t address, uint64_t begin,
			 uint64_t last)
{
	static char text[96];
	const uint8_t *bytes = pt_image_alone(image, address, &begin, &last);

	text[0] = 0;
	if (bytes)
		snprintf(text, sizeof(text), "%llx-%llx: %.*s", (unsigned long long)begin,
			 (unsigned long long)last, (int)(last - begin + 1), (const char *)bytes);
	return text;
}

static void one_piece_alone(void **state)
{
	struct pt_image *image = pt_image_make();

	(void)state;
	assert_string_equal(alone(image, 0, 0, UINT64_MAX), "");
	assert_int_equal(pt_image_put(image, 0x1000, (const uint8_t *)"0123456789abcdef", 16), 0);
	assert_string_equal(alone(image, 0x1004, 0, UINT64_MAX), "1000-100f: 0123456789abcdef");
	assert_string_equal(alone(image, 0x1004, 0x1004, 0x1004), "1004-1004: 4");
	assert_string_equal(alone(image, 0x1004, 0x1002, 0x1006), "1002-1006: 23456");
	assert_string_equal(alone(image, 0xfff, 0, UINT64_MAX), "");
	assert_string_equal(alone(image, 0x1010, 0, UINT64_MAX), "");
	/* others within it, before and behind it */
	assert_int_equal(pt_image_put(image, 0x1008, (const uint8_t *)"8", 1), 0);
	assert_int_equal(pt_image_put(image, 0xffe, (const uint8_t *)"xy01", 4), 0);
	assert_int_equal(pt_image_put(image, 0x100f, (const uint8_t *)"fg", 2), 0);
	assert_string_equal(alone(image, 0x1004, 0, UINT64_MAX), "1002-1007: 234567");
	assert_string_equal(alone(image, 0x1009, 0, UINT64_MAX), "1009-100e: 9abcde");
	assert_string_equal(alone(image, 0x1008, 0, UINT64_MAX), "");
	assert_string_equal(alone(image, 0x1001, 0, UINT64_MAX), "");
	assert_string_equal(alone(image, 0xfff, 0, UINT64_MAX), "ffe-fff: xy");
	assert_string_equal(alone(image, 0x1010, 0, UINT64_MAX), "1010-1010: g");
	/* a program's file is no memory */
	assert_int_equal(pt_image_put_program(image, 0x1003, (const uint8_t *)"xxxxxxxxxx", 10), 0);
	assert_string_equal(alone(image, 0x1004, 0, UINT64_MAX), "1002-1007: 234567");
	/* a long one before reaches over all of it */
	assert_int_equal(pt_image_put(image, 0xf00, (const uint8_t[0x105]){ 0 }, 0x105), 0);
	assert_string_equal(alone(image, 0x1004, 0, UINT64_MAX), "");
	assert_string_equal(alone(image, 0x1006, 0, UINT64_MAX), "1005-1007: 567");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instructions),  cmocka_unit_test(pieces),
		cmocka_unit_test(memory),        cmocka_unit_test(one_piece_alone),
		cmocka_unit_test(files),         cmocka_unit_test(core_file),
		cmocka_unit_test(damaged_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
