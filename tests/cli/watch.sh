#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# reblock watch --from: the findings of reblock audit, of every format, with evidence in which they are found again; text, JSON,
# rate, bad usage.
# shellcheck source=tests/cli/watch.bash
. "$(dirname "$0")/watch.bash"

# As audit has it: without what only watch says.
of_audit() {
	sed -E 's/,"time":.*/}/; s/"file":"[^"]*"/"file":"-"/' "$1"
}

total=0
for trace in "$traces"/6.*-broken.rbt "$traces"/6.12-stock.perf-zstd.data "$traces"/7.2-lossy.perf-lossy.data \
	"$traces"/6.12-broken.trace.dat "$traces"/7.2-ept0.rbt; do
	"$REBLOCK" audit --json --quiet "$trace" 2>/dev/null | of_audit /dev/stdin | sort >wanted
	rm -rf evidence
	run 0 "$REBLOCK" watch --from "$trace" --exit --json --rate 0 --listen none --evidence evidence
	of_audit out | sort >got
	cmp -s wanted got || fail "$trace: watch and audit differ: $(diff wanted got | head -5)"
	# Each finding again, in the file that it names.
	while read -r finding; do
		total=$((total + 1))
		file=$(sed -nE 's/.*"evidence_file":"([^"]*)".*/\1/p' <<<"$finding")
		number=$(sed -nE 's/.*"evidence_record":([0-9]+).*/\1/p' <<<"$finding")
		[ "$(stat -c %a "$file")" = 600 ] || fail "$file: mode"
		vnmi=()
		[[ $trace == *.rbt ]] || vnmi=(--vnmi on)
		why=$(sed -nE 's/.*"why":"(.*)","rule".*/\1/p' <<<"$finding")
		"$REBLOCK" audit --json --quiet "${vnmi[@]}" "$file" 2>/dev/null | grep -F '"records":['"$number" | grep -qF "$why" ||
			fail "not found again in its evidence: $finding"
	done <out
done
[ "$total" -ge 30 ] || fail "only $total findings were looked at"

# Text: two lines, and what explain takes.
run 0 "$REBLOCK" watch --from "$traces/6.12-broken.rbt" --exit --rate 0 --listen none --evidence evidence
[ "$(($(wc -l <out) % 2))" = 0 ] || fail "not two lines for each finding"
says out "error: missed-reblock (direct)  ept-iret (pid 293)  vm 1 vcpu 0  t 46.378384960 s"
grep -qE '^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9:.]+Z error: ' out || fail "no time"
run 0 "$REBLOCK" explain "$(sed -nE '2s/.*  evidence: //p' out)"
says out "EPT violation"

run 0 "$REBLOCK" watch --from "$traces/6.12-broken.rbt" --exit --rate 0 --listen none
grep -q evidence: out && fail "evidence is named and none is kept"

# Too many: some are told, all are counted, and that is said.
run 0 "$REBLOCK" watch --from "$traces/6.12-broken.rbt" --exit --rate 1 --listen none --json --evidence evidence2
[ "$(wc -l <out)" = 5 ] || fail "not one finding of each kind and VM"
says err "10 more findings within a minute: counted, not printed (--rate); the most are 2 missed-reblock in ept-iret"

run 2 "$REBLOCK" watch --from no-such-file --listen none
says err "no-such-file: there is no such file"
head -c 5000 /dev/zero >zeros
run 2 "$REBLOCK" watch --from zeros --listen none
says err "neither a reblock trace nor JSON Lines"
for wrong in "--listen 1.2.3.4" "--listen [::1]9747" "--listen localhost:70000" "--listen example.org:80" "--records 1" \
	"--records 5000" "--max-size 0" "--max-size 1K" "--max-size 5X" "--rate -1" "--max-vcpus 0" "--vnmi maybe" "--all" \
	"--vm 1" "--evidence /proc/self/no" "word"; do
	# shellcheck disable=SC2086 # option and value
	run 2 timeout 20 "$REBLOCK" watch --from "$traces/6.12-stock.rbt" --exit --control none $wrong
	one_line err
done
run 2 "$REBLOCK" watch --exit --listen none
says err "--exit goes with --from FILE only"
finish
