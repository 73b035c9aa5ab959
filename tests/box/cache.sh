#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# For run and prepare: what takes long to fetch and to build, and is the same for every checkout.

# Where it lies. Nobody else may change it while descriptor 8 is open.
box_cache=${BOX_CACHE:-${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/reblock/box}

# take_cache FALLBACK: FALLBACK becomes the cache where nothing can be written to the usual one.
take_cache() {
    mkdir -p "$box_cache/kernel" 2>/dev/null && [[ -w $box_cache ]] || box_cache=$1
    mkdir -p "$box_cache/kernel"
    exec 8>"$box_cache/lock"
    flock 8
}

# Others may now use it as well.
share_cache() {
    flock -s 8
}
