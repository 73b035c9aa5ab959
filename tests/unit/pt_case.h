/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cases in tests/unit/pt: text files whose sections begin with a line that is only a name. A line's part after # and
 * empty lines do not count. What comes before the first section says what the case is about.
 *
 *   packets    the input: see pt_packets.h
 *   config     what struct pt_config holds: NAME VALUE
 *   memory     ADDRESS BYTE... (hexadecimal), a piece of the guest's memory each
 *   events     what must come of it, as pt_event_text writes it
 *
 * More sections, of those who make other things of the events, are read all the same: pt_case_section gives them.
 */
#ifndef PT_CASE_H
#define PT_CASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "pt/config.h"
#include "pt/event.h"
#include "pt/image.h"

enum { PT_CASE_LINES = 400, PT_CASE_SECTIONS = 8, PT_CASE_BYTES = 8192, PT_CASE_MEMORY = 256 };

struct pt_case_section {
	char name[24];
	unsigned first, n; /* of the case's lines */
};

struct pt_case {
	char *text; /* the file's, cut into lines */
	char *lines[PT_CASE_LINES];
	unsigned numbers[PT_CASE_LINES]; /* of the lines in the file */
	unsigned n;
	struct pt_case_section sections[PT_CASE_SECTIONS];
	unsigned n_sections;
	struct pt_config config; /* its image is of the section memory */
	struct pt_image *image;
	uint8_t memory[PT_CASE_MEMORY];
	size_t memory_size;
	uint8_t bytes[PT_CASE_BYTES]; /* of the packets */
	size_t size;
};

/* Reads the case at PATH. Prints what is wrong with it on stderr, and returns false. To be ended by pt_case_free. */
bool pt_case_read(struct pt_case *c, const char *path);
void pt_case_free(struct pt_case *c);

/* Returns the section NAME, or NULL where the case has none. */
const struct pt_case_section *pt_case_section(const struct pt_case *c, const char *name);

/*
 * Compares the N lines ACTUAL with the section NAME, and prints the first that differs, of the case at PATH. Returns whether
 * they are the same. With REBLOCK_PT_SHOW in the environment it prints all lines of ACTUAL.
 */
bool pt_case_expect(const struct pt_case *c, const char *path, const char *name,
		    char *const *actual, unsigned n);

enum { PT_EVENT_TEXT = 400 };

/* Writes EVENT as a case has it: its type, and each field that it has. */
void pt_event_text(const struct pt_event *event, char text[PT_EVENT_TEXT]);

/* Calls DO_IT for each case in FOLDER (SOURCE_DIR "/tests/unit/pt"), by name; returns how many there were. */
unsigned pt_case_each(const char *folder, void (*do_it)(struct pt_case *c, const char *path));

#endif
