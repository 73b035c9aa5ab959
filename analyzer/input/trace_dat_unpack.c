/* SPDX-License-Identifier: BSD-2-Clause */
/* The compression that trace-cmd writes: zstd. (zlib only where it was built without zstd.) */
#include <zstd.h>
#include "input/trace_dat.h"

bool trace_dat_set_codec(struct trace_dat *d, const char *name)
{
	d->zstd_used = strcmp(name, "zstd") == 0;
	return d->zstd_used || strcmp(name, "none") == 0;
}

bool trace_dat_unpack(struct trace_dat *d, const uint8_t *from, size_t packed, uint8_t *to,
		      size_t size)
{
	if (!d->zstd_used)
		return false;
	if (!d->zstd)
		d->zstd = ZSTD_createDCtx();
	return d->zstd && ZSTD_decompressDCtx(d->zstd, to, size, from, packed) == size;
}
