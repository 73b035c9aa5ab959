#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Raw Intel PT files: alone, beside a trace, joined to it by a clock; and what is wrong with the options.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail()
{
    echo "$*"
    exit 1
}

# One exit and entry, with Event Trace: the counter is 0x1000 at the PSB, 0x100000 at the entry; the exit is at 0x1010, EPT violation.
psb='\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82\x02\x82'
{
    printf '%b' "$psb"
    printf '\x19\x00\x10\x00\x00\x00\x00\x00'                                         # TSC
    printf '\x02\x43\x00\x01\x00\x00\x00\x00\x02\xc8\x07\x00\x00\x00\x00'             # PIP, VMCS 0x7000
    printf '\x7d\x00\x00\x00\xc0\xff\xff\x02\x23'                                     # FUP, PSBEND
    printf '\x19\x00\x00\x10\x00\x00\x00\x00'                                         # TSC
    printf '\x02\x13\x87\x00\x7d\x00\x01\x00\xc0\xff\xff'                             # CFE VMENTRY, FUP
    printf '\x02\x43\x01\x05\x00\x00\x00\x00\x6d\x00\x10\x00\x00\x00\x00'             # PIP with NR, TIP 0x1000
    printf '\x02\x53\x01\x81\x11\x00\x00\x00\x00\x00\x00'                             # EVD VMXQ 0x1181
    printf '\x02\x53\x02\x30\x00\x00\x00\x00\x00\x00\x00'                             # EVD VMXR 48
    printf '\x02\x13\x08\x00\x7d\x10\x10\x00\x00\x00\x00'                             # CFE VMEXIT, FUP 0x1010
    printf '\x02\x43\x00\x01\x00\x00\x00\x00\x6d\x00\x02\x00\xc0\xff\xff'             # PIP, TIP
} >"$work/cpu3.pt"
cat >"$work/trace.jsonl" <<'END'
{"event":"entry","t":2090000,"vm":1,"vcpu":0,"cpu":3}
{"event":"exit","t":2100000,"vm":1,"vcpu":0,"cpu":3,"reason":48,"qualification":"0x1181","rip":"0x1010"}
END

# run STATUS COMMAND...: output to $work/out and $work/err.
run()
{
    local want=$1 status=0
    shift
    "$REBLOCK" "$@" >"$work/out" 2>"$work/err" || status=$?
    [[ $status -eq $want ]] || fail "$*: status $status, not $want: $(head -3 "$work/err")"
}

# has FILE TEXT
has()
{
    grep -qF -- "$2" "$work/$1" || fail "no \"$2\" in: $(cat "$work/$1")"
}

status=0
"$REBLOCK" convert --pt "$work/cpu3.pt" --pt-cpu 3 - >"$work/out" 2>"$work/err" || status=$?
if grep -q "no libipt" "$work/err"; then
    echo "this program has no libipt"
    exit 77
fi
[[ $status -eq 0 ]] || fail "convert: status $status: $(cat "$work/err")"
has out '{"event":"witness","vm":1,"vcpu":0,"cpu":3,"saw":"entry","rip":"0x1000"}'
has out '"saw":"exit","reason":48,"qualification":"0x1181","rip":"0x1010"'

# A tick is 2 ns, from 0 on: 0x100000 ticks are 2097152 ns.
run 0 convert --to json --pt "$work/cpu3.pt" --pt-cpu 3 --pt-clock 0,2,0 "$work/trace.jsonl" -
[[ $(cut -d'"' -f4 "$work/out" | tr '\n' ' ') == "entry witness witness exit " ]] || fail "order: $(cat "$work/out")"
has out '"t":2097152,"vm":1,"vcpu":0,"cpu":3,"saw":"entry"'
# Record 3 is the exit; 2 the witness before it, which the trace alone does not have.
run 0 explain --pt "$work/cpu3.pt" --pt-cpu 3 --pt-clock 0,2,0 "$work/trace.jsonl#3"
has out "VM exit at 0x1010: 48 EPT violation"
run 2 explain "$work/trace.jsonl#3"
has err "there is no record 3"
# Without a clock it stands beside, and that is said.
run 0 convert --to json --pt "$work/cpu3.pt" --pt-cpu 3 "$work/trace.jsonl" -
has out '"vm":1000001'
run 3 audit --pt "$work/cpu3.pt" --pt-cpu 3 "$work/trace.jsonl"
has out "say how by --pt-clock"
# Of another CPU: it fits nothing.
run 3 audit --pt "$work/cpu3.pt" --pt-cpu 4 --pt-clock 0,2,0 "$work/trace.jsonl"
has out "fit no stay of a vCPU"

run 2 audit --pt "$work/cpu3.pt"
has err "each file needs the number of the CPU"
run 2 audit --pt "$work/cpu3.pt" --pt-cpu 3:6
has err "--pt-cpu takes the number of a CPU"
run 2 audit --pt "$work/cpu3.pt" --pt-cpu 65535
has err "--pt-cpu takes the number of a CPU"
run 2 audit --pt "$work/cpu3.pt" --pt-cpu 3 --pt-clock 64,1,0
has err "--pt-clock takes SHIFT,MULT,ZERO"
run 2 audit --pt "$work/none" --pt-cpu 3
has err "cannot be read: No such file or directory"
: >"$work/empty"
run 2 audit --pt "$work/empty" --pt-cpu 3
has err "there is no Intel PT in it"
run 2 audit --pt "$work/cpu3.pt" --pt-cpu 3 "$work/trace.jsonl" "$work/trace.jsonl"
has err "--pt goes with one trace"
