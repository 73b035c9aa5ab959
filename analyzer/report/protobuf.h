/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes protobuf messages (the wire format of the protobuf documentation: varints and length-delimited fields), a
 * message at a time, into a buffer of fixed size: what does not fit marks the message as too
 * long, and it is not written.
 */
#ifndef REPORT_PROTOBUF_H
#define REPORT_PROTOBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PROTOBUF_MAX 4096

struct protobuf {
	uint8_t bytes[PROTOBUF_MAX];
	size_t length;
	bool too_long;
};

/* Fields of a message: numbers, and texts or messages with a length in front. */
void protobuf_number(struct protobuf *m, unsigned field, uint64_t value);
void protobuf_text(struct protobuf *m, unsigned field, const char *text);

/* Begins a message inside of M and returns where; protobuf_close ends it. They nest. */
size_t protobuf_open(struct protobuf *m, unsigned field);
void protobuf_close(struct protobuf *m, size_t opened);

/* Writes M as FIELD of the file's message, and empties it. Returns false where it was too long. */
bool protobuf_write(struct protobuf *m, unsigned field, FILE *out);

#endif
