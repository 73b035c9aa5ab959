// SPDX-License-Identifier: BSD-2-Clause
/* The classic tracepoints' formats, as kernels from 5.8 on print them. */
#include "collector/shape.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define COMMON \
	"ID: 1800\nformat:\n" \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n" \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n" \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"

/* 4.15: no vCPU. */
static const char exit_4_15[] = "name: kvm_exit\n" COMMON
				"\tfield:unsigned int exit_reason;\toffset:8;\tsize:4;\tsigned:0;\n"
				"\tfield:unsigned long guest_rip;\toffset:16;\tsize:8;\tsigned:0;\n"
				"\tfield:u32 isa;\toffset:24;\tsize:4;\tsigned:0;\n"
				"\tfield:u64 info1;\toffset:32;\tsize:8;\tsigned:0;\n"
				"\tfield:u64 info2;\toffset:40;\tsize:8;\tsigned:0;\n"
				"\nprint fmt: \"reason %s%s%s\", REC->exit_reason\n";

/* 5.10 to 6.12. */
static const char exit_5_10[] = "name: kvm_exit\n" COMMON
				"\tfield:unsigned int exit_reason;\toffset:8;\tsize:4;\tsigned:0;\n"
				"\tfield:unsigned long guest_rip;\toffset:16;\tsize:8;\tsigned:0;\n"
				"\tfield:u32 isa;\toffset:24;\tsize:4;\tsigned:0;\n"
				"\tfield:u64 info1;\toffset:32;\tsize:8;\tsigned:0;\n"
				"\tfield:u64 info2;\toffset:40;\tsize:8;\tsigned:0;\n"
				"\tfield:u32 intr_info;\toffset:48;\tsize:4;\tsigned:0;\n"
				"\tfield:u32 error_code;\toffset:52;\tsize:4;\tsigned:0;\n"
				"\tfield:unsigned int vcpu_id;\toffset:56;\tsize:4;\tsigned:0;\n"
				"\nprint fmt: \"vcpu %u reason %s%s%s\", REC->vcpu_id\n";

/* 6.14: requests at the end. */
static const char exit_6_14[] = "name: kvm_exit\n" COMMON
				"\tfield:unsigned int exit_reason;\toffset:8;\tsize:4;\tsigned:0;\n"
				"\tfield:unsigned long guest_rip;\toffset:16;\tsize:8;\tsigned:0;\n"
				"\tfield:u32 isa;\toffset:24;\tsize:4;\tsigned:0;\n"
				"\tfield:u64 info1;\toffset:32;\tsize:8;\tsigned:0;\n"
				"\tfield:u64 info2;\toffset:40;\tsize:8;\tsigned:0;\n"
				"\tfield:u32 intr_info;\toffset:48;\tsize:4;\tsigned:0;\n"
				"\tfield:u32 error_code;\toffset:52;\tsize:4;\tsigned:0;\n"
				"\tfield:unsigned int vcpu_id;\toffset:56;\tsize:4;\tsigned:0;\n"
				"\tfield:u64 requests;\toffset:64;\tsize:8;\tsigned:0;\n"
				"\nprint fmt: \"vcpu %u\", REC->vcpu_id\n";

static const char entry_5_4[] = "name: kvm_entry\n" COMMON
				"\tfield:unsigned int vcpu_id;\toffset:8;\tsize:4;\tsigned:0;\n"
				"\nprint fmt: \"vcpu %u\", REC->vcpu_id\n";

static const char entry_6_12[] = "name: kvm_entry\n" COMMON
				 "\tfield:unsigned int vcpu_id;\toffset:8;\tsize:4;\tsigned:0;\n"
				 "\tfield:unsigned long rip;\toffset:16;\tsize:8;\tsigned:0;\n"
				 "\tfield:bool immediate_exit;\toffset:24;\tsize:1;\tsigned:0;\n"
				 "\nprint fmt: \"vcpu %u, rip 0x%lx\", REC->vcpu_id, REC->rip\n";

static const char entry_6_14[] = "name: kvm_entry\n" COMMON
				 "\tfield:unsigned int vcpu_id;\toffset:8;\tsize:4;\tsigned:0;\n"
				 "\tfield:unsigned long rip;\toffset:16;\tsize:8;\tsigned:0;\n"
				 "\tfield:bool immediate_exit;\toffset:24;\tsize:1;\tsigned:0;\n"
				 "\tfield:u32 intr_info;\toffset:28;\tsize:4;\tsigned:0;\n"
				 "\tfield:u32 error_code;\toffset:32;\tsize:4;\tsigned:0;\n"
				 "\nprint fmt: \"vcpu %u, rip 0x%lx\", REC->vcpu_id, REC->rip\n";

static const char user_exit[] = "name: kvm_userspace_exit\n" COMMON
				"\tfield:__u32 reason;\toffset:8;\tsize:4;\tsigned:0;\n"
				"\tfield:int errno;\toffset:12;\tsize:4;\tsigned:1;\n"
				"\nprint fmt: \"reason %s (%d)\", REC->reason\n";

static FILE *text_file(const char *text)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r");

	assert_non_null(file);
	return file;
}

static int exit_format(const char *text, struct classic_exit_format *at)
{
	FILE *file = text_file(text);
	int result = shape_parse_exit(file, at);

	fclose(file);
	return result;
}

static int entry_format(const char *text, struct classic_entry_format *at)
{
	FILE *file = text_file(text);
	int result = shape_parse_entry(file, at);

	fclose(file);
	return result;
}

static void exits(void **state)
{
	struct classic_exit_format at;

	(void)state;
	assert_int_equal(exit_format(exit_4_15, &at), 0);
	assert_int_equal(at.info2, 40);
	assert_int_equal(at.intr_info, 0);
	assert_int_equal(at.vcpu, 0);

	assert_int_equal(exit_format(exit_5_10, &at), 0);
	assert_int_equal(at.reason, 8);
	assert_int_equal(at.rip, 16);
	assert_int_equal(at.isa, 24);
	assert_int_equal(at.info1, 32);
	assert_int_equal(at.info2, 40);
	assert_int_equal(at.intr_info, 48);
	assert_int_equal(at.vcpu, 56);

	assert_int_equal(exit_format(exit_6_14, &at), 0);
	assert_int_equal(at.intr_info, 48);
	assert_int_equal(at.vcpu, 56);
}

static void entries(void **state)
{
	struct classic_entry_format at;

	(void)state;
	assert_int_equal(entry_format(entry_5_4, &at), 0);
	assert_int_equal(at.vcpu, 8);
	assert_int_equal(at.rip, 0);

	assert_int_equal(entry_format(entry_6_12, &at), 0);
	assert_int_equal(at.rip, 16);
	assert_int_equal(at.intr_info, 0);

	assert_int_equal(entry_format(entry_6_14, &at), 0);
	assert_int_equal(at.intr_info, 28);
}

static void user_exits(void **state)
{
	struct classic_user_exit_format at;
	FILE *file = text_file(user_exit);

	(void)state;
	assert_int_equal(shape_parse_user_exit(file, &at), 0);
	assert_int_equal(at.reason, 8);
	assert_int_equal(at.error, 12);
	fclose(file);
}

/* What is not as expected is not used: another size, a missing field, no format at all. */
static void refused(void **state)
{
	struct classic_entry_format entry;
	struct classic_exit_format at;

	(void)state;
	assert_int_equal(exit_format("name: kvm_exit\n" COMMON
				     "\tfield:u64 exit_reason;\toffset:8;\tsize:8;\tsigned:0;\n"
				     "\tfield:u32 isa;\toffset:24;\tsize:4;\tsigned:0;\n"
				     "\tfield:u64 info1;\toffset:32;\tsize:8;\tsigned:0;\n",
				     &at),
			 -EINVAL);
	assert_int_equal(exit_format("field: \n;;;\nfield:;\toffset:;\n", &at), -EINVAL);
	assert_int_equal(exit_format(entry_6_14, &at), -EINVAL);
	assert_int_equal(entry_format(user_exit, &entry), -EINVAL);
	/* The print format names fields too. */
	assert_int_equal(
		entry_format("print fmt: x\n\tfield:unsigned int vcpu_id;\toffset:8;\tsize:4;\n",
			     &entry),
		-EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exits),
		cmocka_unit_test(entries),
		cmocka_unit_test(user_exits),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
