/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cli/cli.h"
#include "cli/output_file.h"

static bool refuse(struct output_file *f, const char *why)
{
	cli_say(f->command, "%s: %s", f->path, why);
	output_file_drop(f);
	return false;
}

bool output_file_begin(struct output_file *f, const char *command, const char *path)
{
	struct stat status;
	mode_t mask = umask(0);
	int fd;

	umask(mask);
	*f = (struct output_file){ .command = command, .path = path };
	if (strcmp(path, "-") == 0)
		return refuse(f, "give the name of a file; standard output has the findings");
	/* A link stays one: what it leads to is replaced. */
	if (stat(path, &status) == 0) {
		if (!S_ISREG(status.st_mode))
			return refuse(f, "this is no regular file and is not replaced");
		f->target = realpath(path, NULL);
	} else {
		f->target = strdup(path);
	}
	if (!f->target || asprintf(&f->temporary, "%s.XXXXXX", f->target) < 0) {
		f->temporary = NULL;
		return refuse(f, strerror(errno));
	}
	fd = mkstemp(f->temporary);
	if (fd < 0) {
		int err = errno;

		free(f->temporary);
		f->temporary = NULL;
		return refuse(f, strerror(err));
	}
	if (fchmod(fd, 0666 & ~mask) == 0)
		f->out = fdopen(fd, "w");
	if (!f->out) {
		int err = errno;

		close(fd);
		return refuse(f, strerror(err));
	}
	return true;
}

bool output_file_end(struct output_file *f)
{
	int err = 0;

	errno = 0;
	if (fflush(f->out) != 0 || ferror(f->out))
		err = errno ? errno : EIO;
	if (fclose(f->out) != 0 && !err)
		err = errno;
	f->out = NULL;
	if (!err && rename(f->temporary, f->target) != 0)
		err = errno;
	if (err) {
		cli_say(f->command, "%s: could not be written: %s", f->path, strerror(err));
		output_file_drop(f);
		return false;
	}
	free(f->temporary);
	f->temporary = NULL;
	output_file_drop(f);
	return true;
}

void output_file_drop(struct output_file *f)
{
	if (f->out)
		fclose(f->out);
	if (f->temporary)
		unlink(f->temporary);
	free(f->temporary);
	free(f->target);
	f->out = NULL;
	f->temporary = f->target = NULL;
}
