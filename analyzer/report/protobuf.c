/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "report/protobuf.h"

#define VARINT 0
#define LENGTH_DELIMITED 2
/* Lengths are set in afterwards, in as many bytes as every length here fits in. */
#define LENGTH_BYTES 2

static void put_byte(struct protobuf *m, unsigned byte)
{
	if (m->length == PROTOBUF_MAX)
		m->too_long = true;
	else
		m->bytes[m->length++] = (uint8_t)byte;
}

static void put_varint(struct protobuf *m, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		put_byte(m, (unsigned)(value & 0x7f) | 0x80);
	put_byte(m, (unsigned)value);
}

void protobuf_number(struct protobuf *m, unsigned field, uint64_t value)
{
	put_varint(m, (uint64_t)field << 3 | VARINT);
	put_varint(m, value);
}

void protobuf_text(struct protobuf *m, unsigned field, const char *text)
{
	size_t length = strlen(text);

	put_varint(m, (uint64_t)field << 3 | LENGTH_DELIMITED);
	put_varint(m, length);
	if (length > PROTOBUF_MAX - m->length) {
		m->too_long = true;
		return;
	}
	memcpy(m->bytes + m->length, text, length);
	m->length += length;
}

size_t protobuf_open(struct protobuf *m, unsigned field)
{
	put_varint(m, (uint64_t)field << 3 | LENGTH_DELIMITED);
	for (unsigned i = 0; i < LENGTH_BYTES; i++)
		put_byte(m, 0);
	return m->length;
}

void protobuf_close(struct protobuf *m, size_t opened)
{
	size_t length = m->length - opened;

	if (m->too_long)
		return;
	m->bytes[opened - 2] = (uint8_t)((length & 0x7f) | 0x80);
	m->bytes[opened - 1] = (uint8_t)(length >> 7);
}

bool protobuf_write(struct protobuf *m, unsigned field, FILE *out)
{
	bool fits = !m->too_long;
	uint64_t length = m->length;

	if (fits) {
		fputc((int)(field << 3 | LENGTH_DELIMITED), out);
		for (; length >= 0x80; length >>= 7)
			fputc((int)((length & 0x7f) | 0x80), out);
		fputc((int)length, out);
		fwrite(m->bytes, 1, m->length, out);
	}
	m->length = 0;
	m->too_long = false;
	return fits;
}

_Static_assert(PROTOBUF_MAX < 1 << (7 * LENGTH_BYTES), "a length has two bytes");
