#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# bench.sh BUILD [ROUNDS]: what recording adds to each VM exit of a guest that does nothing else, against other recorders
# (docs/performance.md). Each round runs all of them in turn, so that a busy machine is busy for all. REBLOCK_BENCH_BATCHES (of
# 250 exits) and REBLOCK_BENCH_SECONDS make it shorter. Status 77: not possible here, the last line says why.
set -euo pipefail

build=$(cd "$1" && pwd)
rounds=${2:-5}
batches=${REBLOCK_BENCH_BATCHES:-3000}
seconds=${REBLOCK_BENCH_SECONDS:-10}
rate=100000
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
programs=$build/tests/bench/collector
tracing=/sys/kernel/tracing
cpu=$(($(nproc) - 1))

skip()
{
    echo "$1"
    exit 77
}

[[ $rounds =~ ^[1-9][0-9]*$ ]] || { echo "bench: ROUNDS is a number, not \"$rounds\"" >&2; exit 2; }
[[ $EUID -eq 0 ]] || skip "recording KVM's events needs root"
[[ -c /dev/kvm ]] || skip "there is no /dev/kvm"
if [[ -d /sys/module/kvm_intel ]]; then
    reblock=$build/reblock
    events=(kvm_exit kvm_entry)
    key=exit_reason
else
    reblock=$programs/reblock_proxy
    events=(kvm_emulate_insn kvm_pio)
    key=len
    [[ -r /sys/kernel/btf/vmlinux ]] || skip "without kvm_intel the kernel's BTF is needed"
fi
work=$(mktemp -d "$build/bench.XXXXXX")
was_on=$(cat "$tracing/tracing_on" 2>/dev/null || true)
watch=

finish()
{
    [[ -z $watch ]] || kill "$watch" 2>/dev/null || true
    tracing_back
    rm -rf "$work"
}

# Where trace-cmd has to be called with -k it leaves its events on, and tracing off.
tracing_back()
{
    local event
    [[ -n $was_on ]] || return 0
    for event in "${events[@]}"; do
        echo 0 >"$tracing/events/kvm/$event/enable" || true
    done
    echo "$was_on" >"$tracing/tracing_on" || true
} 2>/dev/null
trap finish EXIT

# The recorders. Each runs the command "$@" while it records.
empty() { "$programs/bench_empty" "${events[@]}" "$@"; }
filtered() { "$reblock" record -o "$work/trace" -- "$@"; }
no_fill() { "$reblock" record --no-cache-fill -o "$work/trace" -- "$@"; }
other_vm() { "$reblock" record --vm $$ -o "$work/trace" -- "$@"; }
all() { "$reblock" record --all --max-records-per-second 0 -o "$work/trace" -- "$@"; }
all_no_fill() { "$reblock" record --all --max-records-per-second 0 --no-cache-fill -o "$work/trace" -- "$@"; }
perf_record() { perf record -a -e "kvm:${events[0]},kvm:${events[1]}" -o "$work/trace" -- "$@"; }
trace_cmd() { trace-cmd record "${trace_cmd_options[@]}" -e "kvm:${events[0]}" -e "kvm:${events[1]}" -o "$work/trace" "$@"; }
count_by_key() { bpftrace -e "tracepoint:kvm:${events[0]} { @[args->$key] = count(); }" -c "$*"; }

# Each one's name, and how many events it is to see of an exit.
declare -A titles=(
    [nothing]="nothing attached" [again]="nothing attached, once more"
    [empty]="two empty tp_btf programs" [filtered]="reblock record: nothing relevant"
    [no_fill]="reblock record --no-cache-fill: the same" [other_vm]="reblock record --vm, of another process" [all]="reblock record --all"
    [all_no_fill]="reblock record --all --no-cache-fill" [perf_record]="perf record, two events" [trace_cmd]="trace-cmd record, two events"
    [count_by_key]="bpftrace, counting by $key"
)
declare -A per_exit=([filtered]=2 [no_fill]=2 [all]=2 [all_no_fill]=2 [perf_record]=2 [trace_cmd]=2)

# kept ALL: how many events of ALL the recorder says that it has kept.
kept()
{
    sed -nE 's/^([0-9]+) records, .*/\1/p; s/.*\(([0-9]+) samples\).*/\1/p' "$work/said" | tail -n 1 | grep . ||
        awk -v n="$1" '/events lost$/ { n -= $3 } END { print n }' "$work/said"
}

# one ROUND NAME COMMAND...: a run under recorder NAME, or without one; its numbers go to $work/data.
one()
{
    local round=$1 name=$2 command=("${@:3}") all before own numbers user system status try TIMEFORMAT='%U %S'
    command=(/bin/bash "$here/inside.sh" "$work/result" "${command[@]}")
    if [[ $name != nothing && $name != again ]]; then
        command=("$name" "${command[@]}")
    fi
    # Some fail now and then, as trace-cmd where another's BPF program changes /proc/kallsyms while it reads that.
    for ((try = 0; try < 3; try++)); do
        rm -f "$work/result" "$work/trace" "$work/trace.old"
        status=0
        { time "${command[@]}" >"$work/said" 2>&1 </dev/null; } 2>"$work/time" || status=$?
        [[ $status -ne 0 || ! -s $work/result ]] || break
    done
    if [[ $try -eq 3 ]]; then
        echo "bench: ${titles[$name]} failed:" >&2
        tail -n 5 "$work/said" >&2
        exit 1
    fi
    numbers=$(<"$work/result")
    read -r _ _ _ all _ before _ own <<<"$numbers"
    read -r user system <"$work/time"
    echo "$round $name $numbers $((10#${user/./}000000 + 10#${system/./}000000 - before - own))" \
        "$(kept $((all * ${per_exit[$name]:-0})))" >>"$work/data"
}

# works NAME: whether this recorder can be had here. If not, a line says why.
works()
{
    local name=$1
    rm -f "$work/result"
    if "$name" /bin/bash "$here/inside.sh" "$work/result" "$programs/bench_exits" --cpu "$cpu" --batches 10 \
        >"$work/said" 2>&1 </dev/null && [[ -s $work/result ]]; then
        return
    fi
    missing+=("${titles[$name]}: not measured: $(tail -n 1 "$work/said")")
    return 1
}

trace_cmd_options=()
watch_options=(--listen 127.0.0.1:0 --control none --evidence "$work/evidence")
missing=()
present=(nothing)
for name in empty filtered no_fill other_vm all all_no_fill perf_record trace_cmd count_by_key; do
    if [[ $name == trace_cmd ]] && ! works trace_cmd; then
        # Kernels that keep the function tracer's files shut stop it, though nothing here needs them.
        unset 'missing[-1]'
        trace_cmd_options=(-d -k)
    fi
    works "$name" && present+=("$name")
done
present+=(again)

model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | sed -n 1p)
echo "$(nproc) CPUs, ${model:-unknown}; Linux $(uname -r); $(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release); $(date -u +%F); load $(cut -d' ' -f1 /proc/loadavg)"
if [[ ${events[0]} == kvm_exit ]]; then
    echo "kvm_intel: the program reblock at kvm_exit and kvm_entry"
else
    cat <<END
No kvm_intel here: ${events[0]} stands for kvm_exit, ${events[1]} for kvm_entry, of which each exit of this guest fires
one. reblock's code is the real one, from the BPF programs to the trace; struct vcpu_vmx is made up over the guest's registers,
and what hangs on functions of kvm_intel is missing.
END
fi
echo "1 vCPU on CPU $cpu; $rounds rounds of $batches batches of 250 exits; ns per exit; added: to what it is with nothing attached in the same round"
echo

for ((round = 1; round <= rounds; round++)); do
    for name in "${present[@]}"; do
        one "$round" "$name" "$programs/bench_exits" --cpu "$cpu" --batches "$batches"
        [[ $name != trace_cmd ]] || tracing_back
    done
done
for name in "${!titles[@]}"; do
    echo "title $name ${per_exit[$name]:-0} ${titles[$name]}"
done >"$work/titles"
awk -f "$here/table.awk" -v order="${present[*]}" "$work/titles" "$work/data"
[[ ${#missing[@]} -eq 0 ]] || printf '%s\n' "${missing[@]}"

# The consumers' CPU time at a steady rate.
# started PID: waits until it has a program at the exit's event.
started()
{
    local i
    for ((i = 0; i < 600; i++)); do
        ! grep -qsE "tp_name:[[:space:]]*${events[0]}" "/proc/$1/fdinfo"/* || return 0
        kill -0 "$1" 2>/dev/null || return 1
        sleep 0.1
    done
    return 1
}

echo
: >"$work/data"
steady=("$programs/bench_exits" --cpu "$cpu" --rate "$rate" --seconds "$seconds")
one 1 filtered "${steady[@]}"
awk -v what="reblock record" -v rate="$rate" -f "$here/consumer.awk" "$work/data"
"$reblock" watch "${watch_options[@]}" >"$work/said" 2>&1 </dev/null &
watch=$!
if started "$watch"; then
    RECORDER=$watch /bin/bash "$here/inside.sh" "$work/result" "${steady[@]}"
    echo "1 watch $(<"$work/result")" | awk -v what="reblock watch" -v rate="$rate" -f "$here/consumer.awk"
    kill "$watch"
    wait "$watch" || echo "reblock watch: ended with status $?"
else
    echo "reblock watch: not measured: $(tail -n 1 "$work/said")"
fi
watch=
