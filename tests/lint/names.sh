#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# names.sh BUILD: no function of ours has the name of one of libipt's, whose begin with pt_ too: the linker would take the one for the other.
set -euo pipefail
build=$1
objects=$build/analyzer/libreblock-internal.a
# Each libipt that is here: the newer one in the build folder, and the system's.
mapfile -t libraries < <(sed -nE 's/^LIBIPT_(SYSTEM_)?LIBRARY:FILEPATH=(.*\.so.*)$/\2/p' "$build/CMakeCache.txt" | sort -u)
if [[ ${#libraries[@]} -eq 0 || ! -e $objects ]]; then
    echo "there is no libipt, or nothing built, in $build"
    exit 77
fi
ours=$(nm --defined-only --format=posix "$objects" 2>/dev/null | awk 'NF > 2 { print $1 }' | sort -u)
for library in "${libraries[@]}"; do
    theirs=$(nm --dynamic --defined-only --format=posix "$library" | awk '{ sub(/@.*/, "", $1); print $1 }' | sort -u)
    for name in pt_library_version pt_alloc_encoder; do
        grep -qx $name <<<"$theirs" || { echo "$library: no $name: is this libipt?"; exit 1; }
    done
    both=$(comm -12 <(echo "$ours") <(echo "$theirs"))
    [[ -z $both ]] || { echo "names that $library has, too: $both"; exit 1; }
done
