#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# short.sh BUILD: what fuzzes a target for two seconds sees a fault, by libFuzzer and by changed inputs, and keeps the input.
set -euo pipefail
build=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
command -v clang >/dev/null || { echo "clang is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail()
{
    echo "short: $*" >&2
    cat "$work/said" >&2
    exit 1
}

mkdir -p "$work"/fuzz/fuzz "$work"/release/fuzz/campaign
cp "$build/fuzz/campaign/change_inputs" "$work/release/fuzz/campaign"
touch "$work/release/CMakeCache.txt"

# build_target FLAG...: with libFuzzer last
build_target()
{
    clang -O1 "$@" -DREPLAY -o "$work/release/fuzz/falls_replay" tests/fuzz/falls.c &&
        sleep 0.1 &&
        clang -O1 "$@" -fsanitize=fuzzer -o "$work/fuzz/fuzz/falls_fuzz" tests/fuzz/falls.c
}

# short: its status is in $status, what it says in $work/said
short()
{
    status=0
    rm -rf "$work/release/short"
    bash fuzz/campaign/short.sh falls "$work/release" >"$work/said" 2>&1 || status=$?
}

build_target >"$work/said" 2>&1 || { cat "$work/said"; echo "clang cannot build a fuzz target"; exit 77; }
short
[[ $status == 0 ]] && grep -q '^Done [0-9]* runs' "$work/said" || fail "by libFuzzer, without a fault: status $status"

build_target -DFALLS >"$work/said" 2>&1
short
[[ $status == 1 ]] && grep -q 'a planted fault' "$work/said" || fail "by libFuzzer, with a fault: status $status"
compgen -G "$work/release/short/falls-*" >/dev/null || fail "libFuzzer's input is not kept"

# An older libFuzzer program may be another target than the replay program.
touch -d yesterday "$work/fuzz/fuzz/falls_fuzz"
short
[[ $status == 1 ]] && grep -q 'a planted fault' "$work/said" || fail "by changes, with a fault: status $status"
input=$(echo "$work"/release/short/falls-*)
[[ -f $input ]] || fail "the changed input is not kept"
! (ulimit -c 0; "$work/release/fuzz/falls_replay" "$input" >/dev/null) 2>/dev/null || fail "the input that is kept does not fail"
first=$(sha1sum <"$input")
short
[[ $(sha1sum <"$work"/release/short/falls-*) == "$first" ]] || fail "the changes are not the same in each run"
