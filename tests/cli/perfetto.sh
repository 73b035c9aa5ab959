#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# reblock audit --perfetto: the file, taken apart again by a decoder of its own (perfetto.py).
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
traces=$SOURCE_DIR/corpus/traces
cp "$traces"/6.12-broken.rbt "$traces"/6.1-stock.rbt "$data"/missed.jsonl "$data"/witness.jsonl .

check() {
	local trace=$1 status=0
	shift
	"$REBLOCK" audit "$@" --json --perfetto "$trace.pftrace" "$trace" >"$trace.findings" 2>err || status=$?
	[ "$status" = 1 ] || fail "$trace: status $status"
	"$REBLOCK" convert "$trace" "$trace.jsonl" || fail "$trace cannot be converted"
	python3 "$here/perfetto.py" "$trace.pftrace" "$trace.jsonl" "$trace.findings" || fail "$trace.pftrace"
}

check 6.12-broken.rbt
check 6.1-stock.rbt
check missed.jsonl
check witness.jsonl
check 6.1-stock.rbt --policy nvmm
python3 "$here/html_traces.py" random 15000 random.jsonl
check random.jsonl --vnmi on
# Times that are not there, that go back, and exits without entries.
cat >odd.jsonl <<'END'
{"event":"exit","vm":7,"vcpu":3,"reason":12,"rip":"0xffffffffffffffff"}
{"event":"exit","vm":7,"vcpu":3,"reason":4242}
{"event":"lost"}
{"event":"entry","t":900,"vm":7,"vcpu":3,"intr_info":"0x80000202","interruptibility":8,"pin":"0x3f"}
{"event":"exit","t":800,"vm":7,"vcpu":3,"reason":"0x80000021"}
{"event":"meta","vm":7,"pid":77,"name":"late"}
{"event":"lost","vm":7,"vcpu":3,"count":5}
END
check odd.jsonl

for file in - . no-such-folder/x; do
	run 2 "$REBLOCK" audit -q --perfetto "$file" missed.jsonl
	one_line err
done
run 2 "$REBLOCK" audit --perfetto two.pftrace missed.jsonl odd.jsonl
one_line err
says err "--perfetto writes one trace, and 2 are given"
# Both at once.
run 1 "$REBLOCK" audit -q --html missed.html --perfetto again.pftrace missed.jsonl
cmp again.pftrace missed.jsonl.pftrace || fail "with --html the trace is another"
[ -s missed.html ] || fail "no page"
finish
