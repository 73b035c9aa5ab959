#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# rules.sh: the alert rules do what their tests say, and rules and dashboard ask only for what the agent serves.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
packaging=$SOURCE_DIR/packaging
rules=$packaging/prometheus/reblock.rules.yml
work=$(mktemp -d)
agent=
trap 'if [[ -n $agent ]]; then kill "$agent" 2>/dev/null || true; fi; rm -rf "$work"' EXIT

fail()
{
    echo "rules: $*" >&2
    exit 1
}

for program in promtool python3; do
    if ! command -v "$program" >/dev/null; then
        echo "$program is not installed (Debian's packages prometheus and python3)"
        exit 77
    fi
done

promtool check rules "$rules" >"$work/out" 2>&1 || fail "$(cat "$work/out")"

# tested RULES: status of their tests
tested()
{
    sed "s|RULES|$1|" "$here/prometheus/reblock.rules.test.yml" >"$work/test.yml"
    promtool test rules "$work/test.yml" >"$work/out" 2>&1
}
tested "$rules" || fail "$(cat "$work/out")"
# The tests see it when a rule does less than it should.
for change in 's/|nmi-in-nmi|/|/' 's/sum without (vm, evidence)/sum without (evidence)/' 's/{evidence!="predicted"}//' \
    '/and on (job, instance)/d' 's/> 20/> 2000/' 's/cause!="budget"/cause!="ring-full"/' 's/up{job="reblock"}/up/' 's/\[1h\]/[1d]/' \
    's/{cause!="no-evidence"}//'; do
    sed "$change" "$rules" >"$work/changed.yml"
    ! cmp -s "$rules" "$work/changed.yml" || fail "nothing to change: $change"
    ! tested "$work/changed.yml" || fail "the tests do not see $change"
done

# Each alert tells where it is explained, and that place is there.
sed -n 's/^ *runbook: "\(.*\)"$/\1/p' "$rules" >"$work/runbooks"
[[ $(grep -c '^ *- alert:' "$rules") == $(wc -l <"$work/runbooks") ]] || fail "an alert without its page"
while read -r runbook; do
    page=${runbook%%,*}
    section=${runbook#*section }
    section=${section//\\\"/}
    if [[ $section == *'{{'* ]]; then # one for each kind
        for kind in $(sed -n 's/.*kind=~"\([^"]*\)".*/\1/p' "$rules" | head -1 | tr '|' ' '); do
            grep -q "^#.* $kind" "$SOURCE_DIR/$page" || fail "$page says nothing of $kind"
        done
    else
        grep -q "^#.* $section" "$SOURCE_DIR/$page" || fail "$page has no section $section"
    fi
done <"$work/runbooks"

"$REBLOCK" watch --from "$SOURCE_DIR/corpus/traces/6.12-broken.rbt" --listen 127.0.0.1:0 --rate 1 >"$work/findings" 2>"$work/said" &
agent=$!
python3 - "$work/said" "$work/metrics" <<'END' || fail "no metrics: $(cat "$work/said")"
import re, sys, time, urllib.request
for _ in range(200):
    said = open(sys.argv[1], encoding="utf-8").read()
    url = re.search(r"http://\S+/metrics", said)
    if url and "has ended" in said:
        break
    time.sleep(0.1)
page = urllib.request.urlopen(url.group(), timeout=10).read().decode()
open(sys.argv[2], "w", encoding="utf-8").write(page)
END
promtool check metrics <"$work/metrics" >"$work/out" 2>&1 || fail "promtool check metrics: $(cat "$work/out")"

dashboard=$packaging/grafana/reblock.json
python3 "$here/dashboard.py" "$dashboard" "$rules" "$work/metrics" >"$work/dashboard.yml" || fail "the dashboard is not good"
promtool check rules "$work/dashboard.yml" >"$work/out" 2>&1 || fail "an expression of the dashboard: $(cat "$work/out")"
# That is seen, too.
for change in 's/reblock_vcpus{/reblock_cpus{/' 's/reblock_records_total/reblock_exits_total/' 's/"schemaVersion": 37/"schemaVersion": 1/'; do
    sed "$change" "$dashboard" >"$work/changed.json"
    ! cmp -s "$dashboard" "$work/changed.json" || fail "nothing to change: $change"
    ! python3 "$here/dashboard.py" "$work/changed.json" "$rules" "$work/metrics" >/dev/null 2>&1 || fail "dashboard.py does not see $change"
done
sed 's/sum by (kind) (/sum by (kind) ((/' "$dashboard" >"$work/changed.json"
python3 "$here/dashboard.py" "$work/changed.json" "$rules" "$work/metrics" >"$work/changed.yml"
! promtool check rules "$work/changed.yml" >/dev/null 2>&1 || fail "promtool takes any expression"
echo "$(grep -c 'record:' "$work/dashboard.yml") expressions of the dashboard, $(grep -c 'alert:' "$rules") alerts"
