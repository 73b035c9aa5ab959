#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# ./dev fuzz policy: a policy of one's own against the SDM, and what cannot be run.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
POLICY_BUILD=$(dirname "$REBLOCK")
export POLICY_BUILD
[ -x "$POLICY_BUILD/fuzz/policy_search" ] || {
	echo "skipped: there is no policy_search beside the program"
	exit 77
}
command -v cc >/dev/null || {
	echo "skipped: no C compiler for a policy of one's own"
	exit 77
}
policy=$SOURCE_DIR/fuzz/policy.sh

# build FILE.c: FILE.so
build() {
	cc -std=c17 -shared -fPIC -I "$SOURCE_DIR/analyzer/include" -o "${1%.c}.so" "$1" || fail "$1 does not compile"
}

# The example forgets PML-full (and, if it had them, notify exits, SPP events and task gates).
cp "$SOURCE_DIR/examples/policy/mine.c" mine.c
build mine.c
run 1 bash "$policy" --seconds 2 --keep kept ./mine.so
says out "differs from the SDM"
grep -qE '^ +[0-9]+  missed-reblock.pml-full$' out || fail "PML-full is not found to be forgotten"
says out '"event":"exit"'
says out "What the VMM must do"
[ -s kept/mine.missed-reblock.pml-full.jsonl ] || fail "the trace was not kept"
run 1 "$REBLOCK" audit --policy ./mine.so kept/mine.missed-reblock.pml-full.jsonl
says out "missed-reblock"

# With these, and no clearing for a task gate, all that is left is what all hypervisors do that look at faults.
sed 's/reason == 48/(reason == 48 || reason == 62 || reason == 66 || reason == 75)/; s/(idtv >> 8 & 7) == 2/& \&\& reason != 9/' mine.c >better.c
cmp -s mine.c better.c && fail "better.c is mine.c"
build better.c
run 1 bash "$policy" --seconds 2 ./better.so
[ "$(grep -cE '^ +[0-9]+  [a-z-]+\.[a-z0-9-]+' out)" = 1 ] || fail "not one difference alone"
says out over-block.fault

run 0 bash "$policy" --seconds 1 sdm
says out "no difference from the SDM in"
run 2 bash "$policy" --seconds 1 nobody
says err 'no policy is named "nobody"'
run 2 bash "$policy" --seconds 1 ./absent.so
says err "absent.so"
run 2 bash "$policy"
run 2 bash "$policy" --seconds x sdm
run 0 bash "$policy" --help
says out "usage: ./dev fuzz policy"

# One that ends the program says so, and is no "nothing found".
sed 's/(void)state;/__builtin_trap();/' mine.c >trap.c
build trap.c
run 2 bash "$policy" --seconds 1 ./trap.so
says err "has crashed"
finish
