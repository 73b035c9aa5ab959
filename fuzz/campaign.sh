#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2034,SC2154 # variables are shared with the parts in campaign/
# campaign.sh: fuzzes the targets for a while, with instances of different settings that learn from each other, keeps what
# they found, and says it. ./dev fuzz --help tells how it is used; docs/fuzzing.md what it leaves.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/.."
export LC_ALL=C.UTF-8

{
    seconds=600
    jobs=$(nproc)
    targets=()
    builds=build
    state=build/fuzz/campaign
    corpus=corpus
    # One signal ends the fuzzing, and corpora are merged; a second one leaves that out.
    stop=0
}
for part in say instances schedule status crashes shrink found merge covered report; do
    # shellcheck source=/dev/null
    . "$here/campaign/$part.sh"
done

# read_arguments ARGUMENT...: sets seconds, jobs, targets, builds, state, corpus.
read_arguments()
{
    while (($#)); do
        case $1 in
        --minutes | --seconds)
            [[ ${2:-} =~ ^[1-9][0-9]{0,5}$ ]] || usage_error "$1 takes a whole number from 1 to 999999"
            seconds=$2
            [[ $1 == --seconds ]] || seconds=$((seconds * 60))
            shift 2
            ;;
        --jobs)
            [[ ${2:-} =~ ^[1-9][0-9]{0,2}$ ]] || usage_error "--jobs takes a whole number from 1 to 999"
            jobs=$2
            shift 2
            ;;
        --target)
            shift
            [[ $# -gt 0 && $1 != -* ]] || usage_error "--target takes the names of targets: $(all_targets | xargs)"
            while [[ $# -gt 0 && $1 != -* ]]; do
                targets+=("$1")
                shift
            done
            ;;
        --builds | --state | --corpus)
            [[ -n ${2:-} ]] || usage_error "$1 takes a folder"
            printf -v "${1#--}" '%s' "$2"
            shift 2
            ;;
        *)
            usage_error "$1 is not an option of it: ./dev fuzz --help"
            ;;
        esac
    done
    ((${#targets[@]})) || mapfile -t targets < <(all_targets)
    ((${#targets[@]})) || usage_error "there are no targets"
    local target
    for target in "${targets[@]}"; do
        all_targets | grep -qxF -- "$target" || usage_error "there is no target $target; there are: $(all_targets | xargs)"
    done
}

# The programs of ./dev build PRESET, as far as they are needed here. With --builds they are there already.
build_presets()
{
    local preset programs
    [[ $builds == build ]] || return 0
    mapfile -t programs < <(fuzz_programs)
    ./dev build fuzz "${programs[@]}" </dev/null || die "build/fuzz cannot be built; what failed stands above"
    if ! command -v afl-fuzz >/dev/null; then
        say "afl-fuzz is not installed (Debian's afl++): only libFuzzer's instances run"
        return 0
    fi
    for preset in afl afl-asan afl-cmplog; do
        # Each link optimises the whole program: nothing is built that is not used.
        programs=("${targets[@]/%/_afl}")
        [[ $preset != afl ]] || programs+=(run_mutator)
        ./dev build "$preset" "${programs[@]}" </dev/null || die "build/$preset cannot be built; what failed stands above"
    done
}

fuzz_programs()
{
    local target
    echo run_to_trace
    for target in "${targets[@]}"; do
        printf '%s\n' "${target}_fuzz" "${target}_replay"
        ! is_run "$target" || echo "${target}_shrink"
    done
}

main()
{
    local started ended
    read_arguments "$@"
    build_presets
    mkdir -p "$state"
    exec 9>"$state/lock"
    flock -n 9 || die "another campaign works in $state; end it, or give another folder by --state"
    trap 'stop=$((stop + 1))' INT TERM HUP
    started=$(date +%s)
    end_leftovers
    gather_leftovers
    recheck_found
    prepare_targets
    say "$(human "$seconds") on $jobs job$([[ $jobs == 1 ]] || echo s): ${targets[*]}"
    # Ctrl-C ends what the loop has just called, too: that must not end the loop before it has seen the signal.
    fuzz_targets || ((stop)) || die "the fuzzing ended with status $?"
    ended=$(date +%s)
    sort_crashes
    merge_corpora
    check_covered
    write_report "$started" "$ended"
    cat "$state/report.txt"
    ((new_found == 0)) || return 1
    ((idle == 0)) || return 2
}

{
    main "$@"
    exit
}
