#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The recorded traces of corpus/traces: the findings are those kept beside each, and those that the ground truth asks for.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0
traces=0

cd "$SOURCE_DIR/corpus/traces"
for trace in *.rbt; do
    name=${trace%.rbt}
    traces=$((traces + 1))
    status=0
    "$REBLOCK" audit --json "$trace" >"$folder/findings" 2>"$folder/verdict" || status=$?
    want=3 # nothing found, but not every IRET unblock could be judged: no recorder without VMREAD can
    [[ ! -s $name.findings.jsonl ]] || want=1
    if [[ $status != "$want" ]]; then
        echo "$trace: exit status $status, not $want"
        failed=1
    fi
    diff -u "$name.findings.jsonl" "$folder/findings" || failed=1
    mkdir -p "$folder/box/$name"
    cp "$trace" "$folder/box/$name/trace.rbt"
    cp "$name.truth.jsonl" "$folder/box/$name/truth.jsonl"
done
if [[ $traces -lt 6 ]]; then
    echo "only $traces traces"
    failed=1
fi
"$SOURCE_DIR/tests/box/check" --reblock "$REBLOCK" "$folder"/box/* 2>&1 || failed=1
[[ $failed == 0 ]] && echo "passed: $traces traces"
exit $failed
