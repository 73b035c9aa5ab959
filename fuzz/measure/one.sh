#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# one.sh ENGINE FAULT mutator|default SEED PROGRAM ID: one run of measure.sh. Leaves a line in MEASURE_STATE/FAULT.WAY.SEED:
#
#   ID found LIMIT EXECUTIONS MILLISECONDS REASON
#   ID none LIMIT EXECUTIONS MILLISECONDS
#   ID elsewhere LIMIT EXECUTIONS MILLISECONDS REASON    it fails without the fault too: a mistake of the tree, or of the
#                                                         target; the input is kept beside it as FAULT.WAY.SEED.input
#
# Status 255: the fuzzer could not be run.
set -euo pipefail
export LC_ALL=C
engine=$1 fault=$2 way=$3 seed=$4 program=$5 id=$6
longest=8208 # of a run, in bytes
limit=$MEASURE_SECONDS
result=$MEASURE_STATE/$fault.$way.$seed
work=$(mktemp -d)
# xargs goes on after any other status.
trap 'status=$?; rm -rf "$work"; ((status == 0)) || exit 255' EXIT
mkdir "$work/in"
printf 0 >"$work/in/byte"

# fails FAULT FILE: whether the program fails with it; what it says is in $work/said.
fails()
{
    local input=() status=0

    [[ $engine == afl ]] || input=("$2")
    # The shell would tell of each signal.
    { REBLOCK_PLANT=$1 timeout 30 "$program" "${input[@]}" <"$2" >"$work/said" 2>&1 || status=$?; } 2>/dev/null
    ((status))
}

takes_runs()
{
    local target=${program##*/}

    grep -q '^#include "run\.h"' "fuzz/${target%_afl}_fuzz.c"
}

give_up()
{
    echo "one.sh: $program with fault $fault: $1" >&2
    tail -n 20 "$work/log" >&2
    exit 255
}

# Each sets executions, milliseconds, and failure, the file that failed; empty: none.
run_afl()
{
    local out=$work/out/default environment=(
        AFL_BENCH_UNTIL_CRASH=1 AFL_NO_UI=1 AFL_NO_AFFINITY=1 AFL_SKIP_CPUFREQ=1 AFL_NO_CRASH_README=1 AFL_FAST_CAL=1
        AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_FORKSRV_INIT_TMOUT=60000 AFL_IGNORE_UNKNOWN_ENVS=1
        REBLOCK_PLANT="$fault"
    )

    # afl-fuzz takes no input that fails.
    executions=1 milliseconds=0 failure=$work/in/byte
    ! fails "$fault" "$failure" || return 0
    [[ $way != mutator ]] || environment+=("AFL_CUSTOM_MUTATOR_LIBRARY=$(realpath "$MEASURE_MUTATOR")")
    # Without AFL++'s own mutations beside it, where inputs are runs.
    [[ $way != mutator ]] || ! takes_runs || environment+=(AFL_CUSTOM_MUTATOR_ONLY=1)
    env -u ASAN_OPTIONS -u UBSAN_OPTIONS "${environment[@]}" timeout -k 5 $((limit + 120)) \
        afl-fuzz -i "$work/in" -o "$work/out" -V "$limit" -s "$seed" -m none -t 5000 -G "$longest" -- "$program" \
        >"$work/log" 2>&1 </dev/null || true
    [[ -s $out/fuzzer_stats ]] || give_up "afl-fuzz did not begin"
    failure=$(find "$out/crashes" "$out/hangs" -name 'id:*' 2>/dev/null | sort | sed -n 1p)
    if [[ -n $failure ]]; then
        milliseconds=$(sed -nE 's/.*,time:([0-9]+),.*/\1/p' <<<"$failure")
        executions=$(sed -nE 's/.*,execs:([0-9]+),.*/\1/p' <<<"$failure")
    else
        executions=$(sed -nE 's/^execs_done *: ([0-9]+).*/\1/p' "$out/fuzzer_stats")
        milliseconds=$(($(sed -nE 's/^run_time *: ([0-9]+).*/\1/p' "$out/fuzzer_stats") * 1000))
    fi
}

run_libfuzzer()
{
    local begin=$EPOCHREALTIME end

    mkdir "$work/out"
    REBLOCK_PLANT=$fault timeout -k 5 $((limit + 120)) "$program" -seed="$seed" -max_total_time="$limit" -max_len=$longest \
        -print_final_stats=1 -timeout=5 -artifact_prefix="$work/out/" "$work/in" >"$work/log" 2>&1 </dev/null || true
    end=$EPOCHREALTIME
    executions=$(sed -nE 's/^stat::number_of_executed_units: *([0-9]+).*/\1/p' "$work/log")
    [[ -n $executions ]] || give_up "it did not begin"
    milliseconds=$(((${end/./} - ${begin/./}) / 1000))
    failure=$(find "$work/out" -type f | sed -n 1p)
}

run_"$engine"
status=none reason=
if [[ -n $failure ]]; then
    status=found
    fails "$fault" "$failure" || reason="(not again)"
    # The name of the program stands before it.
    [[ -n $reason ]] || reason=$(sed -nE 's/^([a-z]+)(_default)?: /\1: /p' "$work/said" | sed -n 1p | cut -c1-160)
    if fails 0 "$failure"; then
        status=elsewhere
        cp "$failure" "$result.input"
    fi
fi
printf '%s %s %s %s %s %s\n' "$id" $status "$limit" "$executions" "$milliseconds" "$reason" >"$work/result"
mv "$work/result" "$result"
printf '%s %s %s: %s after %s executions, %s ms %s\n' "$fault" "$way" "$seed" $status "$executions" "$milliseconds" "$reason"
