#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# corpus/findings: each trace still gives the same findings, each run still shows its difference, and the lists agree.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
findings=$SOURCE_DIR/corpus/findings
search=$(dirname "$REBLOCK")/fuzz/policy_search

bash "$findings/expect" --print >said
cmp -s said "$findings/expected.table" || {
	fail "the audit says something else of these traces"
	diff "$findings/expected.table" said | head -20
}
[ "$(grep -vc '^#' said)" -gt 100 ] || fail "hardly any findings"

for trace in "$findings"/*.jsonl; do
	name=$(basename "$trace" .jsonl)
	grep -qF "\"$name\"," "$SOURCE_DIR/fuzz/policy/known.inc" || fail "$name is not in fuzz/policy/known.inc"
	grep -qF "$name" "$SOURCE_DIR/docs/findings.md" || grep -qF "${name#*.}" "$SOURCE_DIR/docs/findings.md" ||
		fail "docs/findings.md has no word on $name"
	# The SDM's own policy does nothing wrong in the same trace.
	"$REBLOCK" audit --json --policy sdm "$trace" 2>/dev/null | grep -q '"evidence":"predicted"' &&
		fail "sdm does something wrong in $name"
done
# Up to the first comment after the list's own: those that have files.
sed -n '3,/^\/\*/s/^"\(.*\)",$/\1/p' "$SOURCE_DIR/fuzz/policy/known.inc" >known
while read -r name; do
	for ending in jsonl run; do
		[ -s "$findings/$name.$ending" ] || fail "there is no $name.$ending"
	done
done <known
[ "$(wc -l <known)" = "$(find "$findings" -name '*.jsonl' | wc -l)" ] || fail "not as many files as known differences"

if [ -x "$search" ]; then
	for run in "$findings"/*.run; do
		name=$(basename "$run" .run)
		"$search" --policy "${name%%.*}" --show "$run" | cut -d' ' -f3 | grep -qxF "${name#*.}" ||
			fail "$name: the run does not show it any more"
		# The trace is that run's: the same exits and entries in the same order.
		"$search" --policy "${name%%.*}" --show "$run" --trace-of "${name#*.}" >trace ||
			fail "$name: the run gives no trace"
		cmp -s trace "${run%.run}.jsonl" || fail "$name: its trace is not that of its run"
		"$search" --policy sdm --show "$run" >out
		[ -s out ] && fail "$name: the SDM's policy differs from the SDM in that run"
	done
else
	echo "no policy_search: the runs were not replayed"
fi
finish
