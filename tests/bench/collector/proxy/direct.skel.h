/* SPDX-License-Identifier: BSD-2-Clause */
/* As reblock.skel.h, for the programs that read by plain loads. */
#ifndef PROXY_DIRECT_SKELETON_H
#define PROXY_DIRECT_SKELETON_H

#include "proxy_direct.skel.h"
#include "proxy_layout.h"

static inline struct reblock_bpf *proxy_direct_open(void)
{
	const struct bpf_object_open_opts *layout = proxy_layout();

	return layout ? reblock_bpf__open_opts(layout) : NULL;
}
#define reblock_bpf__open proxy_direct_open

#endif
