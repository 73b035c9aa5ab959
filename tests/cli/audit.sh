#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# reblock audit: findings, the two formats alike, exit statuses, output that cannot be written.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
cp "$data"/*.jsonl .

run 1 "$REBLOCK" audit missed.jsonl
says out "error: missed-reblock  missed.jsonl#6  vm 1 vcpu 1"
says out "rule      2, row 9"
says out "guest-a (pid 4242), 2 vCPUs: 4 exits, 5 entries, 3 IRET unblocks"
says out "all 3 IRET unblocks judged"
grep -q $'\033' out && fail "colour without a terminal"
run 1 "$REBLOCK" audit --color always missed.jsonl
grep -q $'\033' out || fail "no colour with --color always"

# Every reading gives the same findings.
run 0 "$REBLOCK" convert missed.jsonl missed.rbt
run 1 "$REBLOCK" audit --json missed.jsonl
sed 's/"file":"[^"]*"/"file":"-"/' out >from-json
run 1 "$REBLOCK" audit --json missed.rbt
sed 's/"file":"[^"]*"/"file":"-"/' out >from-trace
run 1 "$REBLOCK" audit --json - <missed.rbt
sed 's/"file":"[^"]*"/"file":"-"/' out >from-stdin
run 1 bash -c 'cat missed.jsonl | "$0" audit --json -' "$REBLOCK"
sed 's/"file":"[^"]*"/"file":"-"/' out >from-pipe
[ "$(wc -l <from-json)" = 3 ] || fail "not 3 findings"
cmp from-json from-trace || fail "the formats differ"
cmp from-json from-stdin || fail "standard input differs"
cmp from-json from-pipe || fail "a pipe differs"
says err "all 3 IRET unblocks judged"
run 1 "$REBLOCK" audit --json --quiet missed.rbt
[ -s err ] && fail "--json --quiet writes to standard error"
run 1 "$REBLOCK" audit --quiet missed.rbt
grep -q 'vcpu 0:' out && fail "--quiet prints the summary"

# 0: nothing wrong; 3: not judged; the worst of several.
head -5 missed.jsonl >good.jsonl
run 0 "$REBLOCK" audit good.jsonl
says out "nothing wrong found; 1 IRET unblock judged"
head -4 missed.jsonl >open.jsonl
run 3 "$REBLOCK" audit open.jsonl
says out "1 of 1 IRET unblock could not be judged"
run 3 "$REBLOCK" audit good.jsonl open.jsonl
run 1 "$REBLOCK" audit missed.jsonl open.jsonl
run 1 "$REBLOCK" audit open.jsonl missed.jsonl good.jsonl
run 2 "$REBLOCK" audit no-such-file missed.jsonl
says out "missed-reblock"
one_line err
says err "no-such-file: there is no such file"
(head -5 missed.jsonl && echo '{"event":"lost"}') >lost.jsonl
run 3 "$REBLOCK" audit lost.jsonl
says out "records are missing"
echo '{"event":"lost"}' >only-lost.jsonl
run 3 "$REBLOCK" audit only-lost.jsonl

# Controls that the source cannot carry.
sed 's/,"pin":"0x3f"//; s/"pin",//' good.jsonl >no-pin.jsonl
run 3 "$REBLOCK" audit no-pin.jsonl
says out "no-controls"
run 0 "$REBLOCK" audit --vnmi on no-pin.jsonl
says out "assumed: vnmi-on"
run 1 "$REBLOCK" audit --vnmi off no-pin.jsonl
says out "error: undefined-bit"
says out "no IRET unblock was seen"

if [ -w /dev/full ]; then
	for json in "" --json --json-schema --help; do
		run 2 bash -c '"$0" audit $1 missed.jsonl >/dev/full' "$REBLOCK" "$json"
		says err "the output could not be written"
	done
fi
run 2 bash -c '"$0" audit missed.jsonl >&-' "$REBLOCK"
# A reader that leaves early ends it without a word.
for _ in $(seq 300); do cat missed.jsonl; done | grep -v '"source"' >many.jsonl
run 0 bash -c '"$0" audit many.jsonl | head -1' "$REBLOCK"
[ -s err ] && fail "a closed pipe makes noise"
finish
