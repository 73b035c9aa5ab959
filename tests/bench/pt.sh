#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# pt.sh BUILD [MEGABYTES]: times the decoding of Intel PT against libipt's packet decoder alone, and against perf script
# (docs/performance.md). Each pair runs in turn; medians of RUNS by CPU time, as the machine may be busy, after one run that warms
# the page cache; where threads share the work, by the clock. REBLOCK_BENCH_RUNS sets RUNS; REBLOCK_SHARED_DATA is a folder that
# has perf.data.intel_pt-4.14: without, perf is left out.
set -euo pipefail

build=$1
megabytes=${2:-100}
runs=${REBLOCK_BENCH_RUNS:-5}
bench=$build/tests/bench_pt_file
work=$(mktemp -d "$build/bench.XXXXXX")
trap 'rm -rf "$work"' EXIT

# shellcheck source=tests/bench/took.sh
. "$(dirname "${BASH_SOURCE[0]}")/took.sh"

# versus NAME CLOCK TARGET FILE A B: A, a function, is at least TARGET times as fast as B, by CLOCK (took or cpu).
versus()
{
    local name=$1 clock=$2 target=$3 file=$4 a=$5 b=$6 times_a=() times_b=()
    took "$a"
    took "$b"
    for ((i = 0; i < runs; i++)); do
        took "$a"
        times_a+=("${!clock}")
        took "$b"
        times_b+=("${!clock}")
    done
    awk -v name="$name" -v a="$(middle "${times_a[@]}")" -v b="$(middle "${times_b[@]}")" -v target="$target" \
        -v bytes="$(stat -c %s "$file")" 'BEGIN {
        printf "%-46s %6.0f ms, %4.0f MB/s, against %6.0f ms, %4.0f MB/s: %5.2f times as fast, target at least %s: %s\n", name,
            a / 1000, bytes / a, b / 1000, bytes / b, b / a, target, (b / a >= target) ? "met" : "MISSED" }'
}

loop_packets() { "$bench" packets "$work/loop"; }
loop_1() { "$bench" decode "$work/loop" 1; }
guests_1() { "$bench" decode "$work/guests" 1; }
guests_all() { "$bench" decode "$work/guests" "$(nproc)"; }
real_packets() { "$bench" packets "$work/real"; }
real_1() { "$bench" decode "$work/real" 1; }
real_perf() { perf script --itrace=e -i "$work/real"; }

"$bench" loop "$megabytes" 4 "$work/loop"
"$bench" guests "$megabytes" 4 "$work/guests"
echo "$(nproc) CPUs, load $(cut -d' ' -f1 /proc/loadavg); $megabytes MB each; medians of $runs runs, each pair in turn"
versus "a loop: decoded, against libipt's packets" cpu 1 "$work/loop" loop_1 loop_packets
versus "guests: decoded by all CPUs, against one" took "$(awk -v n="$(nproc)" 'BEGIN { print 0.8 * (n < 16 ? n : 16) }')" \
    "$work/guests" guests_all guests_1
recording=${REBLOCK_SHARED_DATA:-}/perf.data.intel_pt-4.14
if [[ -r $recording ]] && command -v perf >/dev/null; then
    "$bench" repeat "$megabytes" "$recording" "$work/real"
    versus "a real recording: against libipt's packets" cpu 1 "$work/real" real_1 real_packets
    versus "a real recording: against perf script" cpu 20 "$work/real" real_1 real_perf
else
    echo "perf script is left out: no perf, or no perf.data.intel_pt-4.14 in \$REBLOCK_SHARED_DATA"
fi
