#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# ./dev fuzz policy NAME|./mine.so: looks for runs in which a policy differs from the SDM, and explains the shortest.
set -euo pipefail
export LC_ALL=C.UTF-8

usage()
{
    cat <<'END'
usage: ./dev fuzz policy [--seconds N] [--minutes N] [--seed N] [--keep FOLDER] NAME|./mine.so

Makes a policy (docs/policies.md) the hypervisor of a simulated host, and looks for runs in which it does something else
than the SDM asks for. Lists the differences, each with the shortest run found, and explains the shortest of all.

  --seconds N, --minutes N  how long to look (default: 20 seconds)
  --seed N                  look elsewhere than the last time
  --keep FOLDER             leave the traces there: reblock audit --policy and reblock explain read them
  -h, --help                this text

NAME is one of "reblock policies"; what has a slash is a shared object, whose code is run.

exit status: 0 nothing was found in that time; 1 it differs; 2 it could not be run
END
}

die()
{
    echo "fuzz policy: $*" >&2
    exit 2
}

number()
{
    [[ $2 =~ ^[0-9]{1,6}$ ]] || die "$1 takes a whole number, not \"$2\""
}

seconds=20 seed=0 folder='' policy=''
while [[ $# -gt 0 ]]; do
    case $1 in
    -h | --help)
        usage
        exit 0
        ;;
    --seconds | --minutes | --seed | --keep)
        [[ $# -ge 2 ]] || die "$1 takes a value; --help says more"
        [[ $1 == --keep ]] || number "$1" "$2"
        case $1 in
        --seconds) seconds=$((10#$2)) ;;
        --minutes) seconds=$((10#$2 * 60)) ;;
        --seed) seed=$((10#$2)) ;;
        --keep) folder=$2 ;;
        esac
        shift 2
        ;;
    -*) die "there is no option $1; --help lists them" ;;
    *)
        [[ -z $policy ]] || die "one policy at a time"
        policy=$1
        shift
        ;;
    esac
done
[[ -n $policy ]] || die "which policy? A name of \"reblock policies\", or a shared object such as ./mine.so"

# The tests have built the programs.
build=${POLICY_BUILD:-}
if [[ -z $build ]]; then
    root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
    build=$root/build/release
    mkdir -p "$build"
    log=$build/policy.log
    (cd "$root" && cmake --preset release && cmake --build "$build" --parallel --target reblock policy_search) \
        >"$log" 2>&1 </dev/null || {
        tail -n 20 "$log" >&2
        die "building failed; the whole of it is in $log"
    }
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [[ -z $folder ]]; then
    folder=$work
else
    mkdir -p "$folder" || die "$folder could not be made"
fi

status=0
# A policy that never comes back is ended.
timeout $((seconds + 60)) "$build/fuzz/policy_search" --policy "$policy" --seconds "$seconds" --seed "$seed" \
    --out "$folder" >"$work/list" 2>"$work/words" || status=$?
case $status in
0)
    echo "$policy: no difference from the SDM in $(tail -n 1 "$work/words"), $seconds s"
    exit 0
    ;;
1) ;;
124) die "$policy did not come back from a call" ;;
12[89] | 1[3-9]?)
    die "$policy has crashed: signal $((status - 128))"
    ;;
*)
    cat "$work/words" >&2
    exit 2
    ;;
esac

echo "$policy differs from the SDM; the shortest runs found in $(tail -n 1 "$work/words"):"
echo
printf '%8s  %s\n' records difference
while read -r records _ words; do
    printf '%8s  %s\n' "$records" "$words"
done <"$work/list"
read -r _ exit name _ <"$work/list"
trace=("$folder"/*".$name.jsonl")
echo
echo "The first of them, record by record:"
echo
sed '/"event":"meta"/d; s/"t":[0-9]*,"vm":[0-9]*,"vcpu":[0-9]*,"cpu":[0-9]*,"seq":[0-9]*,//; s/,"exec":"[^"]*"//; s/,"l2":0//' \
    "${trace[0]}"
echo
"$build/reblock" explain "${trace[0]}#$exit" || die "reblock explain could not read ${trace[0]}"
[[ $folder == "$work" ]] || printf '\nThe traces are in %s.\n' "$folder"
exit 1
