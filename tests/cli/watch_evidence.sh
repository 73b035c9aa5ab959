#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Evidence through accidents: kill -9, leftovers, a full disk, a bounded folder with other people's files in it.
# shellcheck source=tests/cli/watch.bash
. "$(dirname "$0")/watch.bash"

# misses N [FROM]: N missed re-blocks, one VM each, and three records of it after
misses() {
	local vm
	for vm in $(seq "${2:-1}" $((${2:-1} + $1 - 1))); do
		sed -n '8,10s/"vm":1/"vm":'"$vm"'/p' "$data/missed.jsonl"
		sed -n '11s/"vm":1/"vm":'"$vm"'/p' "$data/missed.jsonl"
	done
}

# all_there: each file that was told is there, whole, and holds a missed re-block
all_there() {
	local file n=0
	while read -r file; do
		n=$((n + 1))
		"$REBLOCK" audit --json "$file" >found 2>verdict
		grep -q '"kind":"missed-reblock"' found || fail "no missed re-block in $file, which was told"
		grep -qE "damaged|cut off" verdict && fail "$file is not whole: $(cat verdict)"
	done < <(grep missed-reblock told | sed -nE 's/.*"evidence_file":"([^"]*)".*/\1/p' | sort -u)
	[ "$n" -ge "$1" ] || fail "only $n files were told"
}

# Killed in the middle, three times; the next start cleans up.
mkfifo pipe
mkdir evidence
echo mine >evidence/notes.txt
echo mine >evidence/reblock-notes.rbt
for _ in 1 2 3; do
	: >evidence/.reblock-evidence-99999.tmp
	exec 4<>pipe
	out=told agent --from pipe --json --rate 0 --evidence evidence
	[ -e evidence/.reblock-evidence-99999.tmp ] && fail "what a killed agent left is still there"
	(sed -n 1p "$data/missed.jsonl" && misses 3000) >&4 2>/dev/null &
	writer=$!
	eventually 30 grep -q evidence_file told || fail "nothing was told with evidence"
	kill -KILL "$agent"
	wait "$agent" 2>/dev/null
	kill "$writer" 2>/dev/null
	wait "$writer" 2>/dev/null
	exec 4>&-
	# The last line may be cut off: it was not told.
	[ -z "$(tail -c 1 told)" ] || sed -i '$d' told
	all_there 1
done
[ "$(cat evidence/notes.txt evidence/reblock-notes.rbt | sort -u)" = mine ] || fail "files of others were touched"

# Bounded: the oldest go, also those of earlier runs.
sed -n 1p "$data/missed.jsonl" >many.jsonl
misses 400 >>many.jsonl
head -c 1000000 /dev/zero >evidence/big.bin
run 0 "$REBLOCK" watch --from many.jsonl --exit --json --rate 0 --evidence evidence --records 8 --max-size 200K --listen none
size=$(find evidence -name 'reblock-2*' -printf '%s\n' | awk '{ n += $1 } END { print n }')
[ "$size" -le 204800 ] || fail "$size bytes of evidence, and 200K are allowed"
[ "$size" -ge 150000 ] || fail "only $size bytes of evidence are left of 200K"
last=$(grep missed-reblock out | tail -1 | sed -nE 's/.*"evidence_file":"([^"]*)".*/\1/p')
[ -e "$last" ] || fail "the newest evidence is gone"
[ -e evidence/notes.txt ] && [ -e evidence/reblock-notes.rbt ] && [ -e evidence/big.bin ] || fail "files of others are gone"

# Two agents, one folder.
agent --from many.jsonl --evidence evidence
run 2 timeout 20 "$REBLOCK" watch --from many.jsonl --exit --evidence evidence --listen none
says err "another reblock watch keeps its evidence there"
ends 0 TERM

# A disk that is full, and then is not.
if unshare -rm true 2>/dev/null; then
	mkdir full
	cat >on_full_disk <<'END'
mount -t tmpfs -o size=96k tmpfs full || exit 77
cat /dev/zero >full/filler 2>/dev/null
exec 4<>pipe
"$REBLOCK" watch --from pipe --json --rate 0 --evidence full --records 64 --listen none >told 2>err &
agent=$!
(sed -n 1p many.jsonl; sed -n '2,25p' many.jsonl) >&4
for i in $(seq 200); do [ "$(grep -c missed-reblock told)" -ge 6 ] && break; sleep 0.1; done
grep -c evidence_file told >without
rm full/filler
sed -n '26,29p' many.jsonl >&4
for i in $(seq 100); do grep -q evidence_file told && break; sleep 0.1; done
ls -A full >left
file=$(sed -nE 's/.*"evidence_file":"([^"]*)".*/\1/p' told | tail -1)
"$REBLOCK" audit --json --quiet "$file" >found
kill -TERM $agent
wait $agent
echo $? >status
END
	status=0
	unshare -rm bash on_full_disk || status=$?
	if [ "$status" = 77 ]; then
		echo "no tmpfs can be mounted here: a full disk was not tried"
	else
		[ "$(grep -c missed-reblock told)" -ge 7 ] || fail "findings are not told on a full disk"
		[ "$(cat without)" = 0 ] || fail "evidence is named that had no room"
		says err "evidence cannot be written: No space left on device; findings are told without it"
		says err "evidence can be written again"
		grep -q missed-reblock found || fail "no evidence after there was room again"
		grep -q '\.tmp$' left && fail "something unfinished is left on the full disk"
		[ "$(cat status)" = 0 ] || fail "it ended with status $(cat status)"
	fi
else
	echo "no namespaces here: a full disk was not tried"
fi
finish
