/* SPDX-License-Identifier: BSD-2-Clause */
/* Found by the collector's sources in place of its own skeleton: the programs at the proxy's events and layout. */
#ifndef PROXY_SKELETON_H
#define PROXY_SKELETON_H

#include "proxy.skel.h"
#include "proxy_layout.h"

static inline struct reblock_bpf *proxy_open(void)
{
	const struct bpf_object_open_opts *layout = proxy_layout();

	return layout ? reblock_bpf__open_opts(layout) : NULL;
}
#define reblock_bpf__open proxy_open

#endif
