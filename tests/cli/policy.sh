#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# reblock audit --policy: built-in ones on recorded traces, the example as a shared object, and objects that are none.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
traces=$SOURCE_DIR/corpus/traces
include=$SOURCE_DIR/analyzer/include

# predicted KIND: how many findings of that kind are predicted in ./out
predicted() {
	grep '"evidence":"predicted"' out | grep -c "\"kind\":\"$1\""
}

# expect KIND N
expect() {
	[ "$(predicted "$1")" = "$2" ] || fail "$(predicted "$1") times $1 predicted, not $2"
}

# records FILE GRADE KIND: the records of these findings, one a line
records() {
	grep "\"kind\":\"$3\",.*\"evidence\":\"$2\"" "$1" | sed 's/.*"records":\[\([^]]*\)\].*/\1/'
}

# What stock KVM was seen to do with its mask, its model does at the same records.
run 1 "$REBLOCK" audit --json --policy kvm "$traces/6.12-stock.rbt"
records out derived stale-mask >seen
records out predicted stale-mask >model
[ "$(wc -l <seen)" = 6 ] || fail "not 6 stale masks seen"
cmp seen model || fail "the model's stale masks are not those that were seen"
says out '"policy":"kvm"'
says err "policy kvm: 6 errors, 0 notes predicted; 18 of 21 IRET unblocks replayed"
grep '"evidence":"derived"' out | grep -q '"policy"' && fail "a seen finding names a policy"

# The kvm_intel whose re-block after EPT violations was taken out is KVM before 0be9c7a89f75: where the miss was seen,
# the model misses; so it does where nothing showed it.
run 1 "$REBLOCK" audit --json --policy kvm-before-0be9c7a89f75 "$traces/6.12-broken.rbt"
records out direct missed-reblock | cut -d, -f1 >seen
records out predicted missed-reblock | cut -d, -f1 >model
[ -s seen ] || fail "no miss seen"
[ "$(grep -cxFf seen model)" = "$(wc -l <seen)" ] || fail "a miss that was seen is not predicted"
[ "$(wc -l <model)" = 9 ] || fail "not 9 misses predicted"

# The reference does nothing wrong anywhere, and neither do those whose bit 12 means nothing.
for trace in "$traces"/*.rbt; do
	for policy in sdm haxm; do
		"$REBLOCK" audit --json --policy $policy "$trace" >out 2>err
		grep '"evidence":"predicted"' out && fail "$policy does something wrong in $trace"
	done
	grep -qE "policy haxm: nothing wrong predicted, 0 notes; (0 of|no IRET unblock was seen)" err || fail "haxm replays an exit of $trace"
done

# Exit status: predicted errors are findings, predicted notes are not, what it cannot tell is not judged.
cat >trace.jsonl <<'END'
{"event":"meta","captures":["exit","entry","mask_write","mask_read","blocked_read","user_exit","events_write"]}
{"event":"exit","t":10,"vm":1,"vcpu":0,"reason":48,"qualification":"0x1181","intr_info":0,"idt_vectoring":0,"pin":"0x3f","rip":"0x1000","l2":0}
{"event":"entry","t":20,"vm":1,"vcpu":0,"intr_info":0,"pin":"0x3f","rip":"0x1000","l2":0,"interruptibility":8}
END
sed 's/"reason":48,/"reason":0,/; s/"intr_info":0,"idt/"intr_info":"0x80001b0e","idt/; s/"intr_info":0,"pin/"intr_info":"0x80000b0e","pin/; s/lity":8/lity":0/' \
	trace.jsonl >reflected.jsonl
run 0 "$REBLOCK" audit trace.jsonl
run 0 "$REBLOCK" audit --policy xen trace.jsonl
says out "trace.jsonl: nothing wrong found; 1 IRET unblock judged"
says out "trace.jsonl: policy xen: nothing wrong predicted, 0 notes; 1 IRET unblock replayed"
run 1 "$REBLOCK" audit --policy xen-before-d329b37d12 trace.jsonl
says out "error: missed-reblock  trace.jsonl#0"
says out "evidence  predicted: a model of the hypervisor says so; it was not seen"
says out "policy    xen-before-d329b37d12"
says out "predicted: 1 missed-reblock"
says out "trace.jsonl: nothing wrong found; 1 IRET unblock judged"
says out "policy xen-before-d329b37d12: 1 error, 0 notes predicted"
grep -q 'findings:' out && fail "a predicted finding is counted as seen"
run 0 "$REBLOCK" audit --policy xen reflected.jsonl
says out "note: over-block"
run 3 "$REBLOCK" audit --policy haxm trace.jsonl
says out "policy haxm: nothing wrong predicted, 0 notes; 0 of 1 IRET unblock replayed"
run 2 "$REBLOCK" audit --policy no-such trace.jsonl
one_line err
says err 'no policy is named "no-such"'
[ -s out ] && fail "output in spite of a policy that is none"

if ! command -v cc >/dev/null; then
	[ "$failures" = 0 ] && echo "skipped: no C compiler for policies in shared objects" && exit 77
	finish
fi

# build NAME: NAME.c to NAME.so
build() {
	cc -std=c17 -Wall -Wextra -Werror -shared -fPIC -I "$include" -o "$1.so" "$1.c" || fail "$1.c is not compiled"
}

# The example forgets PML-full, three times in this trace, and nothing else.
cp "$SOURCE_DIR/examples/policy/mine.c" .
build mine
run 1 "$REBLOCK" audit --json --policy ./mine.so "$traces/6.12-stock.rbt"
expect missed-reblock 3
[ "$(grep -c '"evidence":"predicted"' out)" = 3 ] || fail "not 3 predictions"
grep '"evidence":"predicted"' out | grep -v '"policy":"mine"' && fail "another policy"
grep '"evidence":"predicted"' out | grep -v 'page-modification log full\|PML-full' && fail "not at PML-full"
run 1 "$REBLOCK" audit --policy "$work/mine.so" "$traces/6.12-stock.rbt"
says out "policy mine: 3 errors, 0 notes predicted"
# Without a slash it is a name, not a file: nothing is searched for.
run 2 env LD_LIBRARY_PATH="$work" "$REBLOCK" audit --policy mine.so trace.jsonl
says err 'no policy is named "mine.so"'

# A VMREAD of what is not there: nothing is said.
sed 's/QUALIFICATION = 0x6400/QUALIFICATION = 0x6401/; s/"mine"/"reads-elsewhere"/' mine.c >elsewhere.c
build elsewhere
run 3 "$REBLOCK" audit --policy ./elsewhere.so trace.jsonl
says out "0 of 1 IRET unblock replayed"

# refused NAME WORDS SED: the example, changed by SED, is refused with these words
refused() {
	sed "$3" mine.c >"$1.c"
	build "$1"
	run 2 "$REBLOCK" audit --policy "./$1.so" trace.jsonl
	one_line err
	says err "$2"
	[ -s out ] && fail "$1: output"
}
refused version "made for version 2 of the policy ABI" 's/= REBLOCK_POLICY_ABI/= 2/'
refused size "its size member says 8" 's/sizeof(struct reblock_policy)/8/'
refused null "its function exit is NULL" 's/\.exit = mine_exit,/.exit = 0 ? mine_exit : 0,/'
refused name "its name is missing" 's/"mine"/"Mine and yours"/'
refused state "state_size is larger" 's/\.exit =/.state_size = 100000, .exit =/'
refused states "no reset" 's/\.exit =/.initial_states = 2, .exit =/'
refused many "more initial_states" 's/\.exit =/.initial_states = 99, .exit =/'
refused pins "pin_on and pin_off" 's/\.exit =/.pin_off = 8, .exit =/'
refused symbol "exports no reblock_policy_export" 's/reblock_policy_export/something_else/'
echo "not a shared object" >text.so
run 2 "$REBLOCK" audit --policy ./text.so trace.jsonl
one_line err
says err "could not be loaded"
run 2 "$REBLOCK" audit --policy ./none.so trace.jsonl
one_line err
says err "none.so"
run 2 "$REBLOCK" audit --policy ./ trace.jsonl
one_line err
if [ -x "$(dirname "$REBLOCK")/reblock-static" ]; then
	run 2 "$(dirname "$REBLOCK")/reblock-static" audit --policy ./mine.so trace.jsonl
	one_line err
	says err "reblock-static cannot load shared objects"
	run 1 "$(dirname "$REBLOCK")/reblock-static" audit --policy xen-before-d329b37d12 trace.jsonl
fi

# In C++, and with everything else hidden.
if command -v c++ >/dev/null; then
	c++ -x c++ -std=c++20 -Wall -Werror -fvisibility=hidden -shared -fPIC -I "$include" -o plus.so mine.c ||
		fail "the example is not compiled as C++"
	run 1 "$REBLOCK" audit --json --policy ./plus.so "$traces/6.12-stock.rbt"
	expect missed-reblock 3
fi

# An older object, which knows of nothing behind exit.
sed 's/sizeof(struct reblock_policy)/offsetof(struct reblock_policy, handle)/; s/"mine"/"older"/' mine.c >older.c
build older
run 0 "$REBLOCK" audit --policy ./older.so trace.jsonl
finish
