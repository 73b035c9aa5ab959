#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# shrink.sh BUILD: NAME_shrink makes a failing run short, for the same reason, and touches no run that does not fail.
set -euo pipefail
shrink=$1/fuzz/campaign/falls_shrink
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail()
{
    echo "shrink: $*" >&2
    exit 1
}

# 200 turns that do not look like each other.
for ((i = 0; i < 1616; i++)); do
    printf "\\x$(printf %02x $((i < 16 ? 0 : i * 37 % 251)))"
done >"$work/run"
"$shrink" 20 "$work/run" "$work/small" || fail "status $?"
size=$(stat -c %s "$work/small")
# Header and three turns, with others between where it is a host of several vCPUs.
((size >= 17 && size <= 16 + 5 * 8)) || fail "$size bytes are left"
# What is left fails, and a second time nothing is to be gained.
"$shrink" 20 "$work/small" "$work/again" || fail "what is left does not fail: status $?"
cmp -s "$work/small" "$work/again" || fail "a second time it gets still smaller"

head -c 24 "$work/run" >"$work/single"
"$shrink" 20 "$work/single" "$work/other" || fail "a run of one turn: status $?"
(($(stat -c %s "$work/other") == 17 || $(stat -c %s "$work/other") == 24)) || fail "a single turn is not one any longer"

status=0
"$shrink" 20 /dev/null "$work/none" 2>/dev/null || status=$?
[[ $status == 1 && ! -e $work/none ]] || fail "a run that does not fail: status $status"
status=0
"$shrink" 20 "$work/run" 2>/dev/null || status=$?
[[ $status == 2 ]] || fail "bad usage: status $status"
