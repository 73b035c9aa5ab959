#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# reblock convert: round trips, targets, refusals.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
cp "$data"/*.jsonl .

run 0 "$REBLOCK" convert missed.jsonl a.rbt
[ -s out ] || [ -s err ] && fail "convert is not silent"
[ "$(head -c 7 a.rbt)" = REBLOCK ] || fail "a.rbt is no trace"
[ "$(stat -c %a a.rbt)" = 600 ] || fail "a trace can be read by others"
run 0 "$REBLOCK" convert a.rbt b.jsonl
run 0 "$REBLOCK" convert b.jsonl b.rbt
cmp a.rbt b.rbt || fail "own -> JSON -> own differs"
cmp b.jsonl missed.jsonl || fail "JSON -> own -> JSON differs"

run 0 "$REBLOCK" convert a.rbt -
cmp out b.jsonl || fail "to standard output"
run 0 bash -c '"$0" convert - - <missed.jsonl' "$REBLOCK"
cmp out a.rbt || fail "through both pipes"
run 0 "$REBLOCK" convert --to trace a.rbt copy
cmp copy a.rbt || fail "--to trace of a trace"
run 0 "$REBLOCK" convert --to json a.rbt odd.rbt
cmp odd.rbt b.jsonl || fail "--to is stronger than the name"
run 0 "$REBLOCK" convert a.rbt c.json
cmp c.json b.jsonl || fail "to .json"

run 2 "$REBLOCK" convert a.rbt ./a.rbt
one_line err
says err "same file"
cmp a.rbt b.rbt || fail "the input was hurt"
run 2 "$REBLOCK" convert --to perf a.rbt x
one_line err
run 2 "$REBLOCK" convert a.rbt no/such/folder
one_line err
if [ -w /dev/full ]; then
	for to in json trace; do
		run 2 "$REBLOCK" convert --to $to missed.jsonl /dev/full
		one_line err
		says err "No space left"
		run 2 bash -c '"$0" convert --to $1 missed.jsonl - >/dev/full' "$REBLOCK" $to
		one_line err
	done
fi

# Intel PT's bytes are not taken over, and that is said; what was decoded of them are records, once.
cp "$data/pt.rbt" .
run 0 "$REBLOCK" convert pt.rbt pt2.rbt
says err "pt.rbt: its Intel PT (442 bytes) is left out: what was decoded of it are"
run 0 "$REBLOCK" convert pt.rbt pt.jsonl
run 0 "$REBLOCK" convert pt2.rbt pt2.jsonl
[ -s err ] && fail "a trace without PT's bytes is said to have some"
cmp pt.jsonl pt2.jsonl || fail "what PT shows is not the same in both formats"
[ "$(grep -c '"event":"exit"' pt.jsonl)" = 1 ] || fail "not the records beside Intel PT"

# What is intact of a damaged input is converted.
head -c 700 a.rbt >cut.rbt
run 3 "$REBLOCK" convert cut.rbt cut.jsonl
says err "offset"
says cut.jsonl '"event":"lost"'
(head -6 missed.jsonl && echo nonsense && tail -n +7 missed.jsonl) >bad.jsonl
run 3 "$REBLOCK" convert bad.jsonl bad.rbt
says err "bad.jsonl: line 7:"
run 0 "$REBLOCK" convert bad.rbt bad2.jsonl
[ "$(wc -l <bad2.jsonl)" = 15 ] || fail "not all records of a damaged input"
finish
