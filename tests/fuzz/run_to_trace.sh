#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# run_to_trace.sh BUILD: a run is written as a trace that reblock audits and explains.
set -euo pipefail
build=$1
run_to_trace=$build/fuzz/campaign/run_to_trace
reblock=$build/reblock
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[[ -x $reblock ]] || { echo "the program reblock is not built"; exit 77; }

fail()
{
    echo "run_to_trace: $*" >&2
    exit 1
}

# A header of zeros, and 64 turns that do not look like each other.
{
    head -c 16 /dev/zero
    for ((i = 0; i < 512; i++)); do
        printf "\\x$(printf %02x $((i * 37 % 251)))"
    done
} >"$work/run"
options=$("$run_to_trace" "$work/run" "$work/trace.rbt") || fail "status $?"
[[ -z $options || $options =~ ^--vnmi\ (on|off)$ ]] || fail "options: $options"
"$reblock" convert "$work/trace.rbt" "$work/trace.jsonl" || fail "reblock does not read it"
records=$(grep -c '"event":"exit"' "$work/trace.jsonl") || fail "no exits"
((records >= 32)) || fail "$records exits of 64 turns"
status=0
# shellcheck disable=SC2086 # one or two words
"$reblock" audit $options "$work/trace.rbt" >"$work/audit" || status=$?
[[ $status == 0 || $status == 1 || $status == 3 ]] || fail "reblock audit: status $status"
# The first exit's number: names come before it.
number=$(awk '!/"event":"meta","source"/ { n++ } /"event":"exit"/ && !first { first = n } END { print first }' "$work/trace.jsonl")
"$reblock" explain "$work/trace.rbt#$((number - 1))" >"$work/explain" || fail "reblock explain: status $?"
[[ -s $work/explain ]] || fail "nothing is explained"

# More is another run, and an empty input is one too.
head -c 100 "$work/run" >"$work/less"
"$run_to_trace" "$work/less" "$work/less.rbt" >/dev/null || fail "a shorter run"
(($(stat -c %s "$work/less.rbt") < $(stat -c %s "$work/trace.rbt"))) || fail "a shorter run is no shorter trace"
"$run_to_trace" /dev/null "$work/none.rbt" >/dev/null || fail "an empty run"

status=0
"$run_to_trace" "$work/nothing" "$work/none.rbt" 2>"$work/said" || status=$?
[[ $status == 1 ]] && grep -q "nothing: No such file" "$work/said" || fail "a missing file: status $status: $(<"$work/said")"
status=0
"$run_to_trace" "$work/run" 2>"$work/said" || status=$?
[[ $status == 2 ]] || fail "bad usage: status $status"
