#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# reblock policies: the list and the comparison, as text and as JSON; every policy can be replayed.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"

run 0 "$REBLOCK" policies
says out "xen-before-d329b37d12      faults only: EPT violations and PML-full are forgotten"
says out "read from Xen before d329b37d12"
run 0 "$REBLOCK" policies --json
sed -n 's/^{"policy":"\([^"]*\)".*/\1/p' out >names
run 0 "$REBLOCK" policies --names
cmp out names || fail "--names lists others than --json"
[ "$(wc -l <names)" -ge 20 ] || fail "only $(wc -l <names) policies"
[ "$(sort names | uniq -d)" = "" ] || fail "a name twice"

run 0 "$REBLOCK" policies --compare
cp out table
# Text and JSON say the same, for every policy and column.
read -ra columns < <(head -1 table)
run 0 "$REBLOCK" policies --compare --json
cp out lines
while read -r name; do
	read -ra cells < <(grep "^$name " table)
	[ "${#cells[@]}" = $((${#columns[@]} + 1)) ] || fail "$name has ${#cells[@]} cells"
	line=$(grep "\"policy\":\"$name\"" lines)
	for i in "${!columns[@]}"; do
		[[ $line == *"\"${columns[i]}\":\"${cells[i + 1]}\""* ]] || fail "$name ${columns[i]}: text and JSON differ"
	done
done <names
for column in "${columns[@]}"; do
	grep -qE "^  $column  +[^ ]" table || fail "no legend for $column"
done
says table "  y  as the rules ask"
grep -qE '^sdm( +y)+$' table || fail "the reference is not right everywhere"
if command -v python3 >/dev/null; then
	python3 -c 'import json, sys; [json.loads(line) for line in sys.stdin]' <lines || fail "not JSON"
fi

while read -r name; do
	"$REBLOCK" audit --quiet --policy "$name" "$SOURCE_DIR/corpus/traces/6.12-stock.rbt" >out 2>err ||
		[ $? = 1 ] || fail "$name cannot be replayed"
	[ -s err ] && fail "$name: $(head -1 err)"
done <names
run 2 "$REBLOCK" policies --names --json
one_line err
run 2 "$REBLOCK" policies xen
one_line err
says err "takes no arguments"
finish
