#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The recorded traces of corpus/traces: the findings are those kept beside each, those that the ground truth asks for, and
# in the files of perf and trace-cmd those of the own trace, as far as they can have them.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=0
traces=0
peers=0


# audited FILE FINDINGS: the audit says what is kept beside FILE
audited() {
    local status=0 want=3 # nothing found, but not every IRET unblock could be judged: no recorder without VMREAD can
    "$REBLOCK" audit --json "$1" >"$folder/findings" 2>"$folder/verdict" || status=$?
    [[ ! -s $2 ]] || want=1
    if [[ $status != "$want" ]]; then
        echo "$1: exit status $status, not $want"
        failed=1
    fi
    diff -u "$2" "$folder/findings" || failed=1
}

cd "$SOURCE_DIR/corpus/traces"
for trace in *.rbt; do
    name=${trace%.rbt}
    traces=$((traces + 1))
    audited "$trace" "$name.findings.jsonl"
    mkdir -p "$folder/box/$name"
    cp "$trace" "$folder/box/$name/trace.rbt"
    cp "$name.truth.jsonl" "$folder/box/$name/truth.jsonl"
    for peer in "$name".*.data "$name".*.dat; do
        [[ -e $peer ]] || continue
        peers=$((peers + 1))
        audited "$peer" "$peer.findings.jsonl"
        # Converted, it says the same, where the same is assumed of it.
        "$REBLOCK" convert "$peer" "$folder/converted.rbt" || failed=1
        "$REBLOCK" audit --json --vnmi on "$folder/converted.rbt" 2>/dev/null |
            sed "s,$folder/converted.rbt,$peer," >"$folder/again" || true
        diff -u "$peer.findings.jsonl" "$folder/again" || failed=1
        cp "$peer" "$folder/box/$name/${peer#"$name".}"
    done
done
if [[ $traces -lt 11 || $peers -lt 22 ]]; then
    echo "only $traces traces and $peers files of other recorders"
    failed=1
fi
"$SOURCE_DIR/tests/box/check" --reblock "$REBLOCK" "$folder"/box/* 2>&1 || failed=1
"$SOURCE_DIR/tests/box/check-peers" --reblock "$REBLOCK" "$folder"/box/* 2>&1 || failed=1
[[ $failed == 0 ]] && echo "passed: $traces traces, $peers files of perf and trace-cmd"
exit $failed
