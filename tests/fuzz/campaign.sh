#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# campaign.sh: a campaign over a target with planted faults finds them, names each once, and goes on where it was, also after
# it was killed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

for tool in clang afl-fuzz afl-clang-fast afl-cmin setsid flock; do
    command -v "$tool" >/dev/null || { echo "$tool is not installed"; exit 77; }
done
work=$(mktemp -d)
campaign=

clean()
{
    # What a campaign that this test has killed would leave behind.
    [[ -z $campaign ]] || kill -TERM "$campaign" 2>/dev/null || true
    if [[ -s $work/state/pids ]]; then
        while read -r pid _; do
            ! tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$work" || kill -TERM "$pid" 2>/dev/null || true
        done <"$work/state/pids"
    fi
    rm -rf "$work"
}
trap clean EXIT

fail()
{
    echo "campaign: $*" >&2
    [[ ! -s $work/said ]] || cat "$work/said" >&2
    exit 1
}

# build_target FLAG...
build_target()
{
    local sanitizers=("-fsanitize=address,undefined" -fno-sanitize-recover=all)
    mkdir -p "$work"/builds/{fuzz,afl,afl-asan,afl-cmplog}/fuzz
    rm -f "$work"/builds/*/fuzz/falls*
    clang -g -O1 "$@" "${sanitizers[@]}" -fsanitize=fuzzer -o "$work/builds/fuzz/fuzz/falls_fuzz" tests/fuzz/falls.c &&
        clang -g -O1 "$@" -DREPLAY "${sanitizers[@]}" -o "$work/builds/fuzz/fuzz/falls_replay" tests/fuzz/falls.c &&
        AFL_QUIET=1 afl-clang-fast -O2 "$@" -fsanitize=fuzzer -o "$work/builds/afl/fuzz/falls_afl" tests/fuzz/falls.c &&
        AFL_QUIET=1 AFL_LLVM_CMPLOG=1 afl-clang-fast -O2 "$@" -fsanitize=fuzzer -o "$work/builds/afl-cmplog/fuzz/falls_afl" \
            tests/fuzz/falls.c
}

# campaign SECONDS: its status is in $status, what it says in $work/said
campaign()
{
    status=0
    bash fuzz/campaign.sh --seconds "$1" --jobs 2 --builds "$work/builds" --state "$work/state" --corpus "$work/corpus" \
        >"$work/said" 2>&1 </dev/null || status=$?
}

# wait_for_instances: of the campaign in the background; those that run are in $pids
wait_for_instances()
{
    local tries pid
    for ((tries = 0; tries < 300; tries++)); do
        pids=()
        while read -r pid _; do
            # libFuzzer ends with each crash.
            ! readlink "/proc/$pid/exe" 2>/dev/null | grep -q 'afl-fuzz$' || pids+=("$pid")
        done <"$work/state/pids"
        if ((${#pids[@]})) && compgen -G "$work/state/work/falls/afl/*/queue/id*" >/dev/null; then
            return
        fi
        sleep 0.1
    done
    fail "no instance was running"
}

# The libFuzzer runtime may be missing where clang is there.
build_target -DFALLS >"$work/said" 2>&1 || { cat "$work/said"; echo "clang or AFL++ cannot build a fuzz target"; exit 77; }
mkdir -p "$work/corpus/fuzz/falls"
echo abcd >"$work/corpus/fuzz/falls/mine"

# Bad usage.
for arguments in "--minutes 0" "--minutes x" "--jobs 0" "--target nothing" "--target" "--what" "--minutes"; do
    status=0
    # shellcheck disable=SC2086 # they are several
    bash fuzz/campaign.sh --builds "$work/builds" --state "$work/state" --corpus "$work/corpus" $arguments \
        >"$work/said" 2>&1 </dev/null || status=$?
    [[ $status == 2 ]] || fail "$arguments: status $status, not 2"
    [[ $(wc -l <"$work/said") == 1 ]] || fail "$arguments: more or less than one line"
done

# Both faults are found, each is one finding, and what is kept is small and fails.
campaign 12
[[ $status == 1 ]] || fail "status $status with planted faults, not 1"
folders=("$work"/state/found/*/)
[[ ${#folders[@]} == 2 ]] || fail "${#folders[@]} findings of two faults: ${folders[*]}"
planted=$work/state/found/falls-a-planted-fault-at-record-N
[[ -s $planted/README ]] || fail "the planted fault is not named by its reason"
[[ $(stat -c %s "$planted/input") == 1 ]] || fail "the input has $(stat -c %s "$planted/input") bytes, and 1 is enough"
[[ $(<"$planted/reason") == "falls: a planted fault at record 0" ]] || fail "the reason is not that of the small input"
n=$(sed -nE 's/.*inputs that fail so: ([0-9]+).*/\1/p' "$planted/README")
((n >= 2)) || fail "$n inputs fail so: the test needs some that are one finding"
grep -q 'AddressSanitizer: heap-buffer-overflow' "$work"/state/found/*/reason || fail "what the sanitizer sees was not found"
[[ $(grep -c 'a planted fault' "$work/state/report.txt") == 1 ]] || fail "the report names it more than once"
for folder in "${folders[@]}"; do
    ! (ulimit -c 0; "$work/builds/fuzz/fuzz/falls_replay" "$folder/input" >/dev/null) 2>/dev/null ||
        fail "$folder/input does not fail"
done
python3 - "$work/state/report.json" <<'END' || fail "the JSON report"
import json, sys
report = json.load(open(sys.argv[1]))
assert sorted(f["state"] for f in report["findings"]) == ["new", "new"], report["findings"]
kinds = {i["instance"] for i in report["instances"]}
assert {"libfuzzer", "main"} <= kinds, kinds
assert all(i["executions"] > 0 and i["settings"] for i in report["instances"]), report["instances"]
assert report["corpora"][0]["kept_bytes"] < 100000
END

# The corpus has grown by inputs that do not fail; somebody's seed is still there.
[[ $(<"$work/corpus/fuzz/falls/mine") == abcd ]] || fail "a seed was taken away"
(($(find "$work/corpus/fuzz/falls" -type f | wc -l) > 3)) || fail "nothing was kept"
[[ -z $(find "$work/corpus/fuzz/falls" -type f ! -name mine | grep -vE '/[0-9a-f]{40}$') ]] || fail "names that are no SHA-1"
"$work/builds/fuzz/fuzz/falls_replay" "$work"/corpus/fuzz/falls/* || fail "the kept corpus fails"

# A campaign that is killed leaves its instances running. The next one ends them, takes over what they found, and knows
# the faults: status 0.
bash fuzz/campaign.sh --seconds 60 --jobs 2 --builds "$work/builds" --state "$work/state" --corpus "$work/corpus" \
    >"$work/said" 2>&1 </dev/null &
campaign=$!
wait_for_instances
kill -KILL "$campaign"
wait "$campaign" 2>/dev/null || true
campaign=
[[ -d /proc/${pids[0]} ]] || fail "the instances ended with it: nothing is shown"
campaign 5
[[ $status == 0 ]] || fail "status $status with known faults, not 0"
for pid in "${pids[@]}"; do
    [[ ! -d /proc/$pid ]] || fail "process $pid of the killed campaign runs still"
done
grep -q 'taking over' "$work/said" || fail "nothing was taken over"
sed -n '/^Known/,/^$/p' "$work/state/report.txt" | grep -q 'a planted fault' || fail "a known fault is not in the report"

# Ctrl-C ends it soon, with the report, and no process is left. Faults that are no longer there are said, and put away.
build_target >"$work/said" 2>&1 || fail "the target without faults"
set -m
bash fuzz/campaign.sh --minutes 5 --jobs 2 --builds "$work/builds" --state "$work/state" --corpus "$work/corpus" \
    >"$work/said" 2>&1 </dev/null &
campaign=$!
set +m
wait_for_instances
kill -INT -- "-$campaign"
status=0
wait "$campaign" || status=$?
campaign=
[[ $status == 0 ]] || fail "status $status after Ctrl-C, not 0"
for pid in "${pids[@]}"; do
    [[ ! -d /proc/$pid ]] || fail "process $pid runs still after Ctrl-C"
done
grep -q '^No longer failing' "$work/said" || fail "no report after Ctrl-C, or the faults are not seen to be gone"
! compgen -G "$work/state/found/*" >/dev/null || fail "fixed faults are still in found/"
[[ -s $work/state/fixed/falls-a-planted-fault-at-record-N/input ]] || fail "a fixed fault's input is gone"

# A seed that fails is a finding too, and keeps nothing from running.
build_target -DFALLS >"$work/said" 2>&1
printf 'ab!' >"$work/corpus/fuzz/falls/bad"
rm -rf "$work/state"
campaign 3
[[ $status == 1 ]] || fail "status $status with a seed that fails, not 1"
grep -q 'fails over a seed' "$work/said" || fail "the seed is not named"
[[ -e $work/state/found/falls-a-planted-fault-at-record-N/input ]] || fail "the seed's fault is no finding"
