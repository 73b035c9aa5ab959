/* SPDX-License-Identifier: BSD-2-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <reblock/trace.h>
#include "agent/evidence.h"
#include "agent/evidence_name.h"

#define COPIES 10000 /* files of one name at most */

/* In the order in which they go. */
struct file {
	char name[EVIDENCE_NAME_MOST];
	uint64_t size;
	struct timespec modified;
};

struct evidence {
	char *path;
	int fd; /* of the folder, locked */
	uint64_t most;
	struct file *files;
	size_t first, n, room; /* files[first] is the oldest */
	_Atomic uint64_t bytes;
};

static int add(struct evidence *e, const struct file *file)
{
	if (e->first && e->first + e->n == e->room) {
		memmove(e->files, e->files + e->first, e->n * sizeof(*e->files));
		e->first = 0;
	}
	if (e->n == e->room) {
		size_t room = e->room ? 2 * e->room : 64;
		struct file *files = realloc(e->files, room * sizeof(*files));

		if (!files)
			return -ENOMEM;
		e->files = files;
		e->room = room;
	}
	e->files[e->first + e->n++] = *file;
	e->bytes += file->size;
	return 0;
}

/* Removes the oldest until NEEDED bytes more do not exceed what the folder may hold. */
static void make_room(struct evidence *e, uint64_t needed)
{
	while (e->n && e->bytes + needed > e->most) {
		struct file *oldest = &e->files[e->first++];

		e->n--;
		e->bytes -= oldest->size;
		(void)unlinkat(e->fd, oldest->name, 0); /* it may be gone already */
	}
	if (!e->n)
		e->first = 0;
}

static int by_age(const void *a, const void *b)
{
	const struct file *l = a, *r = b;

	if (l->modified.tv_sec != r->modified.tv_sec)
		return l->modified.tv_sec < r->modified.tv_sec ? -1 : 1;
	if (l->modified.tv_nsec != r->modified.tv_nsec)
		return l->modified.tv_nsec < r->modified.tv_nsec ? -1 : 1;
	return strcmp(l->name, r->name);
}

/* Takes in what is there from before. */
static int look(struct evidence *e)
{
	int fd = openat(e->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	struct file file;
	struct stat st;

	if (!dir) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	while (!err && (entry = readdir(dir))) {
		if (fstatat(e->fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
			continue;
		if (evidence_name_is_temporary(entry->d_name)) {
			(void)unlinkat(e->fd, entry->d_name, 0);
		} else if (strlen(entry->d_name) < sizeof(file.name) &&
			   evidence_name_is(entry->d_name)) {
			memset(&file, 0, sizeof(file));
			memcpy(file.name, entry->d_name, strlen(entry->d_name));
			file.size = (uint64_t)st.st_size;
			file.modified = st.st_mtim;
			err = add(e, &file);
		}
	}
	closedir(dir);
	if (e->n)
		qsort(e->files + e->first, e->n, sizeof(*e->files), by_age);
	return err;
}

static int open_folder(struct evidence *e, const char *path, char **error)
{
	int err = 0, n = 0;

	if (mkdir(path, 0700) && errno != EEXIST)
		err = -errno;
	e->fd = err ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!err && e->fd < 0)
		err = -errno;
	if (!err && flock(e->fd, LOCK_EX | LOCK_NB))
		err = errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (!err) {
		e->path = realpath(path, NULL);
		err = e->path ? look(e) : -errno;
	}
	if (err == -EBUSY)
		n = asprintf(
			error,
			"%s: another reblock watch keeps its evidence there; --evidence names another folder",
			path);
	else if (err)
		n = asprintf(error, "%s: evidence cannot be kept there: %s", path, strerror(-err));
	if (n < 0)
		*error = NULL;
	return err;
}

int evidence_open(const char *path, uint64_t most, struct evidence **result, char **error)
{
	struct evidence *e = calloc(1, sizeof(*e));
	int err;

	*result = NULL;
	*error = NULL;
	if (!e)
		return -ENOMEM;
	e->fd = -1;
	e->most = most;
	err = open_folder(e, path, error);
	if (err) {
		evidence_close(e);
		return err;
	}
	make_room(e, 0);
	*result = e;
	return 0;
}

uint64_t evidence_file_size(uint64_t records)
{
	uint64_t chunks = records / REBLOCK_CHUNK_RECORDS + 2; /* with the end mark */

	return REBLOCK_TRACE_HEADER_MAX / 8 + chunks * sizeof(struct reblock_trace_chunk) +
	       records * sizeof(struct reblock_record);
}

static int write_trace(const char *path, const struct capture *c)
{
	struct reblock_trace_writer *writer;
	int err = reblock_trace_create(path, &c->source, &writer), end;

	if (err)
		return err;
	if (c->has_meta)
		err = reblock_trace_write(writer, &c->meta, 1);
	for (size_t i = 0; i < c->n && !err; i++)
		err = reblock_trace_write(writer, &c->kept[i].record, 1);
	end = reblock_trace_close_synced(writer);
	return err ? err : end;
}

/*
 * Gives TEMPORARY its name, which no file has yet (no other agent writes here), and sees to it that the folder has it for
 * good.
 */
static int put_in_place(const struct evidence *e, const char *temporary, const struct capture *c,
			struct file *file)
{
	struct stat st;
	unsigned copy = 0;

	if (fstatat(e->fd, temporary, &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	file->size = (uint64_t)st.st_size;
	do {
		if (copy == COPIES)
			return -EEXIST;
		evidence_name(c, copy++, file->name);
	} while (!fstatat(e->fd, file->name, &st, AT_SYMLINK_NOFOLLOW));
	if (renameat(e->fd, temporary, e->fd, file->name)) {
		file->name[0] = 0;
		return -errno;
	}
	return fsync(e->fd) ? -errno : 0;
}

int evidence_write(struct evidence *e, const struct capture *c, char **result)
{
	struct file file = { .size = 0 };
	char temporary[64];
	char *path;
	int err;

	*result = NULL;
	(void)snprintf(temporary, sizeof(temporary), EVIDENCE_TEMPORARY, (long)getpid());
	make_room(e, evidence_file_size(c->n + c->has_meta));
	if (asprintf(&path, "%s/%s", e->path, temporary) < 0)
		return -ENOMEM;
	err = write_trace(path, c);
	free(path);
	if (!err)
		err = put_in_place(e, temporary, c, &file);
	if (!err && asprintf(result, "%s/%s", e->path, file.name) < 0) {
		*result = NULL;
		err = -ENOMEM;
	}
	if (!err)
		err = add(e, &file);
	if (!err)
		return 0;
	(void)unlinkat(e->fd, temporary, 0);
	if (file.name[0] && err != -EEXIST) /* in place, but not for good */
		(void)unlinkat(e->fd, file.name, 0);
	free(*result);
	*result = NULL;
	return err;
}

uint64_t evidence_bytes(const struct evidence *e)
{
	return e->bytes;
}

void evidence_close(struct evidence *e)
{
	if (!e)
		return;
	if (e->fd >= 0)
		close(e->fd);
	free(e->path);
	free(e->files);
	free(e);
}
