#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# bench.sh BUILD [RECORDS]: times the program against its peers, on traces of a simulated host (docs/performance.md).
# Each pair runs in turn, A B A B ..., so that a busy machine is busy for both; medians of RUNS, after one that warms
# the page cache. REBLOCK_BENCH_RUNS sets RUNS.
set -euo pipefail

build=$1
records=${2:-10000000}
runs=${REBLOCK_BENCH_RUNS:-5}
less=$((records / 10 + 1)) # for what takes ten times as long
least=$((records / 100 + 1))
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
reblock=$build/reblock
work=$(mktemp -d "$build/bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trace=$work/bench.rbt
part=$work/part.rbt

# shellcheck source=tests/bench/took.sh
. "$(dirname "${BASH_SOURCE[0]}")/took.sh"

row()
{
    printf '%-50s %s\n' "$1" "$2"
}

# one NAME FILE COUNT COMMAND...
one()
{
    local name=$1 file=$2 count=$3 times=()
    shift 3
    took "$@"
    for ((i = 0; i < runs; i++)); do
        took "$@"
        times+=("$took")
    done
    row "$name" "$(awk -v t="$(middle "${times[@]}")" -v n="$count" -v bytes="$(stat -c %s "$file")" 'BEGIN {
        printf "%8.0f ms %8.2f million records/s %7.0f MB/s", t / 1000, n / t, bytes / t }')"
}

# versus NAME A B SENSE TARGET: A and B are functions. SENSE "most": A takes at most TARGET times as long as B; "faster":
# A is at least TARGET times as fast.
versus()
{
    local name=$1 a=$2 b=$3 sense=$4 target=$5 times_a=() times_b=() cpu_a=() cpu_b=()
    took "$a"
    took "$b"
    for ((i = 0; i < runs; i++)); do
        took "$a"
        times_a+=("$took")
        cpu_a+=("$cpu")
        took "$b"
        times_b+=("$took")
        cpu_b+=("$cpu")
    done
    row "$name" "$(awk -v a="$(middle "${times_a[@]}")" -v b="$(middle "${times_b[@]}")" -v sense="$sense" -v target="$target" \
        -v cpu_a="$(middle "${cpu_a[@]}")" -v cpu_b="$(middle "${cpu_b[@]}")" 'BEGIN {
        ratio = sense == "most" ? a / b : b / a
        met = sense == "most" ? ratio <= target : ratio >= target
        printf "%8.0f ms against %8.0f ms: %5.2f times %s, target at %s %s: %s; CPU time %.0f against %.0f ms", a / 1000,
            b / 1000, ratio, sense == "most" ? "as long" : "as fast", sense == "most" ? "most" : "least", target,
            met ? "met" : "MISSED", cpu_a / 1000, cpu_b / 1000 }')"
}

# memory NAME COMMAND...: the most private memory seen, sampled, and whether 256 MB of it are enough (setrlimit(2), RLIMIT_DATA).
memory()
{
    local name=$1 enough="256 MB are not enough: MISSED" status=0 most ended
    shift
    memory_of "$@"
    # 1 and 3 are what an audit says of a trace.
    if [[ $ended -ne 0 && $ended -ne 1 && $ended -ne 3 ]]; then
        row "$name" "ended with status $ended: MISSED"
        return
    fi
    (ulimit -d 262144 && exec "$@") >/dev/null 2>&1 </dev/null || status=$?
    [[ $status -eq 0 || $status -eq 1 || $status -eq 3 ]] && enough="256 MB are enough: met"
    row "$name" "$(awk -v kb="$most" 'BEGIN { printf "%8.1f MB", kb / 1024 }') beside the mapped file; $enough"
}

machine()
{
    local model
    model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sed -n 1p)
    echo "$(nproc) CPUs, ${model:-unknown}; Linux $(uname -r); $(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release); $(date -u +%F); load $(cut -d' ' -f1 /proc/loadavg)"
    echo "medians of $runs runs, each pair in turn"
    echo
}

machine
"$build/tests/bench_trace" write "$records" "$trace"
"$build/tests/bench_trace" write "$less" "$part"
echo "$records records of a simulated host: $(stat -c %s "$trace") bytes of own format; other formats: $less, JSON Lines: $least"
echo

audit() { "$reblock" audit --jobs 1 --quiet "$trace"; }
audit_2() { "$reblock" audit --jobs 2 --quiet "$trace"; }
peer() { "$build/tests/bench_trace" peer "$trace"; }
peer_at_once() { "$build/tests/bench_trace" peer-at-once "$trace"; }
versus "audit, one thread, against CRC32C, then sum" audit peer most 2
versus "audit, one thread, against both in one pass" audit peer_at_once most 2
if [[ $(nproc) -ge 2 ]]; then
    versus "audit --jobs 2, against --jobs 1" audit_2 audit faster 1.8
else
    row "audit --jobs 2, against --jobs 1" "one CPU: not measured"
fi
one "audit, one thread" "$trace" "$records" "$reblock" audit --quiet "$trace"
memory "memory of audit, one thread" "$reblock" audit --quiet "$trace"
memory "memory of audit --jobs 2" "$reblock" audit --quiet --jobs 2 "$trace"
memory "memory of audit --jobs 16" "$reblock" audit --quiet --jobs 16 "$trace"
rm -f "$trace"

if [[ -x $build/tests/bench_convert ]]; then
    tables=$here/../unit/tables
    perf_data=$work/perf.data
    "$build/tests/bench_convert" perf "$part" "$perf_data" "$tables/kvm_formats.table"
    audit_perf() { "$reblock" audit --jobs 1 --quiet "$perf_data"; }
    perf_script() { perf script -i "$perf_data"; }
    perf_kvm() { perf kvm -i "$perf_data" stat report; }
    if command -v perf >/dev/null && perf_kvm >/dev/null 2>&1; then
        versus "audit, perf.data, against perf script" audit_perf perf_script faster 25
        versus "audit, perf.data, against perf kvm stat report" audit_perf perf_kvm faster 2
    else
        row "audit, perf.data, against perf" "no perf that reads it: not measured"
    fi
    one "audit, perf.data, one thread" "$perf_data" "$less" "$reblock" audit --quiet "$perf_data"
    memory "memory of audit, perf.data" "$reblock" audit --quiet "$perf_data"
    rm -f "$perf_data"

    trace_dat=$work/trace.dat
    exits=$("$build/tests/bench_convert" trace.dat "$part" "$trace_dat")
    audit_dat() { "$reblock" audit --jobs 1 --quiet "$trace_dat"; }
    trace_cmd() { trace-cmd report -i "$trace_dat"; }
    if command -v trace-cmd >/dev/null && [[ $(trace_cmd 2>/dev/null | grep -c ' kvm_exit: ') == "$exits" ]]; then
        versus "audit, trace.dat, against trace-cmd report" audit_dat trace_cmd faster 5
    else
        row "audit, trace.dat, against trace-cmd report" "no trace-cmd that reads all of it: not measured"
    fi
    one "audit, trace.dat, one thread" "$trace_dat" "$less" "$reblock" audit --quiet "$trace_dat"
    memory "memory of audit, trace.dat" "$reblock" audit --quiet "$trace_dat"
    rm -f "$trace_dat"
fi

json=$work/part.jsonl
"$build/tests/bench_trace" write "$least" "$part"
one "convert, own format to JSON Lines" "$part" "$least" "$reblock" convert "$part" "$json"
one "convert, JSON Lines to own format" "$json" "$least" "$reblock" convert "$json" "$work/back.rbt"
one "audit, JSON Lines, one thread" "$json" "$least" "$reblock" audit --quiet "$json"
memory "memory of audit, JSON Lines, --jobs 2" "$reblock" audit --quiet --jobs 2 "$json"
