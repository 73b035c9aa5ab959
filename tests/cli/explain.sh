#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# reblock explain: every step of the diagram, from a file and from the command line.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
cp "$data"/*.jsonl .

run 0 "$REBLOCK" explain missed.jsonl#6
says out "missed.jsonl#6: exit of vm 1 vcpu 1"
for step in 1 2 3 4 5 6; do
	grep -q "^  $step\. " out || fail "no step $step"
done
says out "qualification 0x1181: bit 0 read"
says out "bit 12 is defined and 1"
says out "missed.jsonl#7 {\"event\":\"mask_read\""
says out "row 9"
says out "required           blocking by NMI must be 1"
says out "blocking by NMI was 0: not what is required"
says out "the re-block was missed"
says out "3 findings rest on this record"
run 0 "$REBLOCK" explain missed.jsonl#2
says out "row 6"
says out "blocking by NMI was 1: as required"
says out "judged: re-blocked"
says out "no finding rests on this record"
# An entry, or what lies between, is explained by its exit.
run 0 "$REBLOCK" explain missed.jsonl#8
says out "missed.jsonl#6: exit of vm 1 vcpu 1"
run 0 "$REBLOCK" explain missed.jsonl#7
says out "it lies between this exit and its entry"
says out "missed.jsonl#6: exit of vm 1 vcpu 1"
says out "1 finding rests on this record"
run 0 "$REBLOCK" explain missed.jsonl#9
says out "user space set the vCPU's events"
says out "row 2"
run 0 "$REBLOCK" explain missed.jsonl#4
says out "no exit of this kind says whether"
run 0 "$REBLOCK" explain missed.jsonl#1
says out "an entry whose exit is not in this file"
run 0 "$REBLOCK" explain missed.jsonl#0
says out "the process and the name of a VM"
run 2 "$REBLOCK" explain missed.jsonl#13
one_line err
says err "it has 13, numbered from 0"
run 2 "$REBLOCK" explain nothing#1
one_line err
run 2 "$REBLOCK" explain missed.jsonl#x
one_line err
cp missed.jsonl 'odd#2.jsonl'
run 0 "$REBLOCK" explain 'odd#2.jsonl#2'

exit48='{"event":"exit","vm":1,"vcpu":0,"reason":48,"qualification":"0x1181","idt_vectoring":0,"rip":"0x1000"'
run 0 "$REBLOCK" explain --record "$exit48}"
says out "pin is absent"
says out "cannot be known"
says out "give it with --entry"
run 0 "$REBLOCK" explain --record "$exit48}" --vnmi on
says out "assumed by --vnmi"
says out "bit 12 is defined and 1"
run 0 "$REBLOCK" explain --record "$exit48}" --vnmi off
says out "Bit 12 is undefined"
run 0 "$REBLOCK" explain --record "$exit48,\"pin\":\"0x3f\"}" --entry \
	'{"event":"entry","vm":1,"vcpu":0,"intr_info":0,"rip":"0x1000","interruptibility":0}'
says out "row 6"
says out "not what is required"
run 0 "$REBLOCK" explain --record '{"event":"exit","vm":1,"vcpu":0,"reason":"0x80000021"}'
says out "The entry failed"
run 0 "$REBLOCK" explain --record '{"event":"exit","vm":1,"vcpu":0,"reason":0,"intr_info":"0x80001b08","idt_vectoring":0,"pin":"0x3f"}'
says out "5. Is the exit due to a double fault? yes"
says out "Bit 12 is undefined"
run 0 "$REBLOCK" explain --record '{"event":"exit","vm":1,"vcpu":0,"reason":48,"qualification":"0x1181","idt_vectoring":"0x80000202","pin":"0x3f"}'
says out "valid, NMI, vector 2"
says out "row 4"
run 0 "$REBLOCK" explain --record '{"event":"exit","vm":1,"vcpu":0,"reason":49}'
says out "with no word of it"
run 0 "$REBLOCK" explain --record '{"event":"exit","vm":1,"vcpu":0}'
says out "reason is absent"
run 2 "$REBLOCK" explain --record '{"event":"exit","vm":1,"vcpu":0,"reason":"x"}'
one_line err
says err '--record: key "reason"'
run 2 "$REBLOCK" explain --record '{"event":"entry","vm":1,"vcpu":0}'
one_line err
finish
