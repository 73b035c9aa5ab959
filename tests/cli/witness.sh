#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Intel PT's witnesses in what people see: reblock audit, explain, convert, and the page in a browser (witness_page.py).
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
cp "$data"/witness.jsonl .

run 1 "$REBLOCK" audit witness.jsonl
says out "records   #8 #9 #11"
says out "Intel PT shows the handler of the next NMI entered before that IRET ran"
says out "rule      6.1 (docs/rules.md)"
says out "records   #18 #21"
says out "assumes   no-int-2"
says out "Intel PT: 10 witnesses, 3 VM exits, 2 NMIs delivered, 1 gap"
says out "Intel PT: of 3 recorded exits 3 matched, 0 not the same (a CS base other than 0, or another exit), 0 not seen"
says out "Intel PT: 1 IRET unblock confirmed"
says out "Intel PT: bit 12 was 1 at 1 exit that it alone shows; intr-info, IDT-vectoring information and the controls are not in Intel PT"
says out "Intel PT: not known whether the NMI before was finished: 1 begin"
says out "assumed: no-int-2"

# Without Intel PT there is no word of it, and what it gave is not found.
grep -v '"event":"witness"' witness.jsonl >without.jsonl
run 1 "$REBLOCK" audit without.jsonl
grep -q "Intel PT" out && fail "a word of Intel PT"
says out "1 missed-reblock, 1 nmi-in-nmi"
# Nothing but Intel PT: nothing wrong in it, and bit 12 could not be judged.
sed -n '/"vm":2/p' witness.jsonl | head -4 >alone.jsonl
run 3 "$REBLOCK" audit alone.jsonl
says out "no VM exit was recorded, Intel PT shows 1"
says out "of 1 exit it is not known whether it was an IRET unblock"

# Every way through the formats gives the same.
run 0 "$REBLOCK" convert witness.jsonl witness.rbt
run 0 "$REBLOCK" convert witness.rbt again.jsonl
cmp witness.rbt <("$REBLOCK" convert again.jsonl -) || fail "not the same after all conversions"
run 1 "$REBLOCK" audit --json witness.jsonl
sed 's/"file":"[^"]*"//' out >from-json
run 1 "$REBLOCK" audit --json witness.rbt
sed 's/"file":"[^"]*"//' out >from-trace
[ "$(wc -l <from-json)" = 3 ] || fail "not 3 findings"
cmp from-json from-trace || fail "the formats differ"

run 0 "$REBLOCK" explain witness.jsonl#8
says out "What Intel PT shows"
says out "before the exit    witness.jsonl#7 VM exit at 0xffffffff81a00f12: 48 EPT violation, qualification bit 12 = 1; the instruction there is an IRET"
says out "after the entry    witness.jsonl#10 VM entry: the guest goes on at 0xffffffff81a00f12"
says out "witness.jsonl#11 an NMI was delivered at 0xffffffff81a00f12 to 0xffffffff81a00940"
says out "witness.jsonl#12 an IRET completed"
says out "2 findings rest on this record"
run 0 "$REBLOCK" explain witness.jsonl#21
says out "Intel PT: an NMI was delivered at 0xffffffff81a00f12"
says out "1 finding rests on this record"
run 0 "$REBLOCK" explain witness.jsonl#1
says out "a gap: Intel PT saw nothing for a while"
run 0 "$REBLOCK" explain without.jsonl#1
grep -q "Intel PT" out && fail "a word of Intel PT"

run 1 "$REBLOCK" audit -q --html witness.html witness.jsonl
run 1 "$REBLOCK" audit -q --html without.html without.jsonl
grep -q __asan_init "$REBLOCK" && finish
if ! python3 -c "import sys; sys.path.insert(0, '$here'); import browser; sys.exit(not browser.find_browser())"; then
	[ "$failures" = 0 ] || finish
	echo "skipped: there is no chromium, so no page was opened; all other checks have passed"
	exit 77
fi
timeout -k 5 120 python3 "$here/witness_page.py" || fail "a page in the browser"
finish
