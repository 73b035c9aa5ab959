/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "drivers/input.h"

#define SOME 65536

static int failed(const char *path, int error)
{
	fprintf(stderr, "%s: %s\n", path, strerror(error));
	return error;
}

static int read_all(FILE *file, struct input *input)
{
	size_t n, room = 0;

	do {
		if (room - input->size < SOME) {
			uint8_t *larger = realloc(input->data, room = 2 * room + SOME);

			if (larger == NULL)
				return ENOMEM;
			input->data = larger;
		}
		n = fread(input->data + input->size, 1, SOME, file);
		input->size += n;
	} while (n != 0);
	if (ferror(file))
		return EIO;
	if (input->size != 0) {
		uint8_t *exact = realloc(input->data, input->size);

		if (exact == NULL)
			return ENOMEM;
		input->data = exact;
	}
	return 0;
}

static int add_file(struct inputs *inputs, const char *path)
{
	struct input input = { .path = strdup(path) }, *larger;
	FILE *file = fopen(path, "rb");
	int error = file == NULL ? errno : read_all(file, &input);

	if (file != NULL)
		fclose(file);
	larger = realloc(inputs->at, (inputs->n + 1) * sizeof(*larger));
	if (larger != NULL)
		inputs->at = larger;
	if (error == 0 && (larger == NULL || input.path == NULL))
		error = ENOMEM;
	if (error != 0) {
		free(input.path);
		free(input.data);
		return failed(path, error);
	}
	inputs->at[inputs->n++] = input;
	return 0;
}

static int shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int add_folder(struct inputs *inputs, const char *path)
{
	struct dirent **entries;
	int n = scandir(path, &entries, shown, alphasort), error = 0;

	if (n < 0)
		return failed(path, errno);
	for (int i = 0; i < n; i++) {
		char *inner;
		int result;

		if (asprintf(&inner, "%s/%s", path, entries[i]->d_name) < 0)
			inner = NULL;
		result = inner == NULL ? ENOMEM : inputs_add(inputs, inner);
		if (error == 0)
			error = result;
		free(inner);
		free(entries[i]);
	}
	free(entries);
	return error;
}

int inputs_add(struct inputs *inputs, const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return failed(path, errno);
	return S_ISDIR(status.st_mode) ? add_folder(inputs, path) : add_file(inputs, path);
}

void inputs_free(struct inputs *inputs)
{
	for (size_t i = 0; i < inputs->n; i++) {
		free(inputs->at[i].path);
		free(inputs->at[i].data);
	}
	free(inputs->at);
	*inputs = (struct inputs){ 0 };
}
