#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# inside.sh RESULT EXITS [ARGUMENT...]: what a recorder runs as its command: EXITS, a guest that makes exits, with these
# arguments. Writes to RESULT what that printed and, in nanoseconds of CPU time: what the recorder with its threads and other
# children had taken before; what they took meanwhile, and in a moment after it to read what is left; and what this
# script took itself. The recorder is this script's parent, or process $RECORDER.
set -euo pipefail
result=$1
recorder=${RECORDER:-$PPID}
shift

took()
{
    local pid
    for pid in "$recorder" $(pgrep -P "$recorder"); do
        [[ $pid == "$$" ]] || cat "/proc/$pid/task"/*/schedstat 2>/dev/null || true
    done | awk '{ n += $1 } END { printf "%.0f", n }'
}

before=$(took)
numbers=$("$@")
sleep 0.3
after=$(took)
times >"$result.times"
own=$(sed 's/[ms]/ /g' "$result.times" | awk '{ n += 60 * ($1 + $3) + $2 + $4 } END { printf "%.0f", 1e9 * n }')
echo "$numbers $before $((after - before)) $own" >"$result"
