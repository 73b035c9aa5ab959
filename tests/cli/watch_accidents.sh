#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# reblock watch through accidents that need no KVM: output that nobody reads, is closed, or cannot be written; the agent stopped
# and started again; signals.
# shellcheck source=tests/cli/watch.bash
. "$(dirname "$0")/watch.bash"

# 2,000 VMs, each with a missed re-block, with which a stale mask goes: more than pipe and buffer hold.
{
	sed -n 1p "$data/missed.jsonl"
	sed -n 8,10p "$data/missed.jsonl" | awk '{ line[NR] = $0 } END { for (vm = 1; vm <= 2000; vm++) for (i = 1; i <= 3; i++) {
		text = line[i]; sub(/"vm":1,/, "\"vm\":" vm ",", text); print text } }'
} >storm.jsonl
mkfifo pipe slow

# A reader of standard output that does not read: all is judged, lines are dropped whole and counted, and it still ends.
exec 5<>slow
out=slow agent --from storm.jsonl --json --rate 0
metric_is reblock_records_total 6000
metric_is 'reblock_findings_total{kind="missed-reblock",evidence="direct"}' 2000
dropped_some() {
	[ "$(metric reblock_output_lines_dropped_total)" -gt 100 ]
}
eventually 20 dropped_some || fail "nothing was dropped: $(metric reblock_output_lines_dropped_total)"
eventually 20 grep -q "findings were not printed: standard output is not read fast enough" err || fail "dropping is not said"
dropped=$(metric reblock_output_lines_dropped_total)
# Now it reads: whole lines, as many as were not dropped.
timeout 5 cat <&5 >was_read 2>/dev/null
bad=$(grep -cvE '^\{"kind":"(missed-reblock|nmi-in-nmi|stale-mask)".*\}$' was_read)
[ "$bad" = 0 ] || fail "$bad lines are not whole"
[ $(($(wc -l <was_read) + dropped)) = 6000 ] || fail "$(wc -l <was_read) read, $dropped dropped, of 6000"
ends 0 TERM
out=slow agent --from storm.jsonl --json --rate 0
metric_is reblock_records_total 6000
begun=$SECONDS
ends 0 TERM
[ $((SECONDS - begun)) -le 12 ] || fail "who does not read holds it up for $((SECONDS - begun)) s"
exec 5>&-

# Standard output closed, gone, full: said once; the rest goes on.
: >err
"$REBLOCK" watch --listen 127.0.0.1:0 --from storm.jsonl --rate 0 --evidence evidence --records 4 >&- 2>err &
agent=$!
agents+=("$agent")
eventually 30 grep -q "metrics at" err
port=$(sed -nE 's,.*http://127.0.0.1:([0-9]+)/.*,\1,p' err)
metric_is reblock_records_total 6000
metric_is reblock_output_lines_dropped_total 12000
[ "$(grep -c "findings cannot be printed: Bad file descriptor" err)" = 1 ] || fail "a closed output is not said once: $(cat err)"
# Nothing of what was printed went into another file.
ends 0 TERM
[ "$(find evidence -name '*.rbt' | wc -l)" -ge 1000 ] || fail "no evidence without standard output"
for file in $(find evidence -name '*.rbt' | head -5); do
	"$REBLOCK" audit --json --quiet "$file" 2>&1 | grep -q '"kind":"missed-reblock"' || fail "$file is spoilt"
done

: >err
"$REBLOCK" watch --listen 127.0.0.1:0 --from storm.jsonl --rate 0 2>err > >(head -1 >first) &
agent=$!
agents+=("$agent")
eventually 30 grep -q "metrics at" err
port=$(sed -nE 's,.*http://127.0.0.1:([0-9]+)/.*,\1,p' err)
metric_is reblock_records_total 6000
eventually 20 grep -q "findings cannot be printed: Broken pipe" err || fail "a reader that has gone is not said"
kill -0 "$agent" || fail "it ended with its reader"
ends 0 TERM
[ "$(wc -l <first)" = 1 ] || fail "the reader got nothing"

if [ -w /dev/full ]; then
	out=/dev/full agent --from storm.jsonl --rate 0
	metric_is reblock_output_lines_dropped_total 12000
	says err "findings cannot be printed: No space left on device"
	metric_is reblock_records_total 6000
	ends 0 TERM
fi

# Standard error closed, or not read.
"$REBLOCK" watch --listen none --from storm.jsonl --exit --rate 0 --json >out 2>&- || fail "it needs standard error"
[ "$(wc -l <out)" = 6000 ] || fail "$(wc -l <out) findings without standard error"

# Stopped, as by a debugger or the cgroup freezer, while records come: an input waits for it, and nothing is lost.
exec 4<>pipe
agent --from pipe
sed -n 1,4p storm.jsonl >&4
metric_is reblock_records_total 3
kill -STOP "$agent"
sed -n 5,40p storm.jsonl >&4
sleep 1
kill -CONT "$agent"
metric_is reblock_records_total 39
metric_is 'reblock_findings_total{kind="missed-reblock",evidence="direct"}' 13
metric_is 'reblock_lost_records_total{cause="sequence"}' 0
ends 0 INT

# Signals: each ends it well, with what it had found told and its evidence written, also what still waited for more.
for signal in TERM INT HUP; do
	rm -rf evidence
	agent --from pipe --json --evidence evidence
	sed -n 1,4p storm.jsonl >&4
	metric_is 'reblock_findings_total{kind="missed-reblock",evidence="direct"}' 1
	ends 0 "$signal"
	file=$(sed -nE '1s/.*"evidence_file":"([^"]*)".*/\1/p' out)
	[ -s "$file" ] || fail "$signal: what was found is not told with evidence"
	says err "ending"
done
exec 4>&-
finish
