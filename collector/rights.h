/* SPDX-License-Identifier: BSD-2-Clause */
/* Giving up what is not needed any more once everything is attached and open. */
#ifndef COLLECTOR_RIGHTS_H
#define COLLECTOR_RIGHTS_H

#include <stdint.h>
#include <stdio.h>

/*
 * Gives up all capabilities (effective, permitted, inheritable, ambient, and bounding where that is
 * allowed) and what could bring them back (no_new_privs). The user stays: what root opens by being its
 * owner it still can. Each thread has capabilities of its own: others must not have any by then.
 *
 * Returns 0; or a negative errno with *ERROR (to be freed) what was wrong: -EBUSY other threads have
 * some, -EPERM the kernel has refused, or has not done it.
 */
int rights_drop(char **error);

/* The pure part: all the capability sets in a /proc/PID/status or'ed, but the bounding one. */
uint64_t rights_parse(FILE *status);

#endif
