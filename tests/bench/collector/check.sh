#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# check.sh BUILD: ./dev bench collector, as short as can be: that it runs, that each recorder that is here is in the table,
# and that reblock has seen as many events as the guest made. Times are not looked at.
set -euo pipefail
build=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$(mktemp)
trap 'rm -f "$out"' EXIT

status=0
REBLOCK_BENCH_BATCHES=40 REBLOCK_BENCH_SECONDS=1 bash "$here/bench.sh" "$build" 1 >"$out" 2>&1 || status=$?
cat "$out"
[[ $status -ne 77 ]] || exit 77
[[ $status -eq 0 ]] || { echo "bench.sh ended with status $status"; exit 1; }

failed=0
complain()
{
    echo "check: $1"
    failed=1
}

# row TEXT: the line of the table that begins with it, its numbers only.
row()
{
    sed -nE "s/^$1  +([0-9].*)/\1/p" "$out"
}

rows=("nothing attached" "two empty tp_btf programs" "reblock record: nothing relevant" "reblock record --all"
    "reblock record --vm, of another process" "reblock record --no-cache-fill: the same" "nothing attached, once more")
command -v perf >/dev/null && rows+=("perf record, two events")
command -v trace-cmd >/dev/null && rows+=("trace-cmd record, two events")
command -v bpftrace >/dev/null && rows+=("bpftrace, counting by [a-z_]*")
for text in "${rows[@]}"; do
    p10=
    read -r p10 _ <<<"$(row "$text")" || true
    [[ $p10 =~ ^[0-9]+$ && $p10 -gt 0 ]] || complain "no row \"$text\""
done
# The others may lose some on a busy machine; nobody has more than there were.
for text in "reblock record --all" "perf record, two events" "trace-cmd record, two events"; do
    kept=$(row "$text" | sed -nE 's/.* ([0-9.]+) %$/\1/p')
    [[ -n $kept ]] || continue
    least=0
    [[ $text != reblock* ]] || least=99
    awk -v kept="$kept" -v least="$least" 'BEGIN { exit !(kept > least && kept < 102) }' ||
        complain "$text: kept $kept % of the guest's events"
done
kept=$(row "reblock record: nothing relevant" | sed -nE 's/.* ([0-9.]+) %$/\1/p')
awk -v kept="$kept" 'BEGIN { exit !(kept != "" && kept < 5) }' ||
    complain "the filter kept ${kept:-an unknown part of} % of what is not relevant"
for text in "reblock record at" "reblock watch at"; do
    grep -qE "^$text [0-9]+ exits/s.*: [0-9.]+ % of one CPU" "$out" || complain "no line on the CPU time of \"$text\""
done
exit "$failed"
