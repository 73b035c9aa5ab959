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


# audited FILE FINDINGS [OPTION...]: the audit of FILE says what FINDINGS holds
audited() {
    local file=$1 findings=$2 status=0 want=3 # nothing found, but not every IRET unblock could be judged: no recorder without VMREAD can
    shift 2
    "$REBLOCK" audit --json "$@" "$file" >"$folder/findings" 2>"$folder/verdict" || status=$?
    [[ ! -s $findings ]] || want=1
    if [[ $status != "$want" ]]; then
        echo "$file: exit status $status, not $want"
        failed=1
    fi
    diff -u "$findings" "$folder/findings" || failed=1
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
        sed "s,\"file\":\"$peer\",\"file\":\"$folder/converted.rbt\"," "$peer.findings.jsonl" >"$folder/expected"
        audited "$folder/converted.rbt" "$folder/expected" --vnmi on
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
