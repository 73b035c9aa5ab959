#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# unit.sh PROGRAMS: the unit tests find each fault of fuzz/planted.table. PROGRAMS is the folder of the unit tests
# built with the faults. Without a fault all are green; with one, that of the table is red (if it is not, the others are
# tried, and the table is said to be wrong: an error too, as else it would rot).
set -euo pipefail
programs=$(cd "$1" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export LC_ALL=C
. fuzz/planted/table.bash
table=fuzz/planted.table
# Quick ones first.
tests=(audit_cases policy_table policy_kvm filter_rules audit_retire policy_differences audit_plain sim audit_properties policy_stream)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

complain()
{
    echo "$*"
    failed=1
}

# red NUMBER TEST: whether the test fails with that fault; a test that could not be run at all is an error.
red()
{
    local status=0

    REBLOCK_PLANT=$1 timeout 60 "$programs/$2_test" >"$work/$1.$2" 2>&1 || status=$?
    # timeout's own, and those of fuzz/planted/choose.c and of tests that skip
    case $status in
    124) [[ $1 != 0 ]] ;; # a fault may hang a test
    77 | 99 | 125 | 126 | 127)
        cat "$work/$1.$2" >&2
        echo "$2_test with fault $1: status $status" >&2
        exit 2
        ;;
    *) [[ $status -ne 0 ]] ;;
    esac
}

# try_share PART PARTS: of every PARTSth fault its number and the test that is red, "none" where there is none.
try_share()
{
    local number test first killer

    while read -r number _ _ first _; do
        ((number % $2 == $1)) || continue
        killer=none
        for test in "$first" "${tests[@]}"; do
            red "$number" "$test" || continue
            killer=$test
            break
        done
        echo "$number $killer"
    done <"$work/table"
}

# Table and sources agree.
planted_table $table >"$work/table"
grep -vcE '^(#|$)' $table >"$work/lines" || true
[[ $(cat "$work/lines") == $(wc -l <"$work/table") ]] || complain "$table: a line that is not a fault's"
sed 's/ .*//' "$work/table" | cmp -s - <(seq "$(wc -l <"$work/table")") ||
    complain "$table: the numbers are not 1, 2, 3 and so on"
cut -d' ' -f1,2 "$work/table" | sort >"$work/named"
# A call may begin in one line and have its number in the next.
while IFS= read -r file; do
    tr -s ' \t\n' ' ' <"$file" | grep -oE 'PLANTED\( ?[0-9]+,' | tr -dc '0-9\n' | sed "s,\$, ${file#analyzer/},"
done < <(grep -rlw PLANTED analyzer --include='*.[ch]' | grep -vx analyzer/planted.h) | sort >"$work/planted"
diff "$work/named" "$work/planted" >"$work/diff" || complain "$table (<) and the sources (>) differ:"$'\n'"$(cat "$work/diff")"

# No fault, no failure.
while read -r test; do
    [[ " ${tests[*]} " == *" $test "* ]] || complain "$table: $test is none of the tests"
    red 0 "$test" && complain "$test fails without any fault: $(tail -n 5 "$work/0.$test")"
done < <(cut -d' ' -f4 "$work/table" | sort -u)

parts=$(nproc)
pids=()
for ((part = 0; part < parts; part++)); do
    try_share "$part" "$parts" >"$work/result.$part" &
    pids+=($!)
done
for pid in "${pids[@]}"; do
    wait "$pid" || exit 2
done
sort -n "$work"/result.* >"$work/result"
while read -r number _ _ test _ sentence; do
    read -r _ killer < <(grep "^$number " "$work/result")
    case $killer in
    none) complain "no unit test finds fault $number: $sentence" ;;
    "$test") ;;
    *) complain "fault $number is found by $killer, not by $test as $table says: $sentence" ;;
    esac
done <"$work/table"
echo "$(wc -l <"$work/table") faults: $(cut -d' ' -f2 "$work/result" | sort | uniq -c | sort -rn | awk '{ printf "%s%s by %s", s, $1, $2; s = ", " }')"
exit $failed
