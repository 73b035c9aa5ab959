/* SPDX-License-Identifier: BSD-2-Clause */
/* Where events came in since the last NMI (docs/rules.md, the last point of section 4). */
#ifndef ORACLE_PLACES_H
#define ORACLE_PLACES_H

#include "oracle/line.h"

enum came_in { CAME_IN_ELSEWHERE, CAME_IN_HERE, CAME_IN_UNKNOWN };

/* Whether an event came in right at RIP since the last NMI before exit EXIT. */
enum came_in oracle_came_in(const struct line *line, size_t exit, uint64_t rip);

#endif
