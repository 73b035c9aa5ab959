// SPDX-License-Identifier: BSD-2-Clause
#include "prog_info.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int prog_info_open(int program)
{
	char path[64];
	int file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", program);
	file = open(path, O_RDONLY | O_CLOEXEC);
	return file < 0 ? -errno : file;
}

void prog_info_parse(const char *text, struct prog_info *info)
{
	const struct {
		const char *name;
		uint64_t *to;
	} known[] = {
		{ "recursion_misses:", &info->skipped },
		{ "run_time_ns:", &info->ns },
		{ "run_cnt:", &info->runs },
	};

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
			size_t length = strlen(known[i].name);

			if (!strncmp(line, known[i].name, length))
				*known[i].to += strtoull(line + length, NULL, 10);
		}
	}
}

int prog_info_add(int file, struct prog_info *info)
{
	char text[2048];
	ssize_t n = pread(file, text, sizeof(text) - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = 0;
	prog_info_parse(text, info);
	return 0;
}
