// SPDX-License-Identifier: BSD-2-Clause
#include "vm_name.h"
#include "vm_name_parse.h"

#define VALUE_MOST 4096 /* of an option's value: longer ones are no names */

/* The file name in a path. */
static struct piece base(struct piece path)
{
	struct piece last = { path.at, 0 };

	while (path.size) {
		struct piece part = piece_next(&path, '/');

		if (part.size)
			last = part;
	}
	return last;
}

/*
 * The value of the option that is ARGUMENT, with one dash or two, followed by "=" or in the next argument,
 * which is then taken off *REST. False where it is another option.
 */
static bool value_of(struct piece argument, const char *option, struct piece *rest,
		     struct piece *value)
{
	if (!piece_begins(argument, "-"))
		return false;
	argument = piece_after(argument, 1);
	if (piece_begins(argument, "-"))
		argument = piece_after(argument, 1);
	if (!piece_begins(argument, option))
		return false;
	argument = piece_after(argument, strlen(option));
	if (!argument.size)
		*value = piece_next(rest, 0);
	else if (*argument.at == '=')
		*value = piece_after(argument, 1);
	else
		return false;
	return value->size <= VALUE_MOST;
}

/* The next of a list's items, whose commas are doubled, without the doubling; VALUE_MOST bytes fit. */
static struct piece next_item(struct piece *list, char item[VALUE_MOST])
{
	size_t n = 0;

	while (list->size) {
		char byte = *list->at;

		*list = piece_after(*list, 1);
		if (byte == ',') {
			if (!list->size || *list->at != ',')
				break;
			*list = piece_after(*list, 1);
		}
		item[n++] = byte;
	}
	return (struct piece){ item, n };
}

/*
 * QEMU's options are lists of key=value, of which the first may be without its key. A name in them
 * replaces what is in NAME, of *LENGTH bytes.
 */
static void name_option(struct piece value, char *name, size_t room, size_t *length)
{
	bool first = true;

	while (value.size) {
		char bytes[VALUE_MOST];
		struct piece item = next_item(&value, bytes);

		if (piece_begins(item, "guest="))
			item = piece_after(item, strlen("guest="));
		else if (!first || (item.size && memchr(item.at, '=', item.size)))
			item.size = 0;
		if (item.size)
			*length = piece_write(item, name, room);
		first = false;
	}
}

static bool one_of(struct piece p, const char *const *words)
{
	for (; *words; words++)
		if (piece_is(p, *words))
			return true;
	return false;
}

static void drop_end(struct piece *p, const char *const *ends)
{
	for (; *ends; ends++) {
		if (piece_ends(*p, *ends) && p->size > strlen(*ends)) {
			p->size -= strlen(*ends);
			return;
		}
	}
}

/* What of the path of a VMM's API socket tells one VM from another; nothing where it is a default. */
static struct piece socket_name(struct piece path)
{
	static const char *const types[] = { ".sock", ".socket", NULL };
	static const char *const uses[] = { "-api", "_api", ".api", "-socket", NULL };
	static const char *const nothing[] = {
		"api",     "ch",          "ch-api", "clh",    "clh-api",          "vmm", "sock",
		"control", "firecracker", "socket", "vmsock", "cloud-hypervisor", NULL
	};
	static const char *const folders[] = { "tmp",     "run",  "var", "socket",
					       "sockets", "root", NULL };
	const struct piece none = { NULL, 0 };
	struct piece file = base(path), folder;

	folder = (struct piece){ path.at, file.size ? (size_t)(file.at - path.at) : 0 };
	drop_end(&file, types);
	if (one_of(file, nothing)) {
		folder = base(folder);
		return one_of(folder, folders) || one_of(folder, nothing) ? none : folder;
	}
	drop_end(&file, uses);
	return file;
}

/* cloud-hypervisor takes a path, path=PATH or fd=NUMBER. */
static struct piece api_socket(struct piece value)
{
	if (piece_begins(value, "fd="))
		return (struct piece){ NULL, 0 };
	if (piece_begins(value, "path="))
		value = piece_after(value, strlen("path="));
	return socket_name(piece_next(&value, ','));
}

static struct piece platform_uuid(struct piece value)
{
	while (value.size) {
		struct piece item = piece_next(&value, ',');

		if (piece_begins(item, "uuid="))
			return piece_after(item, strlen("uuid="));
	}
	return (struct piece){ NULL, 0 };
}

size_t vm_name_in_command(const char *command, size_t size, char *name, size_t room)
{
	struct piece rest = { command, size }, value, program, id, socket, uuid;
	size_t length = 0;
	bool firecracker;

	id = socket = uuid = (struct piece){ NULL, 0 };
	if (room)
		name[0] = 0;
	program = base(piece_next(&rest, 0));
	/* others may call something else --id */
	firecracker = piece_begins(program, "firecracker");
	while (rest.size) {
		struct piece argument = piece_next(&rest, 0);

		if (value_of(argument, "name", &rest, &value)) {
			/* of several the last, as in QEMU */
			name_option(value, name, room, &length);
		} else if (firecracker && value_of(argument, "id", &rest, &value)) {
			id = value;
		} else if (value_of(argument, "api-socket", &rest, &value) ||
			   (firecracker && value_of(argument, "api-sock", &rest, &value))) {
			socket = api_socket(value);
		} else if (value_of(argument, "platform", &rest, &value)) {
			uuid = platform_uuid(value);
		}
	}
	if (length)
		return length;
	if (id.size)
		return piece_write(id, name, room);
	return piece_write(socket.size ? socket : uuid, name, room);
}
