/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of processes: PERF_RECORD_COMM of their first threads. */
#include <errno.h>
#include <stdlib.h>
#include "input/perf_format.h"
#include "input/perf_reader.h"

#define NAMES_MOST 65536
#define NAME_BYTES 16 /* TASK_COMM_LEN */

struct perf_names {
	struct u64_map index_of; /* pid to index + 1 */
	char (*names)[NAME_BYTES + 1];
	size_t n, room;
};

struct perf_names *perf_names_new(void)
{
	return calloc(1, sizeof(struct perf_names));
}

int perf_names_take(struct perf_names *names, const uint8_t *r, const struct perf_attr *form)
{
	size_t size = perf_size(r), at = PERF_RECORD_HEADER + 8, i;
	uint32_t pid;

	if (size < at + form->tail || perf_u32(r + 8) != perf_u32(r + 12))
		return 0;
	pid = perf_u32(r + 8);
	size -= form->tail + at;
	i = u64_map_get(&names->index_of, pid);
	if (!i) {
		int err;

		if (names->n >= NAMES_MOST)
			return 0;
		if (names->n == names->room) {
			size_t room = names->room ? names->room * 2 : 256;
			void *larger = realloc(names->names, room * sizeof(names->names[0]));

			if (!larger)
				return -ENOMEM;
			names->names = larger;
			names->room = room;
		}
		i = ++names->n;
		err = u64_map_set(&names->index_of, pid, (uint32_t)i);
		if (err)
			return err;
	}
	memset(names->names[i - 1], 0, sizeof(names->names[0]));
	memcpy(names->names[i - 1], r + at, size < NAME_BYTES ? size : NAME_BYTES);
	return 0;
}

const char *perf_names_get(void *context, uint32_t pid, uint32_t tid)
{
	const struct perf_names *names = context;
	uint32_t i = u64_map_get(&names->index_of, pid ? pid : tid);

	return i ? names->names[i - 1] : NULL;
}

void perf_names_free(struct perf_names *names)
{
	if (!names)
		return;
	u64_map_free(&names->index_of);
	free(names->names);
	free(names);
}
