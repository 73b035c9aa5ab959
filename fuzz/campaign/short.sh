#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# short.sh NAME BUILD: fuzzes a target for two seconds, from its corpus. By the libFuzzer program of the preset fuzz, if that
# was built after BUILD and BUILD has no sanitizers itself; else by the replay program of BUILD, over inputs with random
# changes, the same in each run. An input that fails is left in BUILD/short.
set -euo pipefail

name=$1
build=$(cd "$2" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
replay=$build/fuzz/${name}_replay
fuzz=$(dirname "$build")/fuzz/fuzz/${name}_fuzz
seconds=2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ulimit -c 0

# keep FILE: an input that fails
keep()
{
    mkdir -p "$build/short"
    cp "$1" "$build/short/$name-$(sha1sum <"$1" | cut -c 1-12)"
    echo "the input is $build/short/$name-$(sha1sum <"$1" | cut -c 1-12); run it again by $replay FILE"
}

by_libfuzzer()
{
    local file folders=("$work/new")
    mkdir "$work/new"
    for file in corpus/fuzz/"$name" corpus/regressions/"$name"; do
        [[ ! -d $file ]] || folders+=("$file")
    done
    if ! "$fuzz" -max_total_time=$seconds -timeout=20 -rss_limit_mb=2048 -max_len=8208 -print_funcs=0 -seed=1 \
        -artifact_prefix="$work/" "${folders[@]}" >"$work/said" 2>&1 </dev/null; then
        cat "$work/said"
        for file in "$work"/*-*; do
            [[ ! -f $file ]] || keep "$file"
        done
        exit 1
    fi
    grep -a '^Done ' "$work/said"
}

by_changes()
{
    local seed end files=() last n=0
    while IFS= read -r last; do
        files+=("$last")
    done < <(find corpus/fuzz/"$name" corpus/regressions/"$name" -type f -size -64k 2>/dev/null | sort | head -n 4000)
    if ((${#files[@]} == 0)); then
        head -c 256 /dev/zero >"$work/nothing"
        files=("$work/nothing")
    fi
    end=$((SECONDS + seconds))
    for ((seed = 1; SECONDS < end; seed++)); do
        rm -rf "$work/changed"
        mkdir "$work/changed"
        "$build/fuzz/campaign/change_inputs" "$seed" 200 "$work/changed" "${files[@]}"
        if ! timeout 30 "$replay" "$work/changed"/* >"$work/said" 2>"$work/errors"; then
            cat "$work/errors"
            last=$(sed -nE 's/: [0-9]+ bytes$//p' "$work/said" | sed -n '$p')
            [[ ! -f $last ]] || keep "$last"
            exit 1
        fi
        n=$((n + 200))
    done
    echo "$n changed inputs"
}

if [[ -x $fuzz && $fuzz -nt $replay ]] && ! grep -q '^REBLOCK_SANITIZE:BOOL=ON' "$build/CMakeCache.txt"; then
    by_libfuzzer
else
    by_changes
fi
