// SPDX-License-Identifier: BSD-2-Clause
/* The tracepoints' arguments, read from BTF that is made here as kernels have it. */
#include "collector/shape.h"

#include <bpf/btf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum argument { VCPU, NUMBER, OTHER, END };

/* Adds the typedef of a tracepoint's probe: its own data, then ARGUMENTS. */
static void add_tracepoint(struct btf *btf, const char *name, const enum argument *arguments)
{
	int number = btf__add_int(btf, "unsigned int", 4, 0);
	int vcpu = btf__add_ptr(btf, btf__add_struct(btf, "kvm_vcpu", 8));
	int other = btf__add_ptr(btf, btf__add_struct(btf, "kvm", 8));
	const int types[] = { [VCPU] = vcpu, [NUMBER] = number, [OTHER] = other };
	int data = btf__add_ptr(btf, 0);
	int prototype = btf__add_func_proto(btf, 0);

	assert_int_equal(btf__add_func_param(btf, "", data), 0);
	for (; *arguments != END; arguments++)
		assert_int_equal(btf__add_func_param(btf, "", types[*arguments]), 0);
	assert_true(btf__add_typedef(btf, name, btf__add_ptr(btf, prototype)) > 0);
}

static enum exit_shape exit_shape(const enum argument *arguments)
{
	struct btf *btf = btf__new_empty();
	enum exit_shape shape;

	add_tracepoint(btf, "btf_trace_kvm_exit", arguments);
	shape = shape_exit(btf);
	btf__free(btf);
	return shape;
}

static void exits(void **state)
{
	(void)state;
	assert_int_equal(exit_shape((enum argument[]){ VCPU, NUMBER, END }), EXIT_VCPU_ISA);
	assert_int_equal(exit_shape((enum argument[]){ NUMBER, VCPU, NUMBER, END }),
			 EXIT_REASON_VCPU_ISA);
	assert_int_equal(exit_shape((enum argument[]){ NUMBER, NUMBER, VCPU, END }), EXIT_UNKNOWN);
	assert_int_equal(exit_shape((enum argument[]){ OTHER, NUMBER, END }), EXIT_UNKNOWN);
	assert_int_equal(exit_shape((enum argument[]){ END }), EXIT_UNKNOWN);
}

static void entries(void **state)
{
	static const enum argument old[] = { NUMBER, END }, plain[] = { VCPU, END },
				   immediate[] = { VCPU, NUMBER, END };
	struct btf *btf = btf__new_empty();

	(void)state;
	assert_false(shape_entry_has_vcpu(btf));
	add_tracepoint(btf, "btf_trace_kvm_entry", old);
	assert_false(shape_entry_has_vcpu(btf));
	btf__free(btf);

	btf = btf__new_empty();
	add_tracepoint(btf, "btf_trace_kvm_entry", plain);
	assert_true(shape_entry_has_vcpu(btf));
	assert_int_equal(shape_exit(btf), EXIT_UNKNOWN);
	btf__free(btf);

	btf = btf__new_empty();
	add_tracepoint(btf, "btf_trace_kvm_entry", immediate);
	assert_true(shape_entry_has_vcpu(btf));
	btf__free(btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exits),
		cmocka_unit_test(entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
