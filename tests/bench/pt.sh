#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# pt.sh BUILD [MEGABYTES]: times the decoding of Intel PT against libipt alone and against perf script (docs/performance.md).
# Each pair runs in turn, after one run that warms the page cache; medians of RUNS by CPU time, as the machine may be busy; where
# threads share the work, by the clock. REBLOCK_BENCH_RUNS sets RUNS; REBLOCK_SHARED_DATA is a folder that has
# perf.data.intel_pt-4.14: without, the real recording is left out.
set -euo pipefail

build=$1
megabytes=${2:-100}
less=$((megabytes / 10 + 1)) # for what takes ten times as long
runs=${REBLOCK_BENCH_RUNS:-5}
bench=$build/tests/bench_pt_file
reblock=$build/reblock
work=$(mktemp -d "$build/bench.XXXXXX")
trap 'rm -rf "$work"' EXIT

# shellcheck source=tests/bench/took.sh
. "$(dirname "${BASH_SOURCE[0]}")/took.sh"

row()
{
    printf '%-58s %s\n' "$1" "$2"
}

# versus NAME CLOCK TARGET FILE A B: A, a function, is at least TARGET times as fast as B, by CLOCK (took or cpu); TARGET "-":
# there is none.
versus()
{
    local name=$1 clock=$2 target=$3 file=$4 a=$5 b=$6 times_a=() times_b=() cpu_a=() cpu_b=()
    took "$a"
    [[ $runs -eq 1 ]] || took "$b"
    for ((i = 0; i < runs; i++)); do
        took "$a"
        times_a+=("${!clock}")
        cpu_a+=("$cpu")
        took "$b"
        times_b+=("${!clock}")
        cpu_b+=("$cpu")
    done
    row "$name" "$(awk -v a="$(middle "${times_a[@]}")" -v b="$(middle "${times_b[@]}")" -v target="$target" -v clock="$clock" \
        -v more="$(middle "${cpu_a[@]}") $(middle "${cpu_b[@]}")" -v bytes="$(stat -c %s "$file")" 'BEGIN {
        split(more, used, " ")
        said = target == "-" ? "no target" : "target at least " target ": " (b / a >= target ? "met" : "MISSED")
        if (clock == "took")
            said = said sprintf("; for %.2f times the CPU time", used[1] / used[2])
        printf "%6.0f ms, %5.1f MB/s, against %6.0f ms, %5.1f MB/s: %6.2f times as fast, %s", a / 1000, bytes / a, b / 1000,
            bytes / b, b / a, said }')"
}

# bounded NAME SMALL LARGE COMMAND...: what COMMAND needs for the file LARGE is no more than for SMALL, but for a tenth and 1 MB.
bounded()
{
    local name=$1 small_file=$2 large_file=$3 small most ended
    shift 3
    memory_of "$@" "$small_file"
    small=$most
    memory_of "$@" "$large_file"
    row "$name" "$(awk -v small="$small" -v large="$most" -v ended="$ended" 'BEGIN {
        ok = large <= 1.1 * small + 1024 && (ended == 0 || ended == 1 || ended == 3)
        printf "%6.1f MB, %6.1f MB: %s", small / 1024, large / 1024, ok ? "met" : "MISSED" }')"
}

loop_packets() { "$bench" packets "$work/loop"; }
loop_1() { "$bench" decode "$work/loop" 1; }
guests_packets() { "$bench" packets "$work/guests"; }
guests_1() { "$bench" decode "$work/guests" 1; }
guests_all() { "$bench" decode "$work/guests" "$(nproc)"; }
program_packets() { "$bench" packets "$work/program"; }
program_1() { "$bench" decode "$work/program" 1; }
program_all() { "$bench" decode "$work/program" "$(nproc)"; }
program_audit() { "$reblock" audit --quiet "$work/program"; }
program_perf() { perf script --itrace=e -i "$work/program"; }
real_packets() { "$bench" packets "$work/real"; }
real_1() { "$bench" decode "$work/real" 1; }
real_perf() { perf script --itrace=e -i "$work/real"; }
guest_1() { "$bench" decode "$work/guest" 1 "$work/guest.program@0x400000"; }
guest_blocks() { "$bench" blocks "$work/guest"; }
guest_instructions() { "$bench" instructions "$work/guest"; }

# Whether perf follows such a recording: no error, and as many branches as were made.
perf_follows()
{
    local made
    made=$("$bench" program 1 1 "$work/followed" | sed 's/ branches.*//')
    [[ -z $(perf script --itrace=e -i "$work/followed" 2>/dev/null) &&
        $(perf script --itrace=b -F ip -i "$work/followed" 2>/dev/null | wc -l) -eq $made ]]
}

echo "$(nproc) CPUs, load $(cut -d' ' -f1 /proc/loadavg); $megabytes MB each; medians of $runs runs, each pair in turn"
all=$(awk -v n="$(nproc)" 'BEGIN { print 0.8 * (n < 16 ? n : 16) }')

"$bench" loop "$megabytes" 4 "$work/loop"
versus "a loop: decoded, against libipt's packets" cpu 1 "$work/loop" loop_1 loop_packets
rm "$work/loop"

"$bench" program "$megabytes" 4 "$work/program" >"$work/made"
versus "a program: decoded, against libipt's packets" cpu 1 "$work/program" program_1 program_packets
if [[ $(nproc) -ge 2 ]]; then
    versus "a program: decoded by all CPUs, against one" took "$all" "$work/program" program_all program_1
fi
if ! command -v perf >/dev/null; then
    row "a program: reblock audit, against perf script" "no perf: not measured"
elif ! perf_follows; then
    row "a program: reblock audit, against perf script" "this perf does not follow it: not measured"
else
    versus "a program: reblock audit, against perf script --itrace=e" cpu 20 "$work/program" program_audit program_perf
fi
rm "$work/program"

"$bench" guests "$megabytes" 4 "$work/guests"
if [[ $(nproc) -ge 2 ]]; then
    versus "guests: decoded by all CPUs, against one" took "$all" "$work/guests" guests_all guests_1
fi
versus "guests: events and witnesses, against libipt's packets" cpu - "$work/guests" guests_1 guests_packets
"$bench" guests $((4 * megabytes)) 4 "$work/more"
bounded "memory of audit, $megabytes and $((4 * megabytes)) MB" "$work/guests" "$work/more" "$reblock" audit --quiet
rm "$work/guests" "$work/more"
"$bench" raw "$megabytes" "$work/raw"
"$bench" raw $((4 * megabytes)) "$work/more"
bounded "memory of audit --pt, the same" "$work/raw" "$work/more" "$reblock" audit --quiet --pt-cpu 0 --pt
rm "$work/raw" "$work/more"

recording=${REBLOCK_SHARED_DATA:-}/perf.data.intel_pt-4.14
if [[ -r $recording ]]; then
    "$bench" repeat "$megabytes" "$recording" "$work/real"
    versus "a real recording: decoded, against libipt's packets" cpu 1 "$work/real" real_1 real_packets
    if command -v perf >/dev/null; then
        versus "a real recording: against perf script without its code" cpu - "$work/real" real_1 real_perf
    fi
    rm "$work/real"
else
    row "a real recording" "no perf.data.intel_pt-4.14 in \$REBLOCK_SHARED_DATA: not measured"
fi

made=$("$bench" guest "$less" 4 "$work/guest")
irets=$(sed -E 's/.* ([0-9]+) IRETs.*/\1/' <<<"$made")
if [[ $(guest_1) != *" $irets IRETs, 0 damages" ]]; then
    row "$less MB of a guest: followed" "other IRETs than the $irets that were made: MISSED"
    exit 1
fi
versus "$less MB of a guest: followed, against libipt's blocks" cpu - "$work/guest" guest_1 guest_blocks
versus "$less MB of a guest: followed, against libipt's instructions" cpu - "$work/guest" guest_1 guest_instructions
row "that guest" "$made"
