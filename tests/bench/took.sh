# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with who sources it: $work, $took, $cpu, $most
# For the benches: how long a command takes, how much memory, and medians.

# took COMMAND...: sets took to its microseconds by the clock, and cpu to those of CPU time. Findings give status 1 and 3;
# 2 and more than 3 are failures. What it prints goes nowhere: a disk would be measured, too.
took()
{
    local status=0 real user system TIMEFORMAT='%R %U %S'
    { time "$@" >/dev/null 2>"$work/err" </dev/null; } 2>"$work/time" || status=$?
    read -r real user system <"$work/time"
    took=$((10#${real/./}000))
    cpu=$((10#${user/./}000 + 10#${system/./}000))
    if [[ $status -eq 2 || $status -gt 3 ]]; then
        echo "bench: status $status: $*" >&2
        head -3 "$work/err" >&2
        exit 1
    fi
}

# memory_of COMMAND...: sets most to the kB of private memory that were the most (RssAnon, sampled), and ended to its status.
memory_of()
{
    local pid kb
    most=0 ended=0
    "$@" >/dev/null 2>&1 </dev/null &
    pid=$!
    while kb=$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status" 2>/dev/null) && [[ -n $kb ]]; do
        ((kb > most)) && most=$kb
        sleep 0.01
    done
    wait "$pid" || ended=$?
}

# middle NUMBER...
middle()
{
    printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"
}
