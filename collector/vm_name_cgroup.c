// SPDX-License-Identifier: BSD-2-Clause
#include "vm_name.h"
#include "vm_name_parse.h"

#define UNIT_MOST 256 /* systemd's limit to a unit's name */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* A unit's name without its escapes, \xNN (systemd.unit(5), "String Escaping for Inclusion in Unit Names"). */
static struct piece unescape(struct piece unit, char bytes[UNIT_MOST])
{
	size_t n = 0;

	while (unit.size && n < UNIT_MOST) {
		bool escape = unit.size >= 4 && piece_begins(unit, "\\x");
		int high = escape ? hex(unit.at[2]) : -1, low = escape ? hex(unit.at[3]) : -1;

		escape = high >= 0 && low >= 0;
		bytes[n++] = escape ? (char)(high * 16 + low) : *unit.at;
		unit = piece_after(unit, escape ? 4 : 1);
	}
	return (struct piece){ bytes, n };
}

static bool is_number(struct piece p)
{
	for (size_t i = 0; i < p.size; i++)
		if (p.at[i] < '0' || p.at[i] > '9')
			return false;
	return p.size > 0;
}

/* libvirt's name of a machine: DRIVER-ID-NAME or DRIVER-USER-ID-NAME; any other stays as it is. */
static struct piece machine_name(struct piece machine)
{
	static const char *const drivers[] = { "qemu-", "ch-", NULL };
	struct piece rest = machine;

	for (const char *const *driver = drivers; *driver; driver++) {
		if (!piece_begins(machine, *driver))
			continue;
		rest = piece_after(machine, strlen(*driver));
		while (rest.size)
			if (is_number(piece_next(&rest, '-')) && rest.size)
				return rest;
	}
	return machine;
}

static struct piece name_of_part(struct piece part, char bytes[UNIT_MOST])
{
	static const char *const ends[] = { ".libvirt-qemu", ".libvirt-ch", ".libvirt-CH", NULL };

	if (piece_begins(part, "machine-") && piece_ends(part, ".scope")) {
		part = piece_after(part, strlen("machine-"));
		part.size -= strlen(".scope");
		return machine_name(unescape(part, bytes));
	}
	for (const char *const *end = ends; *end; end++) {
		if (piece_ends(part, *end)) {
			part.size -= strlen(*end);
			return machine_name(part);
		}
	}
	return (struct piece){ NULL, 0 };
}

size_t vm_name_in_cgroup(const char *cgroup, size_t size, char *name, size_t room)
{
	struct piece rest = { cgroup, size };
	char bytes[UNIT_MOST];
	size_t length = 0;

	if (room)
		name[0] = 0;
	while (rest.size) {
		struct piece path = piece_next(&rest, '\n');

		/* what stands before the path, hierarchy:controllers:, is a part like none of ours */
		while (path.size) {
			struct piece found = name_of_part(piece_next(&path, '/'), bytes);

			/* the innermost: what holds it may be a container */
			if (found.size)
				length = piece_write(found, name, room);
		}
		if (length)
			return length;
	}
	return 0;
}
