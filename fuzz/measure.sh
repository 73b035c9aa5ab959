#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# measure.sh: how long until the fuzzer finds each planted fault, with the mutator for runs and without it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C
. fuzz/planted/table.bash

engine=afl
seconds=60
seeds=5
jobs=$(nproc)
faults=
ways='mutator default'
report=0
fresh=0
builds=build
state=build/fuzz/measure
table=fuzz/planted.table

usage()
{
    cat <<'END'
usage: ./dev fuzz --measure [--engine afl|libfuzzer] [--seconds N] [--seeds N] [--faults LIST] [--way W]
                          [--jobs N] [--report] [--fresh]

  --engine E    afl (AFL++, the default) or libfuzzer
  --seconds N   give a fault up after so long: 60
  --seeds N     runs for each fault and way, each with other dice: 5
  --faults L    only these of fuzz/planted.table, as in 1,5,20-25
  --way W       only with the mutator (mutator), or only without it (default); the table has both in any case
  --jobs N      fuzzers at once: as many as there are processors
  --report      fuzz nothing, only make the table of what has been measured
  --fresh       forget first what has been measured with this engine

Each run begins with one byte of input, so that nothing of what was kept helps either way, and ends with the first failure. With
the mutator means: with it alone, where inputs are runs. What is measured is kept in build/fuzz/measure: an
interrupted measurement goes on where it was. What was measured with other programs, or given up after less time, is
done again. The table goes to build/fuzz/measure/ENGINE.md. Status 1: no run has found some fault.
END
}

die()
{
    echo "measure: $*" >&2
    exit 2
}

read_arguments()
{
    while (($#)); do
        case $1 in
        --engine)
            [[ ${2:-} == afl || ${2:-} == libfuzzer ]] || die "--engine takes afl or libfuzzer"
            engine=$2
            shift
            ;;
        --seconds | --seeds | --jobs)
            [[ ${2:-} =~ ^[1-9][0-9]{0,4}$ ]] || die "$1 takes a whole number from 1"
            printf -v "${1#--}" '%s' "$2"
            shift
            ;;
        --faults)
            [[ ${2:-} =~ ^[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*$ ]] || die "--faults takes a list such as 1,5,20-25"
            faults=$2
            shift
            ;;
        --way)
            [[ ${2:-} == mutator || ${2:-} == default ]] || die "--way takes mutator or default"
            ways=$2
            shift
            ;;
        --builds | --state)
            [[ -n ${2:-} ]] || die "$1 takes a folder"
            printf -v "${1#--}" '%s' "$2"
            shift
            ;;
        --report) report=1 ;;
        --fresh) fresh=1 ;;
        -h | --help)
            usage
            exit
            ;;
        *) die "$1 is not an option of it: ./dev fuzz --measure --help" ;;
        esac
        shift
    done
}

# wanted NUMBER: whether --faults names it.
wanted()
{
    local part

    [[ -n $faults ]] || return 0
    for part in ${faults//,/ }; do
        (($1 >= ${part%-*} && $1 <= ${part#*-})) && return 0
    done
    return 1
}

# The targets that the faults are looked for with; those with "with" and "without" the mutator are two programs of libFuzzer.
build_programs()
{
    local preset=$engine target wants=()

    [[ $engine == afl ]] || preset=measure
    folder=$builds/$preset/fuzz/planted
    mutator=$builds/$preset/fuzz/run_mutator.so
    [[ $engine == afl ]] || mutator=
    if [[ $builds == build ]]; then
        [[ $engine != afl ]] || command -v afl-fuzz >/dev/null || die "afl-fuzz is not installed (Debian's afl++)"
        while read -r target; do
            case $engine in
            afl) wants+=("${target}_afl_planted" run_mutator) ;;
            *) wants+=("${target}_fuzz_planted" "${target}_default_fuzz_planted") ;;
            esac
        done < <(cut -d' ' -f5 "$work/wanted" | sort -u)
        echo "Building build/$preset"
        mkdir -p "build/$preset"
        { cmake --preset "$preset" && cmake --build "build/$preset" --parallel "$(nproc)" --target "${wants[@]}"; } \
            >"build/$preset/measure.log" 2>&1 </dev/null ||
            die "build/$preset cannot be built; what failed is in build/$preset/measure.log"
    fi
}

# program TARGET WAY
program()
{
    case $engine.$2 in
    afl.*) echo "$folder/$1_afl" ;;
    *.mutator) echo "$folder/$1_fuzz" ;;
    *) echo "$folder/$1_default_fuzz" ;;
    esac
}

# To which programs a result belongs: TARGET WAY ID lines.
identify()
{
    local target way file with

    while read -r target; do
        for way in mutator default; do
            file=$(program "$target" "$way")
            [[ -x $file ]] || die "$file is missing"
            with=$mutator
            [[ $way == mutator ]] || with=
            printf '%s %s %s\n' "$target" "$way" "$(cat "$file" ${with:+"$with"} | sha256sum | cut -c1-16)"
        done
    done < <(cut -d' ' -f5 "$work/wanted" | sort -u)
}

# measured FILE ID: whether FILE holds a result of these programs that is good for --seconds.
measured()
{
    local id status limit

    [[ -s $1 ]] || return 1
    read -r id status limit _ <"$1"
    [[ $id == "$2" ]] && [[ $status == found || $status == elsewhere || $limit -ge $seconds ]]
}

# One seed of all faults comes before the next one, so that what there is after an interruption says something of all.
list_tasks()
{
    local seed number target way id

    for ((seed = 1; seed <= seeds; seed++)); do
        while read -r number _ _ _ target _; do
            for way in $ways; do
                id=$(awk -v target="$target" -v way="$way" '$1 == target && $2 == way { print $3 }' "$work/ids")
                measured "$state/$engine/$number.$way.$seed" "$id" ||
                    echo "$engine $number $way $seed $(program "$target" "$way") $id"
            done
        done <"$work/wanted"
    done
}

make_report()
{
    local version

    case $engine in
    afl) version=$(afl-fuzz -h 2>&1 | sed -nE 's/.*(afl-fuzz[^ ]*) .*based on.*/\1/p; s/.*afl-fuzz(\+\+[0-9a-z.]+).*/AFL\1/p' | head -n 1) ;;
    *) version="libFuzzer of $(clang --version | sed -n 1p)" ;;
    esac
    {
        echo "Measured $(date -u +%Y-%m-%d) with ${version:-$engine} on $(sed -nE 's/^model name\s*: //p' /proc/cpuinfo | sed -n 1p)," \
            "$(nproc) processors, $jobs runs at once; $seeds runs each, given up after $seconds s. Medians; of runs that were given up more than is shown."
        echo
        awk -v seeds="$seeds" -v limit="$seconds" -v results="$state/$engine" -f fuzz/measure/report.awk "$work/wanted"
    } >"$state/$engine.md"
}

main()
{
    local number rest status=0

    read_arguments "$@"
    mkdir -p "$state/$engine"
    exec 9>"$state/lock"
    flock -n 9 || die "another measurement works in $state"
    ((!fresh)) || find "$state/$engine" -mindepth 1 -delete
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    while read -r number rest; do
        ! wanted "$number" || echo "$number $rest"
    done < <(planted_table $table) >"$work/wanted"
    [[ -s $work/wanted ]] || die "$table has no fault $faults"
    if ((!report)); then
        build_programs
        identify >"$work/ids"
        list_tasks >"$work/tasks"
        echo "$(wc -l <"$work/tasks") runs of at most $seconds s, $jobs at once"
        # A run that could not be made ends them all.
        MEASURE_STATE=$state/$engine MEASURE_SECONDS=$seconds MEASURE_MUTATOR=$mutator \
            xargs -r -P "$jobs" -L 1 bash fuzz/measure/one.sh <"$work/tasks" 9>&- ||
            die "a run could not be made; what is measured is kept"
    fi
    make_report || status=$?
    cat "$state/$engine.md"
    exit $status
}

main "$@"
