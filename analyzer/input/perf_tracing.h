/* SPDX-License-Identifier: BSD-2-Clause */
/* TRACING_DATA of perf.data: the formats of the events that it holds. */
#ifndef INPUT_PERF_TRACING_H
#define INPUT_PERF_TRACING_H

#include <stddef.h>
#include <stdint.h>

struct tep_handle;

/*
 * Reads the formats of KVM's events out of SIZE bytes at DATA into a new *TEP. The text of a format comes
 * from outside, so only what is checked here goes on to libtraceevent: plain fields, and no
 * format to print with.
 *
 * Returns 0; -ENOMEM; or -EINVAL with *WHAT: what is wrong, the rest of a sentence that begins
 * with "its formats".
 */
int perf_tracing_read(const uint8_t *data, size_t size, struct tep_handle **tep, const char **what);

#endif
