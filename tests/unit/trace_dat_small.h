/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of damaged trace.dat files share: a small file of each form, and a limit on memory. */
#ifndef TRACE_DAT_SMALL_H
#define TRACE_DAT_SMALL_H

#include <sys/resource.h>
#include "input_fixture.h"
#include "trace_dat_build.h"

#define EVENTS 150

/* So that AddressSanitizer stops what asks for more than 256 MB at once. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "max_allocation_size_mb=256";
}

static inline int small_setup(void **state)
{
#ifndef __SANITIZE_ADDRESS__
	const struct rlimit data = { (rlim_t)256 << 20, (rlim_t)256 << 20 };

	setrlimit(RLIMIT_DATA, &data);
#endif
	return fixture_setup(state);
}

enum form { FORM_6, FORM_7, FORM_7_COMPRESSED, FORMS };

/* Two CPUs with two pages each. */
static inline struct fixture_result small_file(enum form form)
{
	static const char uname_text[] = "Linux box 6.14.0 x86_64",
			  stats[] = "CPU: 0\noverrun: 0\n";
	struct dat_build *b = dat_new(form == FORM_6 ? 6 : 7, 2);
	FILE *f = fopen(fixture_path, "wb+");

	assert_non_null(f);
	if (form == FORM_7_COMPRESSED)
		dat_compress(b);
	dat_type(b, &dat_exit_6_14);
	dat_type(b, &dat_entry_6_14);
	dat_option(b, 2, stats, sizeof(stats));
	dat_option(b, 4, "[local] mono", 13);
	dat_option(b, 5, uname_text, sizeof(uname_text));
	dat_option(b, 9, "3.1.6", 6);
	dat_names(b, "100 CPU 0/KVM\n101 CPU 1/KVM\n");
	for (unsigned i = 0; i < EVENTS; i++) {
		unsigned cpu = i / 2 % 2;
		uint64_t t = 1000 + i * 100;

		if (i % 2)
			dat_event(b, cpu, t, &dat_entry_6_14, 100 + cpu,
				  (uint64_t[]){ cpu, 0x1000 + i - 1, 0, 0, 0 });
		else
			dat_event(b, cpu, t, &dat_exit_6_14, 100 + cpu,
				  (uint64_t[]){ 48, 0x1000 + i, 1, 0x181, 0, 0, 0, cpu, 0 });
		if (i == 70)
			dat_padding(b, cpu, 16);
	}
	dat_write(b, f);
	assert_int_equal(fclose(f), 0);
	return fixture_read_all(fixture_path);
}

#endif
