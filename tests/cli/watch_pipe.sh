#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# reblock watch --from -: records of a pipe are judged as they come, and waiting for more holds up nothing.
# shellcheck source=tests/cli/watch.bash
. "$(dirname "$0")/watch.bash"
cp "$data/missed.jsonl" .
mkfifo pipe
exec 4<>pipe
agent --from pipe --json --evidence evidence
# Nothing has come yet: metrics are there all the same.
metric_is reblock_attached 0
sed -n 1,8p missed.jsonl >&4
metric_is reblock_attached 1
# The last eight are a description and seven records.
metric_is reblock_records_total 7
metric_is 'reblock_exits_total{reason="ept_violation"}' 2
sed -n 9,10p missed.jsonl >&4
metric_is 'reblock_findings_total{kind="missed-reblock",evidence="direct"}' 1
# Told with what follows, or after a second with what there is.
eventually 10 grep -q missed-reblock out || fail "not told while the pipe is open"
file=$(sed -nE '/missed-reblock/s/.*"evidence_file":"([^"]*)".*/\1/p' out)
"$REBLOCK" audit --json --quiet "$file" | grep -q '"kind":"missed-reblock"' || fail "not in its evidence: $file"
# A line that is not right is a loss; half a line is none yet.
printf '{"event":"exit","t":5000,"vm":1,"vcpu":1,"nonsense":1}\n{"event":"exi' >&4
metric_is 'reblock_lost_records_total{cause="input"}' 1
says err 'unknown key "nonsense"'
printf 't","t":6000,"vm":1,"vcpu":1,"reason":12}\n' >&4
metric_is 'reblock_exits_total{reason="hlt"}' 2
# It ends when asked, though it waits for the pipe.
ends 0 TERM
grep -c . out >/dev/null || fail "nothing was told"

# Standard input, with gaps in the sequence; at its end the agent stays.
{
	sed -n 1p missed.jsonl
	for seq in 1 2 6 7; do
		echo '{"event":"exit","t":'$((seq * 1000))',"vm":1,"vcpu":0,"seq":'$seq',"reason":10}'
	done
} >sequence.jsonl
agent --from - <sequence.jsonl
metric_is reblock_records_total 4
metric_is 'reblock_lost_records_total{cause="sequence"}' 3
eventually 10 grep -q "has ended" err || fail "the end is not said"
metric_is reblock_attached 0
metric_is 'reblock_exits_total{reason="cpuid"}' 4
kill -0 "$agent" || fail "it ended with its input"
ends 0 INT

# A writer that goes away in the middle of a line.
(sed -n 1,8p missed.jsonl && printf '{"event":') | "$REBLOCK" watch --from - --exit --listen none >out 2>err ||
	fail "a line cut off ends it badly"
says err "the input ends in this line"
finish
