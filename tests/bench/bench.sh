#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# bench.sh BUILD [RECORDS]: the median of five runs each, on a generated trace.
set -euo pipefail

build=$1
records=${2:-1000000}
trace=$build/bench.rbt
json=$build/bench.jsonl

# median NAME FILE COMMAND...: of five runs, after one that warms the page cache.
median()
{
    local name=$1 file=$2 start end times=() bytes
    shift 2
    "$@" >/dev/null
    for _ in 1 2 3 4 5; do
        start=${EPOCHREALTIME/[.,]/}
        "$@" >/dev/null
        end=${EPOCHREALTIME/[.,]/}
        times+=($((end - start)))
    done
    bytes=$(stat -c %s "$file")
    printf '%s\n' "${times[@]}" | sort -n | sed -n 3p |
        awk -v name="$name" -v bytes="$bytes" -v records="$records" '{
            printf "%-34s %9.1f ms %9.1f million records/s %9.0f MB/s\n", name, $1 / 1000, records / $1, bytes / $1
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
median "CRC32C alone" "$trace" "$build/tests/bench_trace" crc "$trace"
median "audit, own format" "$trace" "$build/reblock" audit "$trace"
make_trace $((records / 10 + 1))
median "convert, own format to JSON Lines" "$trace" "$build/reblock" convert "$trace" "$json"
median "convert, JSON Lines to own format" "$json" "$build/reblock" convert "$json" "$trace.out"
median "audit, JSON Lines" "$json" "$build/reblock" audit "$json"
rm -f "$trace" "$json" "$trace.out"
