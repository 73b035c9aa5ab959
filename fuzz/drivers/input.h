/* SPDX-License-Identifier: BSD-2-Clause */
/* Inputs that the drivers read from files. */
#ifndef DRIVERS_INPUT_H
#define DRIVERS_INPUT_H

#include <stddef.h>
#include <stdint.h>

struct input {
	char *path;
	uint8_t *data; /* SIZE bytes and no more, so that a sanitizer sees a read beyond them */
	size_t size;
};

struct inputs {
	struct input *at;
	size_t n;
};

/*
 * Adds the file PATH to *INPUTS, or all files in the folder PATH and the folders in it, in the order of their names; hidden ones
 * are left out. Returns 0, or an errno, which has been said on stderr. What was added before an error stays.
 */
int inputs_add(struct inputs *inputs, const char *path);

/* Frees all. */
void inputs_free(struct inputs *inputs);

#endif
