/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef REPORT_EXPLAIN_STEPS_H
#define REPORT_EXPLAIN_STEPS_H

#include "report/explain.h"

/* The decision diagram for the exit of E, of which U says the conditions. */
void explain_steps(const struct report *r, const struct explain *e,
		   const struct reblock_unblock *u);

#endif
