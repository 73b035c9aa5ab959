#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# trace.dat: a missed re-block is found, and not where events are missing; pipes, cut files, conversion.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
if [ ! -d "${SOURCE_DIR:-}/corpus" ]; then
	echo "skipped: SOURCE_DIR does not name the sources"
	exit 77
fi
cp "$SOURCE_DIR"/corpus/fuzz/input/missed.v[67].dat .

# findings: those in ./out, without the name of the file
findings() {
	sed -E 's/"file":"[^"]*"/"file":""/' out
}

for version in 6 7; do
	run 1 "$REBLOCK" audit --vnmi on missed.v$version.dat
	says out "trace-cmd 3.1.6, host box, Linux 6.14.0-test"
	says out "vm 1 CPU 1/KVM"
	says out "1 missed-reblock"
	says out "not judged: 1 lost"
done
run 1 "$REBLOCK" audit --json --vnmi on missed.v6.dat
findings >expected
[ "$(wc -l <expected)" = 1 ] || fail "not one finding"
run 1 "$REBLOCK" audit --json --vnmi on missed.v7.dat
findings | cmp - expected || fail "version 7 differs"
# shellcheck disable=SC2016 # the inner shell expands it
run 1 bash -c 'cat missed.v6.dat | "$0" audit --json --vnmi on -' "$REBLOCK"
findings | cmp - expected || fail "a pipe differs"
run 0 "$REBLOCK" convert missed.v7.dat as.jsonl
run 1 "$REBLOCK" audit --json --vnmi on as.jsonl
findings | cmp - expected || fail "converted to JSON Lines it differs"

# Cut off in CPU 1's page, whose events are lost then; and in the formats.
head -c 12300 missed.v6.dat >cut.dat
run 3 "$REBLOCK" audit --vnmi on cut.dat
says err "the file is cut off"
head -c 1500 missed.v6.dat >cut.dat
run 2 "$REBLOCK" audit cut.dat
one_line err
head -c 8500 missed.v7.dat >cut.dat
run 2 "$REBLOCK" audit cut.dat
one_line err

finish
