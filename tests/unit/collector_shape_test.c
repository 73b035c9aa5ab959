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

static struct shape look(const struct btf *btf)
{
	struct shape shape = { 0 };

	shape_look(btf, NULL, &shape);
	return shape;
}

static enum exit_shape exit_shape(const enum argument *arguments)
{
	struct btf *btf = btf__new_empty();
	enum exit_shape shape;

	add_tracepoint(btf, "btf_trace_kvm_exit", arguments);
	shape = look(btf).exit;
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
	assert_false(look(btf).entry_has_vcpu);
	add_tracepoint(btf, "btf_trace_kvm_entry", old);
	assert_false(look(btf).entry_has_vcpu);
	btf__free(btf);

	btf = btf__new_empty();
	add_tracepoint(btf, "btf_trace_kvm_entry", plain);
	assert_true(look(btf).entry_has_vcpu);
	assert_int_equal(look(btf).exit, EXIT_UNKNOWN);
	btf__free(btf);

	btf = btf__new_empty();
	add_tracepoint(btf, "btf_trace_kvm_entry", immediate);
	assert_true(look(btf).entry_has_vcpu);
	btf__free(btf);
}

/* What KVM's own structures say, in a module's BTF on top of a kernel's. */
static void structures(void **state)
{
	struct btf *kernel = btf__new_empty(), *module;
	struct shape shape = { 0 };

	(void)state;
	assert_true(btf__add_struct(kernel, "kvm_vcpu_stat", 8) > 0);
	assert_true(btf__add_enum(kernel, "kvm_reg", 4) > 0);
	assert_int_equal(btf__add_enum_value(kernel, "VCPU_REGS_RIP", 16), 0);
	shape_look(kernel, NULL, &shape);
	assert_false(shape.recover_after || shape.idt_vectoring || shape.controls);

	module = btf__new_empty_split(kernel);
	assert_true(btf__add_enum(module, "kvm_reg", 4) > 0);
	assert_int_equal(btf__add_enum_value(module, "VCPU_EXREG_EXIT_INFO_1", 23), 0);
	shape_look(module, kernel, &shape);
	assert_true(shape.recover_after);
	assert_false(shape.idt_vectoring || shape.controls);

	assert_true(btf__add_struct(module, "loaded_vmcs", 8) > 0);
	assert_int_equal(btf__add_field(module, "controls_shadow", 1, 0, 0), 0);
	assert_true(btf__add_struct(module, "kvm_vcpu_stat", 8) > 0);
	assert_int_equal(btf__add_field(module, "generic", 1, 0, 0), 0);
	shape_look(module, kernel, &shape);
	assert_true(shape.idt_vectoring && shape.controls);
	btf__free(module);
	btf__free(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exits),
		cmocka_unit_test(entries),
		cmocka_unit_test(structures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
