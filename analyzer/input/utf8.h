/* SPDX-License-Identifier: BSD-2-Clause */
/* Names come from outside and go into JSON and onto terminals, so they have to be plain UTF-8. */
#ifndef INPUT_UTF8_H
#define INPUT_UTF8_H

#include <stdbool.h>
#include <reblock/record.h>

/* Replaces in TEXT, a string, every byte that is not part of a printable UTF-8 character by '?'. */
void utf8_clean(char *text);

/* Whether the name of a meta record is such text, with only zeros after its end. */
bool utf8_name_valid(const struct reblock_record *r);

/* Makes it so. */
void utf8_name_clean(struct reblock_record *r);

#endif
