#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What the perf of this machine writes is read, in each of its forms. (What the records say: tests/unit/perf_test.c.)
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"

kvm=kvm:kvm_exit,kvm:kvm_entry,kvm:kvm_userspace_exit,kvm:kvm_inj_virq,kvm:kvm_inj_exception
command -v perf >/dev/null || { echo "skipped: there is no perf here"; exit 77; }
if ! perf record -q -a -e "$kvm" -o probe true >/dev/null 2>why; then
	echo "skipped: perf cannot record KVM's events here: $(tail -1 why)"
	exit 77
fi

# Whether a VM runs meanwhile or not, nothing is damaged.
whole() { # FILE
	local status=0
	"$REBLOCK" audit "$1" >out 2>err || status=$?
	[ "$status" = 2 ] && fail "refused: $(cat err)"
	[ -s err ] && fail "damaged: $(cat err)"
	says out "perf.data of perf"
	says out "Linux $(uname -r)"
}

record() { # OPTION...: with other events that come often, of more than one CPU
	perf record -q -a -e "$kvm,sched:sched_switch" "$@" -- sleep 0.3 2>/dev/null
}

record -o file || fail "perf record"
whole file
record -g -o callchains
whole callchains
record -o - >stream
whole stream
if record -z -o compressed; then
	whole compressed
	record -z -o - >compressed-stream
	whole compressed-stream
fi
"$REBLOCK" audit - <stream >out 2>err || [ $? = 3 ] || fail "from standard input"
# shellcheck disable=SC2002 # a pipe is what is tested
cat file | "$REBLOCK" audit - >out 2>err || [ $? = 3 ] || fail "through a pipe"

perf record -q -a -e sched:sched_switch -o others -- true 2>/dev/null
run 2 "$REBLOCK" audit others
one_line err
says err "record them with: perf record -a -e $kvm"
perf record -q -F 100 -a -e "$kvm" -o some -- true 2>/dev/null
run 2 "$REBLOCK" audit some
says err "not every kvm event was recorded"
perf record -q -e cpu-clock -o clock -- true 2>/dev/null
run 2 "$REBLOCK" audit clock
says err "holds no trace events"
finish
