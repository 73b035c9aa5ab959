/* SPDX-License-Identifier: BSD-2-Clause */
/* trace.dat changed at random: no crash, no hang, no large allocation, and a reason where it is refused. */
#include <errno.h>
#include <fcntl.h>
#include "trace_dat_small.h"

/* The sanitizers take ten times as long; the release's tests are the thorough ones. */
#ifdef __SANITIZE_ADDRESS__
#define CHANGES 10000
#else
#define CHANGES 50000
#endif

/* Changes 1 to 4 places of 1 to 8 bytes, of those that are not only padding, and takes it back. */
static void change(enum form form, uint64_t seed, unsigned times)
{
	struct fixture_result r = small_file(form);
	unsigned long opened = 0, damaged = 0;
	unsigned char *data;
	size_t size;
	int fd;

	free(r.records);
	data = fixture_read(&size);
	fd = open(fixture_path, O_WRONLY);
	assert_true(fd >= 0);
	for (unsigned i = 0; i < times; i++) {
		unsigned places = 1 + fixture_random(&seed) % 4;

		for (unsigned j = 0; j < places; j++) {
			uint64_t bytes = fixture_random(&seed);
			size_t n = 1 + fixture_random(&seed) % 8, at;

			do
				at = fixture_random(&seed) % (size - 8);
			while (!data[at] && !data[at + 1] && !data[at + 7]);
			/* Often small, and large, numbers. */
			if (fixture_random(&seed) % 4 == 0)
				bytes = fixture_random(&seed) % 2 ? 0 : UINT64_MAX;
			assert_int_equal(pwrite(fd, &bytes, n, (off_t)at), n);
		}
		r = fixture_read_all(fixture_path);
		if (r.opened) {
			assert_true(r.opened == -EINVAL || r.opened == -ENOTSUP);
			assert_true(r.first[0]);
		}
		opened += !r.opened;
		damaged += r.damages > 0;
		assert_true(!r.damages || r.first[0]);
		free(r.records);
		assert_int_equal(pwrite(fd, data, size, 0), size);
	}
	close(fd);
	free(data);
	print_message("%u changes: %lu files refused, %lu read with damages, %lu without\n", times,
		      times - opened, damaged, opened - damaged);
	assert_true(opened > times / 20 && damaged > times / 20);
}

static void changed_version_6(void **state)
{
	(void)state;
	change(FORM_6, 1, CHANGES / 2);
}

static void changed_version_7(void **state)
{
	(void)state;
	change(FORM_7, 2, CHANGES / 4);
}

static void changed_version_7_compressed(void **state)
{
	(void)state;
	change(FORM_7_COMPRESSED, 3, CHANGES / 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changed_version_6),
		cmocka_unit_test(changed_version_7),
		cmocka_unit_test(changed_version_7_compressed),
	};

	return cmocka_run_group_tests(tests, small_setup, fixture_teardown);
}
