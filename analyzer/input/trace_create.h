/* SPDX-License-Identifier: BSD-2-Clause */
/* Opening a trace file to write it, as root too, in a folder where others may put things. */
#ifndef INPUT_TRACE_CREATE_H
#define INPUT_TRACE_CREATE_H

/* As reblock_trace_create says. Returns a descriptor or a negative errno. */
int trace_create(const char *path);

#endif
