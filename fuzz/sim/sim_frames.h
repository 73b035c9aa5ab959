/* SPDX-License-Identifier: BSD-2-Clause */
/* The handlers on a guest's stack: what sim_guest.c does with them, beside what sim_guest.h tells everybody. */
#ifndef SIM_FRAMES_H
#define SIM_FRAMES_H

#include "sim/sim_guest.h"

#define CODE 0xffffffff81000000u /* where what is no handler is */

/* An event comes in at RIP; there must be room. */
void sim_frame_push(struct sim_guest *g, enum sim_handler handler);

/* The innermost handler has returned. */
void sim_frame_pop(struct sim_guest *g);

/* Where the innermost handler begins, and where it ends. */
uint64_t sim_frame_begin(const struct sim_guest *g);
uint64_t sim_frame_iret(const struct sim_guest *g);

/* Whether RIP is in the code of such a handler. */
bool sim_frame_is_code_of(enum sim_handler handler, uint64_t rip);

/* Which handler an event has. */
enum sim_handler sim_handler_of(uint32_t intr_info);

#endif
