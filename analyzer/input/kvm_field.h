/* SPDX-License-Identifier: BSD-2-Clause */
/* A field of a trace event: where its format has it. */
#ifndef INPUT_KVM_FIELD_H
#define INPUT_KVM_FIELD_H

#include <stdint.h>
#include <string.h>

struct kvm_field {
	uint16_t offset;
	uint8_t size; /* 1, 2, 4 or 8; 0: the format has no such field */
	uint8_t is_signed;
};

/* The value in DATA, which must reach to the field's end; 0 for a field that there is not. */
static inline uint64_t kvm_field_load(const struct kvm_field *f, const uint8_t *data)
{
	uint64_t v8 = 0;
	uint32_t v4;
	uint16_t v2;

	data += f->offset;
	switch (f->size) {
	case 4:
		memcpy(&v4, data, sizeof(v4));
		return f->is_signed ? (uint64_t)(int32_t)v4 : v4;
	case 8:
		memcpy(&v8, data, sizeof(v8));
		return v8;
	case 1:
		return f->is_signed ? (uint64_t)(int8_t)*data : *data;
	case 2:
		memcpy(&v2, data, sizeof(v2));
		return f->is_signed ? (uint64_t)(int16_t)v2 : v2;
	default:
		return 0;
	}
}

#endif
