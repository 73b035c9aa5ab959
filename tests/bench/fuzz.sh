#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# fuzz.sh RELEASE AFL FUZZ: how fast the targets that audit runs are under the fuzzers; the three builds, with target fuzz_bench in each.
# What is compared runs in turn, A B A B ..., so that a busy machine is busy for both; medians of REBLOCK_BENCH_RUNS (5) runs of
# REBLOCK_BENCH_SECONDS (5) seconds. REBLOCK_BENCH_TARGETS names targets, REBLOCK_BENCH_CELLS how long the seeds are (1000).
set -euo pipefail

release=$1
afl=$2
libfuzzer=$3
runs=${REBLOCK_BENCH_RUNS:-5}
seconds=${REBLOCK_BENCH_SECONDS:-5}
cells=${REBLOCK_BENCH_CELLS:-1000}
work=$(mktemp -d "$release/bench-fuzz.XXXXXX")
trap 'rm -rf "$work"' EXIT
export AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_AFFINITY=1 AFL_NO_UI=1
export REBLOCK_FUZZ_COUNT=$work/count

read -ra targets <<<"${REBLOCK_BENCH_TARGETS:-truth policy meta}"

# Sets inputs, records and ns to what the counted program has left.
read_counts()
{
    read -r inputs records ns < <(od -An -v -w24 -tu8 "$REBLOCK_FUZZ_COUNT")
}

# counted COMMAND...: runs it, and sets inputs and records to what it did in a second of this machine's time.
counted()
{
    local start end status=0
    head -c 24 /dev/zero >"$REBLOCK_FUZZ_COUNT"
    start=$(date +%s%N)
    "$@" >"$work/log" 2>&1 </dev/null || status=$?
    end=$(date +%s%N)
    if [[ $status -ne 0 ]]; then
        tail -5 "$work/log" >&2
        echo "bench: status $status: $*" >&2
        exit 1
    fi
    read_counts
    if [[ $inputs -eq 0 ]]; then
        echo "bench: no input has run: $*" >&2
        exit 1
    fi
    each=$((records / inputs))
    inputs=$((inputs * 1000000000 / (end - start)))
    records=$((records * 1000000000 / (end - start)))
}

# What each runs: NAME SEEDS, and leaves the inputs that it kept in $work/NAME-DRIVER.
under_afl()
{
    local mutator=()
    [[ $1 == records64 ]] || mutator=(AFL_CUSTOM_MUTATOR_LIBRARY="$afl/fuzz/run_mutator.so")
    rm -rf "$work/out" "$work/$1-afl"
    counted env "${mutator[@]}" afl-fuzz -V "$seconds" -G 8208 -i "$2" -o "$work/out" -- "$afl/fuzz/$1_counted_afl"
    stability=$(sed -n 's/^stability *: *//p' "$work/out/default/fuzzer_stats")
    mv "$work/out/default/queue" "$work/$1-afl"
}

under_libfuzzer()
{
    rm -rf "$work/$1-libfuzzer"
    mkdir "$work/$1-libfuzzer"
    counted "$libfuzzer/fuzz/$1_counted_fuzz" -max_total_time="$seconds" -max_len=8208 -len_control=0 -timeout=20 -detect_leaks=0 \
        -verbosity=0 -artifact_prefix="$work/" "$work/$1-libfuzzer" "$2"
    cp "$2"/* "$work/$1-libfuzzer"
}

# plain BUILD NAME FOLDER
plain()
{
    counted "$1/fuzz/$2_counted_replay" --loop "$seconds" "$3"
}

middle()
{
    printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"
}

# row NAME A B SENSE TARGET
row()
{
    awk -v name="$1" -v a="$2" -v b="$3" -v sense="$4" -v target="$5" 'BEGIN {
        ratio = sense == "faster" ? a / b : b / a
        met = sense == "faster" ? ratio >= target : ratio <= target
        printf "%-42s %8.3f against %8.3f: %5.2f times as %s, target at %s %s: %s\n", name, a / 1e6, b / 1e6, ratio,
            sense == "faster" ? "fast" : "long", sense == "faster" ? "least" : "most", target, met ? "met" : "MISSED" }'
}

machine()
{
    local model
    model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sed -n 1p)
    echo "$(nproc) CPUs, ${model:-unknown}; Linux $(uname -r); $(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release); $(date -u +%F); load $(cut -d' ' -f1 /proc/loadavg)"
    echo "medians of $runs runs of $seconds s, each pair in turn; million records judged a second, once for each judge; seeds of $cells cells"
    echo
}

# CPU time, for what one process does without waiting, uninstrumented: of the plain loop, of the audit alone over the same runs, and
# of the loop's own judges, which are more than one audit of each record.
against_audit()
{
    local name=$1 seeds=$2 loops=() audits=() alone=() number took
    for ((i = 0; i < runs; i++)); do
        loops+=("$(loop_of "$name" "$seeds")")
        read -r number took < <("$release/fuzz/audit_runs" "$seconds" "$seeds")
        audits+=("$(awk -v n="$number" -v t="$took" 'BEGIN { printf "%d", n / t }')")
        REBLOCK_FUZZ_TIME=1 loop_of "$name" "$seeds" >"$work/timed"
        read_counts
        alone+=("$((records * 1000000000 / ns)) $(<"$work/timed")")
    done
    row "$name: plain loop, against the audit alone" "$(middle "${loops[@]}")" "$(middle "${audits[@]}")" longer 2
    awk -v name="$name" -v loop="$(middle "${alone[@]#* }")" -v judges="$(middle "${alone[@]% *}")" 'BEGIN {
        printf "%s: in the plain loop its judges take %.0f %% of the time; by themselves they judge %.3f: the loop is %.2f times as long\n",
            name, 100 * loop / judges, judges / 1e6, judges / loop }'
}

# loop_of NAME SEEDS: records judged in a second of CPU time
loop_of()
{
    local took
    head -c 24 /dev/zero >"$REBLOCK_FUZZ_COUNT"
    took=$("$release/fuzz/$1_counted_replay" --loop "$seconds" "$2" | sed -n 's/.* in \([0-9.]*\) s: .*/\1/p')
    read_counts
    awk -v n="$records" -v t="$took" 'BEGIN { printf "%d\n", n / t }'
}

# good_seeds NAME: those of $work/seeds that the target does not fail on, in $work/seeds-NAME. Fuzzers would leave out the others, too.
good_seeds()
{
    local seed
    mkdir "$work/seeds-$1"
    for seed in "$work"/seeds/*; do
        if "$release/fuzz/$1_counted_replay" "$seed" >"$work/log" 2>&1; then
            cp "$seed" "$work/seeds-$1/"
        else
            echo "$1: fails on seed $(basename "$seed"), which is left out: $(tail -1 "$work/log")"
        fi
    done
}

bench()
{
    local name=$1 seeds=$2 a=() b=() c=() d=() e=() inputs_afl=() inputs_64=() each_afl
    for ((i = 0; i < runs; i++)); do
        under_afl "$name" "$seeds"
        a+=("$records")
        inputs_afl+=("$inputs")
        each_afl=$each
        under_afl records64 "$work/seeds64"
        b+=("$records")
        inputs_64+=("$inputs")
        plain "$afl" "$name" "$work/$name-afl"
        c+=("$records")
        under_libfuzzer "$name" "$seeds"
        d+=("$records")
        plain "$libfuzzer" "$name" "$work/$name-libfuzzer"
        e+=("$records")
    done
    echo "$name under AFL++: $(middle "${inputs_afl[@]}") inputs a second of $each_afl records, stability $stability;" \
        "64 records: $(middle "${inputs_64[@]}") inputs a second"
    row "$name: AFL++, against 64 records an input" "$(middle "${a[@]}")" "$(middle "${b[@]}")" faster 10
    row "$name: AFL++, against its plain loop" "$(middle "${a[@]}")" "$(middle "${c[@]}")" longer 3
    row "$name: libFuzzer, against its plain loop" "$(middle "${d[@]}")" "$(middle "${e[@]}")" longer 3
    against_audit "$name" "$seeds"
}

machine
mkdir "$work/seeds" "$work/seeds64"
"$release/fuzz/make_seeds" "$work/seeds" "$cells" 8
head -c 256 "$work/seeds/0" >"$work/seeds64/0"
for name in "${targets[@]}"; do
    if [[ -x $afl/fuzz/${name}_counted_afl ]]; then
        good_seeds "$name"
        if [[ -z $(ls "$work/seeds-$name") ]]; then
            echo "$name: fails on all seeds: not measured"
            continue
        fi
        bench "$name" "$work/seeds-$name"
    else
        echo "$name: no such target in this tree"
    fi
    echo
done
