// SPDX-License-Identifier: BSD-2-Clause
#include "direct.h"

#include "bpf/shared.h"

#include <bpf/libbpf.h>
#include <stdbool.h>

/* Its names are those of reblock.skel.h, so it needs a file of its own. */
#include "direct.skel.h"

struct reblock_bpf *direct_open(void)
{
	return reblock_bpf__open();
}
