/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intel PT. The input is PT_HEAD bytes that say what is known of the processor, the guest's memory where bit 1 of the first of them
 * says so (its size, its address, its bytes), and one CPU's bytes.
 *
 * Each of libipt's decoders that there is gives the same events, and so do the bytes cut at PSBs and decoded apart: what a
 * PSB begins rests on nothing before it. What an event does not have is 0, and offsets do not go down.
 */
#include <string.h>
#include "fuzz.h"
#include "pt/image.h"
#include "pt/split.h"
#include "pt/stream.h"

enum { PT_HEAD = 4, MEMORY_HEAD = 10, EVENTS_MOST = 4096, SIZE_MOST = 1 << 16 };

struct events {
	struct pt_event all[EVENTS_MOST];
	size_t n;
	struct pt_counts counts;
};

static void check_event(const struct pt_event *e, size_t size, uint64_t last)
{
	FUZZ_CHECK(pt_event_name(e->type));
	FUZZ_CHECK(e->offset >= last && e->offset <= size);
	FUZZ_CHECK((e->type == PT_EVENT_GAP) == (e->gap != 0));
	FUZZ_CHECK(!e->gap || pt_gap_name(e->gap));
	FUZZ_CHECK(e->has & PT_HAS_TSC || (!e->tsc && !e->packet && !e->packet_counted &&
					   !e->counted && !e->guest_tsc && !e->at_mtc));
	FUZZ_CHECK(e->has & PT_HAS_IP || !e->ip);
	FUZZ_CHECK(e->has & PT_HAS_TO || !e->to);
	FUZZ_CHECK(e->has & PT_HAS_VECTOR || !e->vector);
	FUZZ_CHECK(e->has & PT_HAS_REASON || !e->reason);
	FUZZ_CHECK(e->has & PT_HAS_QUALIFICATION || !e->qualification);
	FUZZ_CHECK(e->has & PT_HAS_NR || !e->nr);
	FUZZ_CHECK(e->has & PT_HAS_CR3 || !e->cr3);
	FUZZ_CHECK(e->has & PT_HAS_VMCS || !e->vmcs);
	FUZZ_CHECK(e->has & PT_HAS_CR2 || !e->cr2);
	FUZZ_CHECK(e->has & PT_HAS_AT_IRET || !e->at_iret);
	/* What was followed. */
	FUZZ_CHECK(e->type != PT_EVENT_UNFOLLOWED || !(e->has & (PT_HAS_IP | PT_HAS_TO)));
	FUZZ_CHECK(e->type != PT_EVENT_IRET || e->cfe ||
		   (e->nr && e->has & PT_HAS_IP && e->has & PT_HAS_TO));
	/* What only Event Trace says. */
	FUZZ_CHECK(e->cfe || !(e->has & (PT_HAS_VECTOR | PT_HAS_REASON | PT_HAS_QUALIFICATION)));
	FUZZ_CHECK(e->type != PT_EVENT_EXIT || (e->has & PT_HAS_NR && !e->nr));
	FUZZ_CHECK(e->type != PT_EVENT_ENTRY || (e->has & PT_HAS_NR && e->nr));
}

/* Adds what the SIZE bytes at BYTES, which are at offset BASE of the input, give. Returns whether there was room. */
static bool decode(struct events *events, const struct pt_config *config, const uint8_t *bytes,
		   size_t base, size_t size)
{
	struct pt_stream *stream;
	struct pt_event event;
	const struct pt_counts *counts;
	uint64_t last = 0;
	int status = 0;

	FUZZ_CHECK(!pt_stream_open(config, bytes + base, size, &stream));
	while (events->n < EVENTS_MOST && (status = pt_stream_next(stream, &event)) == 1) {
		check_event(&event, size, last);
		last = event.offset;
		event.offset += base;
		events->all[events->n++] = event;
	}
	FUZZ_CHECK(!status || events->n == EVENTS_MOST);
	counts = pt_stream_counts(stream);
	for (int i = 0; i < PT_KINDS; i++)
		events->counts.packets[i] += counts->packets[i];
	events->counts.gaps += counts->gaps;
	events->counts.skipped += counts->skipped;
	events->counts.unfollowed += counts->unfollowed;
	events->counts.wrong_image += counts->wrong_image;
	pt_stream_close(stream);
	return events->n < EVENTS_MOST;
}

static bool same_event(const struct pt_event *a, const struct pt_event *b)
{
	return a->offset == b->offset && a->tsc == b->tsc && a->packet == b->packet &&
	       a->packet_counted == b->packet_counted && a->counted == b->counted &&
	       a->ip == b->ip && a->to == b->to && a->qualification == b->qualification &&
	       a->reason == b->reason && a->cr2 == b->cr2 && a->cr3 == b->cr3 &&
	       a->vmcs == b->vmcs && a->has == b->has && a->type == b->type && a->cfe == b->cfe &&
	       a->gap == b->gap && a->vector == b->vector && a->nr == b->nr &&
	       a->guest_tsc == b->guest_tsc && a->at_mtc == b->at_mtc && a->begins == b->begins &&
	       a->ends == b->ends && a->at_iret == b->at_iret;
}

static void expect_same(const struct events *a, const struct events *b, const char *what)
{
	for (size_t i = 0; i < a->n && i < b->n; i++)
		if (!same_event(&a->all[i], &b->all[i]))
			fuzz_fail("%s: another %s", what, pt_event_name(a->all[i].type));
	if (a->n != b->n)
		fuzz_fail("%s: more events, or fewer", what);
	if (memcmp(&a->counts, &b->counts, sizeof(a->counts)) != 0)
		fuzz_fail("%s: other counts", what);
}

static bool decode_cut(struct events *events, const struct pt_config *config, const uint8_t *bytes,
		       size_t size)
{
	size_t at = 0, end;

	for (; at < size; at = end) {
		end = pt_split(bytes, size, at);
		if (end == at)
			end = pt_split(bytes, size, at + PT_PSB_SIZE);
		if (!decode(events, config, bytes, at, end - at))
			return false;
	}
	return true;
}

/* Takes the memory that DATA begins with. Returns how many bytes of it were that. */
static size_t take_memory(struct pt_image **image, const uint8_t *data, size_t size)
{
	uint64_t address = 0;
	size_t n;

	if (size < MEMORY_HEAD)
		return size;
	n = data[0] | (size_t)data[1] << 8;
	n = n < size - MEMORY_HEAD ? n : size - MEMORY_HEAD;
	for (int i = 0; i < 8; i++)
		address |= (uint64_t)data[2 + i] << 8 * i;
	*image = pt_image_make();
	FUZZ_CHECK(*image);
	(void)pt_image_put(*image, address, data + MEMORY_HEAD, n);
	return MEMORY_HEAD + n;
}

static void compare(const struct pt_config *first, const uint8_t *data, size_t size)
{
	static struct events whole, other;
	struct pt_config config = *first;

	memset(&whole.counts, 0, sizeof(whole.counts));
	whole.n = 0;
	if (!decode(&whole, &config, data, 0, size))
		return;
	memset(&other.counts, 0, sizeof(other.counts));
	other.n = 0;
	FUZZ_CHECK(decode_cut(&other, &config, data, size));
	expect_same(&whole, &other, "cut at PSBs");
	if (!pt_has_backend(PT_BACKEND_EVENTS))
		return;
	config.backend = PT_BACKEND_EVENTS;
	memset(&other.counts, 0, sizeof(other.counts));
	other.n = 0;
	FUZZ_CHECK(decode(&other, &config, data, 0, size));
	expect_same(&whole, &other, "the two decoders");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pt_config config = { .backend = PT_BACKEND_PACKETS };
	struct pt_image *image = NULL;
	size_t head = PT_HEAD;

	if (size <= PT_HEAD || size > SIZE_MOST || !pt_library())
		return 0;
	if (data[0] & 1) {
		config.cpuid_0x15_eax = 1 + (data[0] >> 4);
		config.cpuid_0x15_ebx = (uint32_t)data[1] << (data[0] >> 4);
		config.mtc_freq = data[2];
		config.nom_freq = data[3];
	}
	if (data[0] & 2)
		head += take_memory(&image, data + PT_HEAD, size - PT_HEAD);
	config.image = image;
	compare(&config, data + head, size - head);
	pt_image_end(image);
	return 0;
}
