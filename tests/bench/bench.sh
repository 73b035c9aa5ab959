#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# bench.sh BUILD [RECORDS]: the best of three runs each, on a generated trace.
set -euo pipefail

build=$1
records=${2:-1000000}
trace=$build/bench.rbt
json=$build/bench.jsonl

# best NAME FILE COMMAND...
best()
{
    local name=$1 file=$2 start end time least='' bytes
    shift 2
    for _ in 1 2 3; do
        start=${EPOCHREALTIME/[.,]/}
        "$@" >/dev/null
        end=${EPOCHREALTIME/[.,]/}
        time=$((end - start))
        [[ -n $least && $least -le $time ]] || least=$time
    done
    bytes=$(stat -c %s "$file")
    awk -v name="$name" -v us="$least" -v bytes="$bytes" -v records="$records" 'BEGIN {
        printf "%-34s %9.1f ms %9.1f million records/s %9.0f MB/s\n", name, us / 1000, records / us, bytes / us
    }'
}

# JSON Lines are a tenth as many: they take ten times as long.
make_trace()
{
    records=$1
    "$build/tests/bench_trace" write "$records" "$trace"
    echo "$records records: $(stat -c %s "$trace") bytes of own format"
}

make_trace "$records"
best "CRC32C alone" "$trace" "$build/tests/bench_trace" crc "$trace"
best "audit, own format" "$trace" "$build/reblock" audit "$trace"
make_trace $((records / 10 + 1))
best "convert, own format to JSON Lines" "$trace" "$build/reblock" convert "$trace" "$json"
best "convert, JSON Lines to own format" "$json" "$build/reblock" convert "$json" "$trace.out"
best "audit, JSON Lines" "$json" "$build/reblock" audit "$json"
rm -f "$trace" "$json" "$trace.out"
