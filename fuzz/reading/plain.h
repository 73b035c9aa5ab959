/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef READING_PLAIN_H
#define READING_PLAIN_H

#include <stdbool.h>

/* Whether TEXT is UTF-8 of one line, and nothing in it is a control character, on which a terminal may act. */
bool plain_text(const char *text);

#endif
