/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef INPUT_DETECT_H
#define INPUT_DETECT_H

#include "input/reader.h"

/*
 * Sets IN->format from the content. Returns 0, or a negative errno; for -EINVAL *ERROR says
 * what the content is and what to do.
 */
int detect_format(struct reblock_input *in, char **error);

#endif
