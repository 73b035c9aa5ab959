/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include "input/perf_format.h"
#include "perf_build.h"

#define ATTR_SIZE 128 /* of Linux 5.15 */
#define FIELDS 16
#define FEATURES 8
#define MMAP_BYTES (512 * 1024)

static const char *const names[PERF_BUILD_EVENTS] = {
	"kvm_exit",     "kvm_entry",         "kvm_userspace_exit",
	"kvm_inj_virq", "kvm_inj_exception", "kvm_nested_vmexit",
};

/* Where the members of struct perf_build_fields go, by the name of the field. */
static const struct member {
	const char *name;
	size_t at, size;
} members[] = {
#define MEMBER(field, name) \
	{ \
		name, offsetof(struct perf_build_fields, field), \
			sizeof(((struct perf_build_fields *)0)->field) \
	}
	MEMBER(reason, "exit_reason"),
	MEMBER(rip, "guest_rip"),
	MEMBER(isa, "isa"),
	MEMBER(info1, "info1"),
	MEMBER(info2, "info2"),
	MEMBER(intr_info, "intr_info"),
	MEMBER(error_code, "error_code"),
	MEMBER(vcpu_id, "vcpu_id"),
	MEMBER(rip, "rip"),
	MEMBER(reason, "reason"),
	MEMBER(error, "errno"),
	MEMBER(vector, "irq"),
	MEMBER(vector, "vector"),
	MEMBER(vector, "exception"),
	MEMBER(soft, "soft"),
	MEMBER(has_error, "has_error"),
	MEMBER(reinjected, "reinjected"),
#undef MEMBER
};

struct bytes_out {
	uint8_t *data;
	size_t size, room;
};

struct event {
	char *fields; /* lines of its format */
	struct {
		char name[32];
		const struct member *from; /* NULL: stays 0 */
		unsigned offset, size;
	} place[FIELDS];
	size_t n, size;
};

struct perf_build {
	struct perf_build_options o;
	struct event events[PERF_BUILD_EVENTS];
	struct bytes_out *buffers; /* one for each CPU */
	struct bytes_out memory;   /* what went out, where there is no file */
	size_t waiting;
	uint64_t written, data_at, sample_type;
	ZSTD_CStream *stream;
	bool failed;
};

static void append(struct bytes_out *to, const void *data, size_t size)
{
	while (to->room - to->size < size) {
		to->room = to->room ? to->room * 2 : 4096;
		to->data = realloc(to->data, to->room);
		if (!to->data)
			abort();
	}
	if (size)
		memcpy(to->data + to->size, data, size);
	to->size += size;
}

static void append_number(struct bytes_out *to, uint64_t value, size_t size)
{
	append(to, &value, size);
}

static void out(struct perf_build *b, const void *data, size_t size)
{
	if (!b->o.out)
		append(&b->memory, data, size);
	else if (fwrite(data, 1, size, b->o.out) != size)
		b->failed = true;
	b->written += size;
}

unsigned perf_build_id(enum perf_build_event event)
{
	return 1100 + (unsigned)event;
}

static uint64_t sample_id(const struct perf_build *b, enum perf_build_event event, unsigned cpu)
{
	return 1000 + (uint64_t)event * b->o.cpus + cpu;
}

static bool recorded(const struct perf_build *b, unsigned event)
{
	return b->o.events >> event & 1;
}

/* Reads the lines behind "format EVENT VERSION". */
static void read_format(const struct perf_build *b, struct event *e, const char *name,
			const char *version)
{
	char line[256], wanted[128];
	FILE *table = fopen(b->o.table, "r");
	struct bytes_out text = { NULL, 0, 0 };
	bool in = false;

	if (!table)
		abort();
	snprintf(wanted, sizeof(wanted), "format %s %s\n", name, version);
	while (fgets(line, sizeof(line), table)) {
		char field[64] = "";
		unsigned offset, size;

		if (line[0] != '\t') {
			in = strcmp(line, wanted) == 0;
			continue;
		}
		if (!in)
			continue;
		append(&text, line, strlen(line));
		if (sscanf(line, " field:%63[^;]; offset:%u; size:%u;", field, &offset, &size) !=
			    3 ||
		    e->n == FIELDS)
			abort();
		snprintf(e->place[e->n].name, sizeof(e->place[e->n].name), "%s",
			 strrchr(field, ' ') + 1);
		e->place[e->n].offset = offset;
		e->place[e->n].size = size;
		for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
			if (strcmp(e->place[e->n].name, members[i].name) == 0)
				e->place[e->n].from = &members[i];
		e->n++;
		e->size = (offset + size + 7) & ~7u;
	}
	append(&text, "", 1);
	e->fields = (char *)text.data;
	fclose(table);
}

static void read_formats(struct perf_build *b)
{
	char line[256], version[16], of[PERF_BUILD_EVENTS][16];
	FILE *table = fopen(b->o.table, "r");
	bool found = false;

	if (!table) {
		fprintf(stderr, "cannot open %s\n", b->o.table);
		exit(1);
	}
	while (!found && fgets(line, sizeof(line), table))
		found = sscanf(line, "version %15s %15s %15s %15s %15s %15s %15s", version, of[0],
			       of[1], of[2], of[3], of[4], of[5]) == 7 &&
			strcmp(version, b->o.version) == 0;
	fclose(table);
	if (!found) {
		fprintf(stderr, "%s has no version %s\n", b->o.table, b->o.version);
		exit(1);
	}
	for (unsigned i = 0; i < PERF_BUILD_EVENTS; i++)
		read_format(b, &b->events[i], names[i], of[i]);
}

/* The names that perf script prints for exit reasons: it has to look each one up, as with the kernel's own. */
static const struct {
	unsigned reason;
	const char *name;
} reasons[] = {
	{ 0, "EXCEPTION_NMI" },
	{ 1, "EXTERNAL_INTERRUPT" },
	{ 2, "TRIPLE_FAULT" },
	{ 7, "INTERRUPT_WINDOW" },
	{ 8, "NMI_WINDOW" },
	{ 9, "TASK_SWITCH" },
	{ 10, "CPUID" },
	{ 12, "HLT" },
	{ 14, "INVLPG" },
	{ 18, "VMCALL" },
	{ 20, "VMLAUNCH" },
	{ 24, "VMRESUME" },
	{ 28, "CR_ACCESS" },
	{ 29, "DR_ACCESS" },
	{ 30, "IO_INSTRUCTION" },
	{ 31, "MSR_READ" },
	{ 32, "MSR_WRITE" },
	{ 40, "PAUSE_INSTRUCTION" },
	{ 44, "APIC_ACCESS" },
	{ 45, "EOI_INDUCED" },
	{ 48, "EPT_VIOLATION" },
	{ 49, "EPT_MISCONFIG" },
	{ 52, "PREEMPTION_TIMER" },
	{ 54, "WBINVD" },
	{ 56, "APIC_WRITE" },
	{ 62, "PML_FULL" },
	{ 66, "SPP" },
	{ 75, "NOTIFY" },
};

/* How to print an event: all of its fields. */
static void make_print(const struct event *e, struct bytes_out *to)
{
	struct bytes_out values = { NULL, 0, 0 };
	char part[128];

	append(to, "print fmt: \"", 12);
	for (size_t i = 0; i < e->n; i++) {
		bool reason = strcmp(e->place[i].name, "exit_reason") == 0;

		snprintf(part, sizeof(part), "%s%s %s", i ? " " : "", e->place[i].name,
			 reason ? "%s" : "0x%lx");
		append(to, part, strlen(part));
		snprintf(part, sizeof(part), reason ? ", __print_symbolic(REC->%s" : ", REC->%s",
			 e->place[i].name);
		append(&values, part, strlen(part));
		for (size_t k = 0; reason && k < sizeof(reasons) / sizeof(reasons[0]); k++) {
			snprintf(part, sizeof(part), ", { %u, \"%s\" }", reasons[k].reason,
				 reasons[k].name);
			append(&values, part, strlen(part));
		}
		append(&values, ")", reason);
	}
	append(to, "\"", 1);
	append(to, values.data, values.size);
	append(to, "\n", 1);
	free(values.data);
}

/* TRACING_DATA, as trace-cmd and perf write it. */
static void make_tracing(const struct perf_build *b, struct bytes_out *to)
{
	static const char page[] = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
				   "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
				   "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
				   "\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n";
	static const char event[] = "# compressed entry header\n"
				    "\ttype_len    :    5 bits\n"
				    "\ttime_delta  :   27 bits\n"
				    "\tarray       :   32 bits\n";
	unsigned n = 0;

	append(to, "\x17\x08\x44tracing", 10);
	append(to, "0.6", 4);
	append_number(to, 0, 1);
	append_number(to, 8, 1);
	append_number(to, 4096, 4);
	append(to, "header_page", 12);
	append_number(to, strlen(page), 8);
	append(to, page, strlen(page));
	append(to, "header_event", 13);
	append_number(to, strlen(event), 8);
	append(to, event, strlen(event));
	append_number(to, 0, 4); /* ftrace's own */
	append_number(to, 1, 4);
	append(to, "kvm", 4);
	for (unsigned i = 0; i < PERF_BUILD_EVENTS; i++)
		n += recorded(b, i);
	append_number(to, n, 4);
	for (unsigned i = 0; i < PERF_BUILD_EVENTS; i++) {
		static const char common[] =
			"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
			"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
			"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
			"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n";
		struct bytes_out text = { NULL, 0, 0 };
		char name[64];

		if (!recorded(b, i))
			continue;
		snprintf(name, sizeof(name), "name: %s\nID: %u\nformat:\n", names[i],
			 perf_build_id(i));
		append(&text, name, strlen(name));
		append(&text, common, strlen(common));
		append(&text, b->events[i].fields, strlen(b->events[i].fields));
		append(&text, "\n", 1);
		make_print(&b->events[i], &text);
		append_number(to, text.size, 8);
		append(to, text.data, text.size);
		free(text.data);
	}
	append_number(to, 0, 4); /* kallsyms */
	append_number(to, 0, 4); /* printk formats */
	append_number(to, 0, 8); /* command lines */
}

static void make_attr(const struct perf_build *b, unsigned event, struct bytes_out *to)
{
	uint8_t attr[ATTR_SIZE] = { 0 };
	uint64_t word;

#define SET(at, value, size) (word = (value), memcpy(attr + (at), &word, size))
	SET(PERF_ATTR_TYPE, PERF_TYPE_TRACEPOINT, 4);
	SET(PERF_ATTR_SIZE, ATTR_SIZE, 4);
	SET(PERF_ATTR_CONFIG, perf_build_id(event), 8);
	SET(PERF_ATTR_PERIOD, b->o.period ? b->o.period : 1, 8);
	SET(PERF_ATTR_SAMPLE_TYPE, b->sample_type, 8);
	SET(PERF_ATTR_READ_FORMAT, PERF_READ_ID | (b->o.lost_format ? PERF_READ_LOST : 0), 8);
	SET(PERF_ATTR_FLAGS, PERF_FLAG_SAMPLE_ID_ALL, 8);
#undef SET
	append(to, attr, sizeof(attr));
}

static void make_string(struct bytes_out *to, const char *text)
{
	size_t size = (strlen(text) + 64) / 64 * 64;
	char padded[256] = "";

	strncpy(padded, text, sizeof(padded) - 1);
	append_number(to, size, 4);
	append(to, padded, size);
}

static void make_event_desc(const struct perf_build *b, struct bytes_out *to)
{
	unsigned n = 0;

	for (unsigned i = 0; i < PERF_BUILD_EVENTS; i++)
		n += recorded(b, i);
	append_number(to, n, 4);
	append_number(to, ATTR_SIZE, 4);
	for (unsigned i = 0; i < PERF_BUILD_EVENTS; i++) {
		char name[64];

		if (!recorded(b, i))
			continue;
		snprintf(name, sizeof(name), "kvm:%s", names[i]);
		make_attr(b, i, to);
		append_number(to, b->o.no_ids ? 0 : b->o.cpus, 4);
		make_string(to, name);
		for (unsigned cpu = 0; !b->o.no_ids && cpu < b->o.cpus; cpu++)
			append_number(to, sample_id(b, i, cpu), 8);
	}
}

/* The content of a feature; false where it is not written. */
static bool make_feature(const struct perf_build *b, unsigned feature, struct bytes_out *to)
{
	char release[64];

	switch (feature) {
	case PERF_FEATURE_TRACING_DATA:
		make_tracing(b, to);
		return true;
	case PERF_FEATURE_HOSTNAME:
		make_string(to, "builder");
		return true;
	case PERF_FEATURE_OSRELEASE:
		snprintf(release, sizeof(release), "%s.0", b->o.version);
		make_string(to, b->o.release ? b->o.release : release);
		return !b->o.release || b->o.release[0];
	case PERF_FEATURE_VERSION:
		make_string(to, "6.1.0");
		return true;
	case 6: /* ARCH */
		make_string(to, "x86_64");
		return true;
	case 7: /* NRCPUS: available, online */
		append_number(to, b->o.cpus, 4);
		append_number(to, b->o.cpus, 4);
		return true;
	case PERF_FEATURE_CPUID:
		make_string(to, "GenuineIntel,6,85,7");
		return true;
	case 12: /* EVENT_DESC */
		make_event_desc(b, to);
		return true;
	case 27: /* COMPRESSED: version, zstd, level, ratio, bytes of a buffer */
		append_number(to, 1, 4);
		append_number(to, 1, 4);
		append_number(to, 1, 4);
		append_number(to, 2, 4);
		append_number(to, MMAP_BYTES, 4);
		return b->o.compress;
	default:
		return false;
	}
}

static void out_record(struct perf_build *b, uint32_t type, const struct bytes_out *body)
{
	struct bytes_out r = { NULL, 0, 0 };

	append_number(&r, type, 4);
	append_number(&r, 0, 2);
	append_number(&r, PERF_RECORD_HEADER + body->size, 2);
	append(&r, body->data, body->size);
	out(b, r.data, r.size);
	free(r.data);
}

/* A pipe's stream begins with what a file has in sections. */
static void begin_pipe(struct perf_build *b)
{
	uint64_t size = PERF_PIPE_HEADER;
	struct bytes_out tracing = { NULL, 0, 0 }, body = { NULL, 0, 0 };

	out(b, PERF_MAGIC, 8);
	out(b, &size, 8);
	for (unsigned feature = 2; feature < 32; feature++) {
		body.size = 0;
		append_number(&body, feature, 8);
		if (feature == 12 || !make_feature(b, feature, &body))
			continue;
		while (body.size % 8)
			append_number(&body, 0, 1);
		out_record(b, PERF_HEADER_FEATURE, &body);
	}
	for (unsigned i = 0; i < PERF_BUILD_EVENTS; i++) {
		if (!recorded(b, i))
			continue;
		body.size = 0;
		make_attr(b, i, &body);
		for (unsigned cpu = 0; !b->o.no_ids && cpu < b->o.cpus; cpu++)
			append_number(&body, sample_id(b, i, cpu), 8);
		out_record(b, PERF_HEADER_ATTR, &body);
	}
	make_tracing(b, &tracing);
	while (tracing.size % 8)
		append_number(&tracing, 0, 1);
	body.size = 0;
	append_number(&body, tracing.size, 4);
	append_number(&body, 0, 0);
	out_record(b, PERF_HEADER_TRACING_DATA, &body);
	out(b, tracing.data, tracing.size);
	free(tracing.data);
	free(body.data);
}

/* The header's numbers are known at the end. */
static void file_header(const struct perf_build *b, uint64_t attrs_at, uint64_t attrs_size,
			uint64_t data_size, uint64_t features, struct bytes_out *to)
{
	append(to, PERF_MAGIC, 8);
	append_number(to, PERF_FILE_HEADER, 8);
	append_number(to, ATTR_SIZE + 16, 8);
	append_number(to, attrs_at, 8);
	append_number(to, attrs_size, 8);
	append_number(to, b->data_at, 8);
	append_number(to, data_size, 8);
	append_number(to, 0, 8);
	append_number(to, 0, 8);
	append_number(to, features, 8);
	for (int i = 0; i < 3; i++)
		append_number(to, 0, 8);
}

static void begin_file(struct perf_build *b)
{
	struct bytes_out front = { NULL, 0, 0 };
	uint64_t ids_at = PERF_FILE_HEADER, ids = b->o.no_ids ? 0 : 8 * (uint64_t)b->o.cpus;
	uint64_t at = ids_at;

	file_header(b, 0, 0, 0, 0, &front);
	for (unsigned i = 0; i < PERF_BUILD_EVENTS; i++)
		for (unsigned cpu = 0; recorded(b, i) && ids && cpu < b->o.cpus; cpu++)
			append_number(&front, sample_id(b, i, cpu), 8);
	for (unsigned i = 0; i < PERF_BUILD_EVENTS; i++) {
		if (!recorded(b, i))
			continue;
		make_attr(b, i, &front);
		append_number(&front, at, 8);
		append_number(&front, ids, 8);
		at += ids;
	}
	out(b, front.data, front.size);
	b->data_at = b->written;
	free(front.data);
}

static void end_file(struct perf_build *b)
{
	struct bytes_out sections = { NULL, 0, 0 }, table = { NULL, 0, 0 }, header = { NULL, 0, 0 };
	uint64_t data_end = b->written, features = 0, n = 0, attrs_at = PERF_FILE_HEADER;
	uint64_t events = 0;

	for (unsigned feature = 1; feature < 32; feature++) {
		struct bytes_out probe = { NULL, 0, 0 };

		if (make_feature(b, feature, &probe)) {
			features |= 1ull << feature;
			n++;
		}
		free(probe.data);
	}
	for (unsigned feature = 1; feature < 32; feature++) {
		size_t from = sections.size;

		if (!(features >> feature & 1))
			continue;
		make_feature(b, feature, &sections);
		append_number(&table, data_end + 16 * n + from, 8);
		append_number(&table, sections.size - from, 8);
	}
	out(b, table.data, table.size);
	out(b, sections.data, sections.size);
	for (unsigned i = 0; i < PERF_BUILD_EVENTS; i++)
		events += recorded(b, i);
	attrs_at += b->o.no_ids ? 0 : 8 * b->o.cpus * events;
	file_header(b, attrs_at, (ATTR_SIZE + 16) * events, data_end - b->data_at, features,
		    &header);
	if (!b->o.out)
		memcpy(b->memory.data, header.data, header.size);
	else if (fseek(b->o.out, 0, SEEK_SET) ||
		 fwrite(header.data, 1, header.size, b->o.out) != header.size)
		b->failed = true;
	free(sections.data);
	free(table.data);
	free(header.data);
}

struct perf_build *perf_build_new(const struct perf_build_options *options)
{
	struct perf_build *b = calloc(1, sizeof(*b));

	if (!b)
		abort();
	b->o = *options;
	b->o.cpus = b->o.cpus ? b->o.cpus : 1;
	b->o.events = b->o.events ? b->o.events : PERF_BUILD_USUAL;
	b->sample_type = PERF_HAS_TID | PERF_HAS_TIME | PERF_HAS_CPU | PERF_HAS_PERIOD |
			 PERF_HAS_RAW;
	if (!b->o.no_ids)
		b->sample_type |= PERF_HAS_IDENTIFIER;
	if (b->o.callchain)
		b->sample_type |= PERF_HAS_CALLCHAIN | PERF_HAS_IP;
	if (b->o.lost_format)
		b->sample_type |= PERF_HAS_READ;
	b->sample_type &= ~b->o.drop_sample_type;
	b->buffers = calloc(b->o.cpus, sizeof(*b->buffers));
	if (!b->buffers)
		abort();
	read_formats(b);
	if (b->o.compress) {
		b->stream = ZSTD_createCStream();
		ZSTD_initCStream(b->stream, 1);
	}
	if (b->o.pipe)
		begin_pipe(b);
	else
		begin_file(b);
	return b;
}

void perf_build_bytes(struct perf_build *b, unsigned cpu, const void *data, size_t size)
{
	if (cpu == UINT32_MAX) {
		out(b, data, size);
		return;
	}
	append(&b->buffers[cpu], data, size);
	b->waiting += size;
}

static void put_record(struct perf_build *b, unsigned cpu, uint32_t type, struct bytes_out *body)
{
	uint8_t header[PERF_RECORD_HEADER] = { 0 };
	uint16_t size = (uint16_t)(sizeof(header) + body->size);

	memcpy(header, &type, 4);
	memcpy(header + 6, &size, 2);
	perf_build_bytes(b, cpu, header, sizeof(header));
	perf_build_bytes(b, cpu, body->data, body->size);
	free(body->data);
}

static void make_raw(const struct perf_build *b, enum perf_build_event event, uint32_t tid,
		     const struct perf_build_fields *fields, struct bytes_out *to)
{
	const struct event *e = &b->events[event];
	struct perf_build_fields f = *fields;
	uint8_t raw[128] = { 0 };
	uint16_t id = (uint16_t)perf_build_id(event);

	if (!f.isa)
		f.isa = 1;
	memcpy(raw, &id, 2);
	memcpy(raw + 4, &tid, 4);
	for (size_t i = 0; i < e->n; i++)
		if (e->place[i].from)
			memcpy(raw + e->place[i].offset, (const char *)&f + e->place[i].from->at,
			       e->place[i].size < e->place[i].from->size ? e->place[i].size :
									   e->place[i].from->size);
	/* The size in front of it makes the record's a multiple of 8. */
	append_number(to, e->size + 4, 4);
	append(to, raw, e->size + 4);
}

void perf_build_event(struct perf_build *b, enum perf_build_event event, unsigned cpu, uint64_t t,
		      uint32_t pid, uint32_t tid, const struct perf_build_fields *fields)
{
	struct bytes_out r = { NULL, 0, 0 };
	uint64_t has = b->sample_type;

	if (has & PERF_HAS_IDENTIFIER)
		append_number(&r, sample_id(b, event, cpu), 8);
	if (has & PERF_HAS_IP)
		append_number(&r, 0xffffffff81000000, 8);
	if (has & PERF_HAS_TID)
		append_number(&r, (uint64_t)tid << 32 | pid, 8);
	if (has & PERF_HAS_TIME)
		append_number(&r, t, 8);
	if (has & PERF_HAS_CPU)
		append_number(&r, cpu, 8);
	if (has & PERF_HAS_PERIOD)
		append_number(&r, 1, 8);
	if (has & PERF_HAS_READ) {
		append_number(&r, 1, 8);
		append_number(&r, sample_id(b, event, cpu), 8);
		append_number(&r, 0, 8);
	}
	if (has & PERF_HAS_CALLCHAIN) {
		append_number(&r, 2, 8);
		append_number(&r, (uint64_t)-128, 8);
		append_number(&r, 0xffffffff81000000, 8);
	}
	if (has & PERF_HAS_RAW)
		make_raw(b, event, tid, fields, &r);
	put_record(b, cpu, PERF_SAMPLE, &r);
}

/* What stands behind records that are no samples (sample_id_all). */
static void put_tail(const struct perf_build *b, uint64_t id, unsigned cpu, uint64_t t,
		     uint32_t pid, uint32_t tid, struct bytes_out *to)
{
	uint64_t has = b->sample_type;

	if (has & PERF_HAS_TID)
		append_number(to, (uint64_t)tid << 32 | pid, 8);
	if (has & PERF_HAS_TIME)
		append_number(to, t, 8);
	if (has & PERF_HAS_CPU)
		append_number(to, cpu, 8);
	if (has & PERF_HAS_IDENTIFIER)
		append_number(to, id, 8);
}

void perf_build_comm(struct perf_build *b, unsigned cpu, uint64_t t, uint32_t pid, uint32_t tid,
		     const char *name)
{
	struct bytes_out r = { NULL, 0, 0 };
	char padded[16] = "";

	strncpy(padded, name, sizeof(padded) - 1);
	append_number(&r, (uint64_t)tid << 32 | pid, 8);
	append(&r, padded, (strlen(padded) + 8) / 8 * 8);
	put_tail(b, sample_id(b, PERF_BUILD_EXIT, cpu), cpu, t, pid, tid, &r);
	put_record(b, cpu, PERF_COMM, &r);
}

void perf_build_lost(struct perf_build *b, unsigned cpu, uint64_t t, uint64_t count)
{
	struct bytes_out r = { NULL, 0, 0 };

	append_number(&r, sample_id(b, PERF_BUILD_EXIT, cpu), 8);
	append_number(&r, count, 8);
	put_tail(b, sample_id(b, PERF_BUILD_EXIT, cpu), cpu, t, 1, 1, &r);
	put_record(b, cpu, PERF_LOST, &r);
}

void perf_build_lost_samples(struct perf_build *b, enum perf_build_event event, unsigned cpu,
			     uint64_t count)
{
	struct bytes_out r = { NULL, 0, 0 };

	append_number(&r, count, 8);
	put_tail(b, sample_id(b, event, cpu), 0, 0, 0, 0, &r);
	put_record(b, cpu, PERF_LOST_SAMPLES, &r);
}

/* As compressed records of at most 64 KiB. */
static void out_compressed(struct perf_build *b, const struct bytes_out *buffer)
{
	ZSTD_inBuffer in = { buffer->data, buffer->size, 0 };
	size_t left;

	do {
		uint8_t bytes[60000];
		ZSTD_outBuffer packed = { bytes, sizeof(bytes), 0 };
		struct bytes_out body = { NULL, 0, 0 };

		left = ZSTD_compressStream2(b->stream, &packed, &in, ZSTD_e_flush);
		append(&body, bytes, packed.pos);
		out_record(b, PERF_COMPRESSED, &body);
		free(body.data);
	} while (left && !ZSTD_isError(left));
}

void perf_build_round(struct perf_build *b)
{
	struct bytes_out none = { NULL, 0, 0 };

	for (unsigned cpu = 0; cpu < b->o.cpus; cpu++) {
		struct bytes_out *buffer = &b->buffers[cpu];

		if (!buffer->size)
			continue;
		if (b->o.compress)
			out_compressed(b, buffer);
		else
			out(b, buffer->data, buffer->size);
		buffer->size = 0;
	}
	b->waiting = 0;
	if (!b->o.rounds_off)
		out_record(b, PERF_FINISHED_ROUND, &none);
}

size_t perf_build_waiting(const struct perf_build *b)
{
	return b->waiting;
}

int perf_build_finish(struct perf_build *b, uint8_t **data, size_t *size)
{
	int result;

	if (b->waiting)
		perf_build_round(b);
	if (!b->o.pipe)
		end_file(b);
	if (data) {
		*data = b->memory.data;
		*size = b->memory.size;
	} else {
		free(b->memory.data);
	}
	result = b->failed || (b->o.out && fflush(b->o.out)) ? -1 : 0;
	for (unsigned cpu = 0; cpu < b->o.cpus; cpu++)
		free(b->buffers[cpu].data);
	free(b->buffers);
	for (unsigned i = 0; i < PERF_BUILD_EVENTS; i++)
		free(b->events[i].fields);
	ZSTD_freeCStream(b->stream);
	free(b);
	return result;
}
