/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes a run as short and plain as it can be while something that it shows is still there. */
#ifndef SHRINK_H
#define SHRINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Changes the *SIZE bytes of a run (run.h) at DATA: cells go, bytes become 0 or smaller, the header's too, as long as SHOWS says
 * that what is looked for is there. It has to be there at the begin. More cells are never there after than before, and none that
 * could go by itself. SHOWS is asked several times for each byte.
 */
void shrink_run(uint8_t *data, size_t *size,
		bool (*shows)(void *context, const uint8_t *data, size_t size), void *context);

#endif
