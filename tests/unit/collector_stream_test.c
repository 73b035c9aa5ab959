// SPDX-License-Identifier: BSD-2-Clause
/* Samples of the ring become records: numbers of VMs, order, and what is lost at the end. */
#include "collector/stream.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define MANY (3 * STREAM_BATCH + 7)

static struct reblock_record seen[MANY];
static size_t n_seen;
static int sink_says;

static int sink(void *context, const struct reblock_record *records, size_t n)
{
	assert_ptr_equal(context, seen);
	assert_true(n > 0 && n_seen + n <= MANY);
	memcpy(seen + n_seen, records, n * sizeof(*records));
	n_seen += n;
	return sink_says;
}

static struct stream *begin(void)
{
	static struct stream stream;

	stream_free(&stream);
	memset(&stream, 0, sizeof(stream));
	stream.sink = sink;
	stream.context = seen;
	n_seen = 0;
	sink_says = 0;
	return &stream;
}

static struct reblock_record record(uint32_t vm, uint16_t seq)
{
	return (struct reblock_record){
		.vm = vm, .seq = seq, .kind = REBLOCK_ENTRY, .presence = REBLOCK_HAS_SEQ
	};
}

/* Raw numbers are a CPU and a count: they come in any order, and each keeps its dense number. */
static void numbers(void **state)
{
	struct stream *stream = begin();

	(void)state;
	assert_int_equal(stream_vm(stream, 0x300001), 1);
	assert_int_equal(stream_vm(stream, 1), 2);
	assert_int_equal(stream_vm(stream, 0x300001), 1);
	assert_int_equal(stream_vm(stream, 0x300001), 1);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(stream_vm(stream, 0x700000 + i), 3 + i);
	assert_int_equal(stream_vm(stream, 1), 2);
	stream_free(stream);
}

/* VMs come and go for months: memory stays bounded, and one that is alive keeps its number. */
static void forgets(void **state)
{
	struct stream *stream = begin();
	uint32_t alive;

	(void)state;
	alive = stream_vm(stream, 7);
	for (uint32_t i = 0; i < 20 * STREAM_VMS; i++) {
		assert_int_equal(stream_vm(stream, 0x100000 + i), i + 2);
		if (i % 1000 == 0)
			assert_int_equal(stream_vm(stream, 7), alive);
		assert_true(stream->room <= 2 * STREAM_VMS);
	}
	assert_int_equal(stream_vm(stream, 7), alive);
	/* One of the newest is known, one of the first is not. */
	assert_int_equal(stream_vm(stream, 0x100000 + 20 * STREAM_VMS - 5),
			 20 * STREAM_VMS - 5 + 2);
	assert_true(stream_vm(stream, 0x100000 + 5) > 20 * STREAM_VMS);
	stream_free(stream);
}

static void order(void **state)
{
	struct stream *stream = begin();
	struct reblock_record two[2];

	(void)state;
	for (uint16_t i = 0; i < MANY - 1; i += 2) {
		two[0] = record(9, i);
		two[1] = record(9, i + 1);
		assert_int_equal(stream_take(stream, two, sizeof(two)), 0);
	}
	two[0] = record(9, MANY - 1);
	assert_int_equal(stream_take(stream, two, sizeof(two[0])), 0);
	assert_true(n_seen < MANY);
	assert_int_equal(stream_flush(stream), 0);
	assert_int_equal(n_seen, MANY);
	assert_int_equal(stream->delivered, MANY);
	for (uint16_t i = 0; i < MANY; i++) {
		assert_int_equal(seen[i].seq, i);
		assert_int_equal(seen[i].vm, 1);
	}
	assert_int_equal(stream_flush(stream), 0);
	assert_int_equal(stream_take(stream, two, 63), -EBADMSG);
	stream_free(stream);
}

static void sink_stops(void **state)
{
	struct stream *stream = begin();
	struct reblock_record one = record(1, 0);

	(void)state;
	sink_says = 7;
	assert_int_equal(stream_take(stream, &one, sizeof(one)), 0);
	assert_int_equal(stream_flush(stream), -ECANCELED);
	assert_int_equal(stream->result, 7);
	stream_free(stream);
}

static void ends(void **state)
{
	struct stream *stream = begin();
	struct vcpu_state vcpu = { .vm = 40, .vcpu = 3, .seq = 12 };

	(void)state;
	/* Nothing kept back, nothing lost. */
	assert_int_equal(stream_end_vcpu(stream, &vcpu, 99), 0);
	assert_int_equal(stream_flush(stream), 0);
	assert_int_equal(n_seen, 0);

	/* An exit that was kept back; its number shows what was lost before it. */
	vcpu.pending = 1;
	vcpu.lost = 2;
	vcpu.exit.kind = REBLOCK_EXIT;
	vcpu.exit.t = 50;
	vcpu.exit.reason = 12;
	vcpu.exit.presence = REBLOCK_HAS_REASON;
	assert_int_equal(stream_end_vcpu(stream, &vcpu, 99), 0);

	/* The last two dropped, and nothing after them. */
	vcpu.pending = 0;
	assert_int_equal(stream_end_vcpu(stream, &vcpu, 99), 0);

	/* Not VMX. */
	vcpu.skip = 1;
	assert_int_equal(stream_end_vcpu(stream, &vcpu, 99), 0);

	assert_int_equal(stream_end_unplaced(stream, 0, 99), 0);
	assert_int_equal(stream_end_unplaced(stream, 5, 99), 0);
	assert_int_equal(stream_flush(stream), 0);
	assert_int_equal(n_seen, 3);

	assert_int_equal(seen[0].kind, REBLOCK_EXIT);
	assert_int_equal(seen[0].t, 50);
	assert_int_equal(seen[0].seq, 12);
	assert_int_equal(seen[0].vm, 1);
	assert_int_equal(seen[0].vcpu, 3);
	assert_int_equal(seen[0].presence, REBLOCK_HAS_REASON | REBLOCK_HAS_SEQ);

	assert_int_equal(seen[1].kind, REBLOCK_LOST);
	assert_int_equal(seen[1].t, 99);
	assert_int_equal(seen[1].vm, 1);
	assert_int_equal(seen[1].vcpu, 3);
	assert_int_equal(seen[1].qualification, 2);
	assert_int_equal(seen[1].presence, REBLOCK_HAS_QUALIFICATION);

	assert_int_equal(seen[2].kind, REBLOCK_LOST);
	assert_int_equal(seen[2].vm, REBLOCK_NO_VM);
	assert_int_equal(seen[2].vcpu, REBLOCK_NO_VCPU);
	assert_int_equal(seen[2].qualification, 5);
	stream_free(stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),    cmocka_unit_test(forgets), cmocka_unit_test(order),
		cmocka_unit_test(sink_stops), cmocka_unit_test(ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
