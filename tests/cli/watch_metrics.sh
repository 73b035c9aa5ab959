#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The metrics of reblock watch: what is there, what it is called, who may read it, and what a bad client gets.
# shellcheck source=tests/cli/watch.bash
. "$(dirname "$0")/watch.bash"

agent --from "$traces/6.12-broken.rbt"
metric_is reblock_records_total 1430
metric_is reblock_attached 0
get /metrics >answer
grep -q '^HTTP/1.[01] 200' answer || fail "no 200: $(head -1 answer)"
grep -q '^Content-Type: text/plain; version=0.0.4; charset=utf-8' answer || fail "wrong type"
sed '1,/^\r*$/d' answer >page
if command -v promtool >/dev/null; then
	promtool check metrics <page >complaints 2>&1 || fail "promtool: $(cat complaints)"
else
	echo "promtool is not here: what it says of the metrics was not looked at"
fi
for family in exits_total iret_unblocks_total reblocks_total findings_total unjudged_total lost_records_total build_info attached \
	counting_only evidence_bytes start_time_seconds; do
	[ "$(grep -cE "^# (HELP|TYPE) reblock_$family " page)" = 2 ] || fail "reblock_$family is not described"
	grep -qE "^reblock_$family(\{[^}]*\})? [0-9.e+]+$" page || fail "reblock_$family has no value"
done
grep -q bpf_run_seconds page && fail "BPF run time, and nobody has asked for it"
grep -q 'vm=' page && fail "the VM is a label, and nobody has asked for it"
[ "$(grep -v '^#' page | sed 's/ .*//' | sort | uniq -d)" = "" ] || fail "a series is there twice"
# As reblock audit counts them.
metric_is 'reblock_exits_total{reason="ept_violation"}' 584
metric_is 'reblock_iret_unblocks_total{exit="ept_violation"}' 9
metric_is 'reblock_reblocks_total{exit="pml_full"}' 3
metric_is 'reblock_findings_total{kind="nmi-in-nmi",evidence="delivered"}' 3
metric_is 'reblock_unjudged_total{cause="no-evidence"}' 3
metric_is 'reblock_findings_total{kind="hardware",evidence="direct"}' 0
metric_is "reblock_build_info{version=\"$("$REBLOCK" --version | sed 's/.* //')\"}" 1

get / | grep -q "see /metrics" || fail "/ does not say where the metrics are"
get /other | grep -q '^HTTP/1.[01] 404' || fail "/other is found"
get /metrics/../metrics/x | grep -q '^HTTP/1.[01] 404' || fail "a path below /metrics is found"
get /metrics POST | grep -q '^HTTP/1.[01] 405' || fail "POST is taken"
get /metrics DELETE | grep -q '^HTTP/1.[01] 405' || fail "DELETE is taken"
get /metrics HEAD >answer
grep -q '^HTTP/1.[01] 200' answer || fail "HEAD is not taken"
sed '1,/^\r*$/d' answer | grep -q . && fail "HEAD has a body"
( printf 'GET /metrics HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n' "$(head -c 100000 /dev/zero | tr '\0' x)" >"/dev/tcp/127.0.0.1/$port" ) 2>/dev/null
has_metric reblock_records_total 1430 || fail "a long header ends it"

# Connections that say nothing take the places there are, and lose them again.
for i in $(seq 10 40); do eval "exec $i<>/dev/tcp/127.0.0.1/$port" 2>/dev/null || break; done
begun=$SECONDS
eventually 30 has_metric reblock_records_total 1430 || fail "idle connections shut everybody out"
[ $((SECONDS - begun)) -le 20 ] || fail "idle connections are kept for $((SECONDS - begun)) s"
for i in $(seq 10 40); do eval "exec $i>&-"; done
ends 0 TERM

# The same port again; a port that is taken.
agent --from "$traces/6.12-broken.rbt"
run 2 timeout 20 "$REBLOCK" watch --from "$traces/6.12-broken.rbt" --listen "127.0.0.1:$port"
says err "127.0.0.1:$port: metrics cannot be served there"
grep -q "other machines" err && fail "loopback is said to be open"
kill -KILL "$agent"; wait "$agent" 2>/dev/null
out=/dev/null agent --from "$traces/6.12-broken.rbt" --listen 0.0.0.0:0
grep -q "metrics at http://0.0.0.0:[0-9]*/metrics, where other machines can read them too" err || fail "open, and not said: $(cat err)"
ends 0 HUP

# VMs as labels, whatever they are called.
{
	sed -n 1p "$data/missed.jsonl"
	echo '{"event":"meta","vm":1,"pid":1,"name":"a\"b\\c"}'
	echo '{"event":"meta","vm":3,"pid":77}'
	for vm in 1 2 3; do
		sed -n '8,10s/"vm":1/"vm":'$vm'/p' "$data/missed.jsonl"
	done
} >names.jsonl
agent --from names.jsonl --per-vm
metric_is reblock_records_total 11
metric_is 'reblock_findings_total{kind="missed-reblock",evidence="direct",vm="a\"b\\c"}' 1
metric_is 'reblock_findings_total{kind="missed-reblock",evidence="direct",vm="vm-2"}' 1
metric_is 'reblock_findings_total{kind="missed-reblock",evidence="direct",vm="pid-77"}' 1
metric_is 'reblock_findings_total{kind="missed-reblock",evidence="direct",vm=""}' 0
ends 0 TERM

# With more VMs than have a label of their own the sum is the same, and memory for few vCPUs changes no count.
{
	sed -n 1p "$data/missed.jsonl"
	for vm in $(seq 1500); do
		sed -n '8,10s/"vm":1/"vm":'"$vm"'/p' "$data/missed.jsonl"
	done
} >many.jsonl
agent --from many.jsonl --per-vm --max-vcpus 7
metric_is reblock_records_total 4500
metric_is reblock_attached 0
get /metrics | tr -d '\r' >page
[ "$(awk '/^reblock_findings_total.*missed-reblock/ { n += $2 } END { print n }' page)" = 1500 ] || fail "findings are lost with their VM"
[ "$(grep -c '^reblock_findings_total.*missed-reblock.*vm="vm-' page)" = 999 ] || fail "not 999 VMs of their own"
grep -q '^reblock_findings_total{kind="missed-reblock",evidence="direct",vm="(others)"} 501$' page || fail "no others"
grep -q '^reblock_vcpus_retired_total 1493$' page || fail "not as many vCPUs let go as there were too many"
ends 0 TERM
finish
