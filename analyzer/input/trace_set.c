/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "input/trace_set_parts.h"

int trace_set_keep_error(struct reblock_trace_set *set, int error)
{
	if (!set->error)
		set->error = error;
	return set->error;
}

static int add_file(struct reblock_trace_set *set, const struct set_file *file)
{
	if (set->n == set->room) {
		size_t room = set->room ? 2 * set->room : 16;
		struct set_file *files = realloc(set->files, room * sizeof(*files));

		if (!files)
			return -ENOMEM;
		set->files = files;
		set->room = room;
	}
	set->files[set->n++] = *file;
	return 0;
}

static char *file_path(const struct reblock_trace_set *set, uint64_t number)
{
	char *path;

	return asprintf(&path, "%s.%06llu", set->path, (unsigned long long)number) < 0 ? NULL :
											 path;
}

/* Whether NAME is BASE, a dot and six digits or more; *NUMBER: these. */
static bool is_of_set(const char *name, const char *base, uint64_t *number)
{
	size_t length = strlen(base), digits;

	if (strncmp(name, base, length) != 0 || name[length] != '.')
		return false;
	name += length + 1;
	digits = strspn(name, "0123456789");
	if (name[digits] || digits < 6 || digits > 18)
		return false;
	*number = strtoull(name, NULL, 10);
	return *number > 0;
}

static int by_number(const void *a, const void *b)
{
	const struct set_file *one = a, *other = b;

	return (one->number > other->number) - (one->number < other->number);
}

/* Finds what earlier runs left. */
static int look(struct reblock_trace_set *set)
{
	const char *slash = strrchr(set->path, '/'), *base = slash ? slash + 1 : set->path;
	char *path = slash ? strndup(set->path, (size_t)(slash - set->path + 1)) : strdup(".");
	DIR *folder = path ? opendir(path) : NULL;
	int err = path ? errno : ENOMEM;

	free(path);
	if (!folder)
		return -err;
	err = 0;
	for (const struct dirent *each; !err && (each = readdir(folder));) {
		struct set_file file = { .records = 0 };
		struct stat status;

		if (!is_of_set(each->d_name, base, &file.number) ||
		    fstatat(dirfd(folder), each->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (S_ISREG(status.st_mode))
			file.size = (uint64_t)status.st_size;
		err = add_file(set, &file);
	}
	closedir(folder);
	if (set->n) {
		qsort(set->files, set->n, sizeof(*set->files), by_number);
		set->number = set->files[set->n - 1].number;
	}
	return err;
}

/* Removes the oldest files until there is room for a new one. */
static int make_room(struct reblock_trace_set *set)
{
	uint64_t size = set->most / REBLOCK_TRACE_SET_FILES;
	size_t gone = 0;
	int err = 0;

	for (size_t i = 0; i < set->n; i++)
		size += set->files[i].size;
	while (gone < set->n && size > set->most) {
		char *path = file_path(set, set->files[gone].number);

		if (!path)
			err = -ENOMEM;
		else if (unlink(path) != 0 && errno != ENOENT)
			err = -errno;
		free(path);
		if (err)
			break;
		size -= set->files[gone].size;
		set->removed += set->files[gone].records;
		gone++;
	}
	set->n -= gone;
	if (gone)
		memmove(set->files, set->files + gone, set->n * sizeof(*set->files));
	return err;
}

static int begin_file(struct reblock_trace_set *set)
{
	int err = make_room(set);
	struct stat status;
	char *path;

	if (err)
		return err;
	set->number++;
	set->repeated = 0;
	path = file_path(set, set->number);
	if (!path)
		return -ENOMEM;
	err = lstat(path, &status) == 0 ? -EEXIST :
					  reblock_trace_create(path, &set->source, &set->writer);
	free(path);
	return err ? err : trace_set_begin_pt(set);
}

/* What was given to the file being written, as far as it is in there. */
static uint64_t records_in_file(const struct reblock_trace_set *set)
{
	uint64_t written = reblock_trace_written(set->writer);

	return written > set->repeated ? written - set->repeated : 0;
}

static int end_file(struct reblock_trace_set *set)
{
	struct set_file file = { .number = set->number };
	int err, end;

	if (!set->writer)
		return 0;
	file.size = reblock_trace_size(set->writer);
	err = reblock_trace_flush(set->writer);
	file.records = records_in_file(set);
	end = reblock_trace_close(set->writer);
	err = err ? err : end;
	set->writer = NULL;
	set->written += file.records;
	if (!err)
		err = add_file(set, &file);
	return err;
}

int trace_set_next_file(struct reblock_trace_set *set)
{
	int err = end_file(set);

	return err ? err : begin_file(set);
}

/* Room in the file being written for N more records, each perhaps the first of a chunk. */
static bool has_room(const struct reblock_trace_set *set, uint64_t n)
{
	uint64_t more = n * 2 * sizeof(struct reblock_record);

	return reblock_trace_size(set->writer) + more <= set->most / REBLOCK_TRACE_SET_FILES;
}

/* Each file says the names of the VMs in it: before the first record of one whose name stands in an older file. */
static int repeat_name(struct reblock_trace_set *set, const struct reblock_record *record)
{
	struct set_name *name = &set->names[record->vm % TRACE_SET_NAMES];
	struct reblock_record meta;

	if (record->kind == REBLOCK_META) {
		name->meta = *record;
		name->file = set->number;
		return 0;
	}
	if (name->meta.vm != record->vm || name->meta.kind != REBLOCK_META ||
	    name->file == set->number)
		return 0;
	name->file = set->number;
	meta = name->meta;
	meta.t = record->t;
	set->repeated++;
	return reblock_trace_write(set->writer, &meta, 1);
}

int reblock_trace_set_create(const char *path, uint64_t most, const struct reblock_source *source,
			     struct reblock_trace_set **result)
{
	struct reblock_trace_set *set;
	int err;

	if (most < REBLOCK_TRACE_SET_LEAST)
		return -EINVAL;
	set = calloc(1, sizeof(*set));
	if (!set)
		return -ENOMEM;
	set->most = most;
	set->source = *source;
	set->path = strdup(path);
	err = set->path ? look(set) : -ENOMEM;
	if (!err)
		err = begin_file(set);
	if (err) {
		free(set->path);
		free(set->files);
		free(set);
		return err;
	}
	*result = set;
	return 0;
}

int reblock_trace_set_write(struct reblock_trace_set *set, const struct reblock_record *records,
			    size_t n)
{
	for (size_t i = 0; i < n && !set->error; i++) {
		int err = 0;

		if (!has_room(set, 2))
			err = trace_set_next_file(set);
		if (!err)
			err = repeat_name(set, &records[i]);
		if (!err)
			err = reblock_trace_write(set->writer, &records[i], 1);
		if (err)
			trace_set_keep_error(set, err);
	}
	return set->error;
}

int reblock_trace_set_flush(struct reblock_trace_set *set)
{
	if (set->error)
		return set->error;
	return trace_set_keep_error(set, reblock_trace_flush(set->writer));
}

uint64_t reblock_trace_set_written(const struct reblock_trace_set *set)
{
	return set->written + (set->writer ? records_in_file(set) : 0);
}

uint64_t reblock_trace_set_removed(const struct reblock_trace_set *set)
{
	return set->removed;
}

int reblock_trace_set_close(struct reblock_trace_set *set)
{
	int err;

	if (!set)
		return 0;
	err = trace_set_keep_error(set, end_file(set));
	free(set->path);
	free(set->files);
	free(set);
	return err;
}
