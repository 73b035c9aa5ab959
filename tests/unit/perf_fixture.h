/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a reading of perf.data gives, as text: a line for each damage, record and note in their
 * order, or one for the error.
 *
 *   exit 1/0 t=300 cpu=0 reason=48 q=0x1181 ii=0 idtv=0 rip=0x1000
 *
 * is an exit of vCPU 0 of VM 1; a field that is not there is absent. "*" stands for none of a vm or vcpu.
 */
#ifndef PERF_FIXTURE_H
#define PERF_FIXTURE_H

#include <sys/mman.h>
#include "input_fixture.h"
#include "perf_build.h"

#define PERF_TABLE SOURCE_DIR "/tests/unit/tables/kvm_formats.table"

struct perf_text {
	char *text;
	size_t size;
	FILE *to;
	unsigned damages;
};

static inline void perf_text_id(FILE *f, uint32_t id, uint32_t none)
{
	if (id == none)
		fputc('*', f);
	else
		fprintf(f, "%u", id);
}

static inline void perf_text_record(FILE *f, const struct reblock_record *r)
{
	char name[REBLOCK_NAME_LENGTH + 1];

	fprintf(f, "%s ", reblock_kind_name(r->kind));
	perf_text_id(f, r->vm, REBLOCK_NO_VM);
	fputc('/', f);
	perf_text_id(f, r->vcpu, REBLOCK_NO_VCPU);
	if (r->t != REBLOCK_NO_TIME)
		fprintf(f, " t=%llu", (unsigned long long)r->t);
	if (r->cpu != REBLOCK_NO_CPU)
		fprintf(f, " cpu=%u", r->cpu);
	if (r->kind == REBLOCK_META) {
		reblock_record_name(r, name);
		if (reblock_has(r, REBLOCK_HAS_ERROR_CODE))
			fprintf(f, " pid=%u", r->error_code);
		if (reblock_has(r, REBLOCK_HAS_RIP))
			fprintf(f, " name=%s", name);
		fputc('\n', f);
		return;
	}
	if (r->kind == REBLOCK_LOST) {
		if (reblock_has(r, REBLOCK_HAS_QUALIFICATION))
			fprintf(f, " count=%llu", (unsigned long long)r->qualification);
		fputc('\n', f);
		return;
	}
	if (reblock_has(r, REBLOCK_HAS_REASON))
		fprintf(f, " reason=%u", r->reason);
	if (reblock_has(r, REBLOCK_HAS_QUALIFICATION))
		fprintf(f, " q=%#llx", (unsigned long long)r->qualification);
	if (reblock_has(r, REBLOCK_HAS_INTR_INFO))
		fprintf(f, " ii=%#x", r->intr_info);
	if (reblock_has(r, REBLOCK_HAS_ERROR_CODE))
		fprintf(f, " ec=%#x", r->error_code);
	if (reblock_has(r, REBLOCK_HAS_IDT_VECTORING))
		fprintf(f, " idtv=%#x", r->idt_vectoring);
	if (reblock_has(r, REBLOCK_HAS_RIP))
		fprintf(f, " rip=%#llx", (unsigned long long)r->rip);
	if (reblock_has(r, REBLOCK_HAS_L2))
		fprintf(f, " l2=%d", reblock_flag(r, REBLOCK_L2));
	if (reblock_flag(r, REBLOCK_NO_OTHER_INJECTION))
		fprintf(f, " no-other");
	fputc('\n', f);
}

static inline void perf_text_damage(void *context, const char *message)
{
	struct perf_text *t = context;

	assert_null(strchr(message, '\n'));
	fprintf(t->to, "damage %s\n", strchr(message, ':') + 2);
	t->damages++;
}

/* Reads the file PATH. The text is to be freed. */
static inline char *perf_read_path(const char *path)
{
	struct perf_text t = { .damages = 0 };
	struct reblock_input *in;
	const struct reblock_record *records;
	const char *note;
	char *error;
	long n;

	t.to = open_memstream(&t.text, &t.size);
	assert_non_null(t.to);
	if (reblock_input_open(path, perf_text_damage, &t, &in, &error) < 0) {
		assert_non_null(error);
		assert_null(strchr(error, '\n'));
		fprintf(t.to, "error %s\n", strchr(error, ':') + 2);
		free(error);
		fclose(t.to);
		return t.text;
	}
	assert_int_equal(reblock_input_format(in), REBLOCK_FORMAT_PERF);
	while ((n = reblock_input_next(in, &records)) > 0) {
		assert_true(n <= REBLOCK_CHUNK_RECORDS);
		for (long i = 0; i < n; i++) {
			struct reblock_record r = records[i];

			assert_true(reblock_record_normalize(&r));
			assert_memory_equal(&r, &records[i], sizeof(r));
			perf_text_record(t.to, &r);
		}
	}
	assert_int_equal(n, 0);
	for (size_t i = 0; (note = reblock_input_note(in, i)) != NULL; i++)
		fprintf(t.to, "note %s\n", note);
	assert_int_equal(reblock_input_damages(in), t.damages);
	reblock_input_close(in);
	fclose(t.to);
	return t.text;
}

static inline char *perf_read_bytes(const uint8_t *data, size_t size)
{
	int fd = memfd_create("perf", 0);
	char path[64], *text;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	text = perf_read_path(path);
	close(fd);
	return text;
}

/* Ends B and reads what it built. */
static inline char *perf_read_built(struct perf_build *b)
{
	uint8_t *data;
	size_t size;
	char *text;

	assert_int_equal(perf_build_finish(b, &data, &size), 0);
	text = perf_read_bytes(data, size);
	free(data);
	return text;
}

/* The text has to be this, and is freed. */
static inline void perf_expect(char *text, const char *expected)
{
	assert_string_equal(text, expected);
	free(text);
}

/* The part has to be in the text, which is freed; a part that begins with "!" must not. */
static inline void perf_expect_in(char *text, const char *part)
{
	bool found = strstr(text, part[0] == '!' ? part + 1 : part) != NULL;

	if (found == (part[0] == '!'))
		print_error("%s%s\n", text, part);
	assert_true(found != (part[0] == '!'));
	free(text);
}

#endif
