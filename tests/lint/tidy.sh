#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# tidy.sh BUILD: clang-tidy finds nothing in what is installed, nor in the fuzz targets. Tests may be careless with memory
# that there is too little of; compilers and sanitizers look after them. The kernel module is compiled by kbuild only, and the
# driver for AFL++ by its compilers, which bring the macros that it consists of.
#
# The static analyzer follows a function's paths up to a bound, and takes ten times as long up to its own one: that is for
# ./dev lint, which sets TIDY_WHOLE=1.
set -euo pipefail
build=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
command -v clang-tidy >/dev/null || { echo "clang-tidy is not installed"; exit 77; }
[[ -e $build/compile_commands.json ]] || { echo "$build/compile_commands.json is missing" >&2; exit 1; }
bound=()
[[ ${TIDY_WHOLE:-} == 1 ]] || for word in -Xclang -analyzer-config -Xclang max-nodes=10000; do
    bound+=("--extra-arg=$word")
done
# gcc's own options mean nothing to clang-tidy; its count of suppressed warnings nothing to us.
find agent analyzer collector fuzz -name '*.c' ! -name '*.bpf.c' ! -path 'collector/vmread/*' \
    ! -path fuzz/drivers/afl.c -print0 |
    xargs -0 -n 3 -P "$(nproc)" clang-tidy --quiet -p "$build" "${bound[@]}" 2>/dev/null
