/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The reader's walk through the ring buffer's pages against libtracecmd's: the same events of the
 * same CPUs, with the same times and bytes, and events missing at the same places. Also for files
 * named in $REBLOCK_TRACE_DAT, separated by colons, such as real recordings.
 */
#include <fcntl.h>
#include <trace-cmd/trace-cmd.h>
#include "input/trace_dat.h"
#include "input/trace_dat_merge.h"
#include "input_fixture.h"
#include "trace_dat_build.h"

#define CPUS_MOST 64

static void no_damage(void *context, const char *message)
{
	(void)context;
	fail_msg("%s", message);
}

/* Events as a number that depends on all of them and their order, one for each CPU. */
struct sums {
	uint64_t events[CPUS_MOST], missed[CPUS_MOST], sum[CPUS_MOST];
};

static void add(struct sums *s, int cpu, uint64_t t, const uint8_t *data, unsigned size)
{
	uint64_t sum = s->sum[cpu] ^ t;

	for (unsigned i = 0; i < size; i++)
		sum = (sum ^ data[i]) * 0x100000001b3;
	s->sum[cpu] = sum;
	s->events[cpu]++;
}

static struct sums ours(const char *path)
{
	struct reblock_input in = { .name = "test", .damage = no_damage };
	struct trace_dat *d = calloc(1, sizeof(*d));
	struct sums s = { .events = { 0 } };
	const char *why = "";

	assert_non_null(d);
	assert_int_equal(bytes_open(&in.bytes, open(path, O_RDONLY)), 0);
	d->in = &in;
	d->data = in.bytes.data;
	d->size = in.bytes.size;
	d->tep = tep_alloc();
	if (trace_dat_read(d, &why))
		fail_msg("%s", why);
	for (size_t i = 0; i < d->n_buffers; i++) {
		const struct trace_dat_buffer *b = &d->buffers[i];

		for (size_t j = 0; j < b->n_cpus && !b->name[0]; j++) {
			struct ring r = { .dat = d, .cpu = b->cpus[j].cpu };

			r.page_size = b->page_size;
			r.compressed = b->compressed;
			ring_rewind(&r, b->cpus[j].offset, b->cpus[j].size);
			while (ring_next(&r) > 0) {
				add(&s, (int)r.cpu, r.t, r.data, r.size);
				s.missed[r.cpu] += r.missing;
			}
			ring_free(&r);
		}
	}
	trace_dat_free(d);
	bytes_close(&in.bytes);
	return s;
}

static int take(struct tracecmd_input *handle, struct tep_record *record, int cpu, void *context)
{
	struct sums *s = context;

	(void)handle;
	(void)cpu;
	add(s, record->cpu, record->ts, record->data, (unsigned)record->size);
	s->missed[record->cpu] += record->missed_events != 0;
	return 0;
}

static struct sums theirs(const char *path)
{
	struct sums s = { .events = { 0 } };
	struct tracecmd_input *handle;

	tracecmd_set_loglevel(TEP_LOG_NONE);
	handle = tracecmd_open(path, TRACECMD_FL_LOAD_NO_PLUGINS);
	assert_non_null(handle);
	assert_int_equal(tracecmd_iterate_events(handle, NULL, 0, take, &s), 0);
	tracecmd_close(handle);
	return s;
}

static uint64_t compare(const char *path)
{
	struct sums a = ours(path), b = theirs(path);
	uint64_t n = 0;

	for (int i = 0; i < CPUS_MOST; i++) {
		if (a.events[i] != b.events[i] || a.sum[i] != b.sum[i] ||
		    a.missed[i] != b.missed[i])
			fail_msg("%s, CPU %d: %lu events, %lu gaps; libtracecmd: %lu, %lu", path, i,
				 (unsigned long)a.events[i], (unsigned long)a.missed[i],
				 (unsigned long)b.events[i], (unsigned long)b.missed[i]);
		n += a.events[i];
	}
	return n;
}

/* Events of all sizes, far and near in time, between padding and stamps, some missing. */
static void build(unsigned version, bool compress)
{
	struct dat_build *b = dat_new(version, 3);
	uint64_t seed = 7, t = 1000;
	uint8_t data[1024];
	FILE *f = fopen(fixture_path, "wb+");

	assert_non_null(f);
	if (compress)
		dat_compress(b);
	dat_type(b, &dat_sched_switch);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	memcpy(data, &dat_sched_switch.id, 2);
	for (int i = 0; i < 5000; i++) {
		unsigned cpu = fixture_random(&seed) % 3;

		t += fixture_random(&seed) % 50 ? fixture_random(&seed) % 10000 :
						  fixture_random(&seed) % ((uint64_t)1 << 40);
		if (fixture_random(&seed) % 100 == 0 && i > 100)
			dat_missed(b, cpu, fixture_random(&seed) % 3 * 5);
		else if (fixture_random(&seed) % 30 == 0)
			dat_stamp(b, cpu, t);
		else if (i > 100 && fixture_random(&seed) % 30 == 0)
			dat_padding(b, cpu, 8 + fixture_random(&seed) % 20 * 4);
		dat_raw(b, cpu, t, data, 8 + fixture_random(&seed) % 40 * (i % 20 ? 2 : 20));
	}
	dat_write(b, f);
	fclose(f);
}

static void the_same_events(void **state)
{
	(void)state;
	build(6, false);
	assert_int_equal(compare(fixture_path), 5000);
	build(7, false);
	assert_int_equal(compare(fixture_path), 5000);
	build(7, true);
	assert_int_equal(compare(fixture_path), 5000);
}

static void named_files(void **state)
{
	const char *list = getenv("REBLOCK_TRACE_DAT");
	char *names, *save = NULL;

	(void)state;
	if (!list)
		skip();
	names = strdup(list);
	for (char *name = strtok_r(names, ":", &save); name; name = strtok_r(NULL, ":", &save))
		printf("%s: %lu events\n", name, (unsigned long)compare(name));
	free(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_events),
		cmocka_unit_test(named_files),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
