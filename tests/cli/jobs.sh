#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# --jobs changes nothing: output, messages and status are the same to the byte for 1, 2, 3 and 8 threads, whatever the input.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.bash"

compared=0
ways=("" "--verbose" "--json --verbose" "--quiet --vnmi on")

# same FILE...: for each of the ways to report
same() {
	local how jobs status want
	for how in "${ways[@]}"; do
		for jobs in 1 2 3 8; do
			status=0
			# shellcheck disable=SC2086 # options
			"$REBLOCK" audit $how --jobs $jobs "$@" >"out.$jobs" 2>"err.$jobs" || status=$?
			# shellcheck disable=SC2086
			"$REBLOCK" audit $how --jobs $jobs "$@" >"both.$jobs" 2>&1
			if [ $jobs = 1 ]; then
				want=$status
				continue
			fi
			[ "$status" = "$want" ] || fail "audit $how --jobs $jobs $*: status $status, not $want"
			for what in out err both; do
				cmp -s $what.1 "$what.$jobs" || {
					fail "audit $how --jobs $jobs $*: another $what"
					diff $what.1 "$what.$jobs" | head -5
				}
			done
			compared=$((compared + 1))
		done
	done
}

# damage FILE OFFSET...: writes over 3 bytes at each
damage() {
	local file=$1 offset
	shift
	for offset; do
		printf 'bad' | dd of="$file" bs=1 seek="$offset" conv=notrunc status=none
	done
}

same "$SOURCE_DIR"/corpus/traces/*.rbt
# shellcheck disable=SC2154 # lib.bash has it
same "$data/missed.jsonl"

# Findings over all vCPUs, lost records, more than one turn of the ring.
"$BENCH_TRACE" write 60000 many.rbt 1000 2 || fail "bench_trace"
same many.rbt
ways=("--json --verbose")
"$REBLOCK" audit --quiet --jobs 3 many.rbt >out.many
[ "$(grep -c '^error' out.many)" -gt 200 ] || fail "too few findings to tell their order"
[ "$(sed -nE 's/.*vm ([0-9]+) vcpu ([0-9]+).*/\1 \2/p' out.many | sort -u | wc -l)" -gt 5 ] || fail "findings of too few vCPUs"

# Small chunks, which more than fill the ring, and every kind of damage: chunk headers, records, what is no chunk, the end.
"$REBLOCK" convert many.rbt many.jsonl && head -9000 many.jsonl >some.jsonl
"$REBLOCK" convert some.jsonl some.rbt
same some.jsonl
cp many.rbt damaged.rbt
damage damaged.rbt 100 600000 1100000 1100500 2000000 2999872 3000000 3600000
same damaged.rbt
size=$(stat -c %s some.rbt)
for cut in 64 1000 $((size / 2)) $((size - 64)) $((size - 1)); do
	head -c "$cut" some.rbt >cut.rbt
	same cut.rbt
done
cat some.rbt some.rbt >twice.rbt
same twice.rbt
{ echo '{"event":"exit","vm":1}'; cat some.jsonl; echo '{"t":'; } >bad.jsonl
same bad.jsonl many.rbt damaged.rbt
: >empty
same empty many.rbt missing.rbt

# A pipe is read by one thread; a reader that goes away ends it.
run 1 "$REBLOCK" audit --jobs 2 --quiet - <many.rbt
sed 's/  many.rbt#/  -#/' out.many | cmp -s - out || fail "standard input: another output"
"$REBLOCK" audit --jobs 8 --quiet many.rbt 2>err | head -2 >out
[ -s err ] && fail "a closed pipe is complained of"

for jobs in 0 17 x ""; do
	run 2 "$REBLOCK" audit --jobs "$jobs" many.rbt
	says err "--jobs takes a number from 1 to 16"
done
echo "$compared outputs compared"
finish
