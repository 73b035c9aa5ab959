# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared by the parts of campaign.sh
# The instances: which settings a target is fuzzed with, and the command of each.
#
# In $state/work/TARGET: seeds/ is what all start from; afl/KIND/ belongs to an AFL++ instance (they read each other's
# queues there); libfuzzer/ to libFuzzer's; all crashes of a target are below it until they are sorted.

# The longest inputs: a whole run (RUN_HEADER + RUN_CELLS_MOST * RUN_CELL of run.h), and a file with a few chunks.
longest_run=8208
longest_file=16384

# An execution that takes longer is a hang for the fuzzer; sort_crashes gives it more time before it believes that.
afl_timeout=2000        # ms
libfuzzer_timeout=5     # s

# is_run TARGET: its input is a run, as run.h has it. cmake/fuzz.cmake asks the source in the same way.
is_run()
{
    if [[ $builds == build ]]; then
        grep -qE '^#include "run\.h"|run_decode' "fuzz/$1_fuzz.c"
    else
        [[ -x $builds/fuzz/fuzz/$1_enumerate ]]
    fi
}

# kinds_of TARGET: its instances, in the order in which they get time. libFuzzer comes again and again where inputs are
# bytes: its loop is many times faster than a fork server, and small inputs need many tries.
kinds_of()
{
    local kind order
    if is_run "$1"; then
        order="main runs libfuzzer cmplog asan plain mopt rare"
    else
        order="libfuzzer main libfuzzer cmplog libfuzzer asan libfuzzer mopt"
    fi
    for kind in $order; do
        ! can_run "$1" "$kind" || echo "$kind"
    done
}

# can_run TARGET KIND: its programs are there.
can_run()
{
    case $2 in
    libfuzzer) [[ -x $builds/fuzz/fuzz/$1_fuzz ]] ;;
    asan) has_afl && [[ -x $builds/afl-asan/fuzz/$1_afl ]] ;;
    cmplog) has_afl && [[ -x $builds/afl/fuzz/$1_afl && -x $builds/afl-cmplog/fuzz/$1_afl ]] ;;
    runs) has_afl && [[ -x $builds/afl/fuzz/$1_afl && -e $builds/afl/fuzz/run_mutator.so ]] ;;
    *) has_afl && [[ -x $builds/afl/fuzz/$1_afl ]] ;;
    esac
}

has_afl()
{
    command -v afl-fuzz >/dev/null
}

# The words of an instance's settings, for the report.
words_of()
{
    case $1 in
    main) echo "AFL++ main, schedule explore" ;;
    runs) echo "AFL++, the custom mutator only, schedule fast" ;;
    plain) echo "AFL++ without the custom mutator, schedule exploit" ;;
    cmplog) echo "AFL++ with CMPLOG, schedule coe" ;;
    asan) echo "AFL++ with ASan and UBSan, schedule fast" ;;
    mopt) echo "AFL++ with MOpt, schedule quad" ;;
    rare) echo "AFL++ with deterministic stages, schedule rare" ;;
    libfuzzer) echo "libFuzzer with ASan and UBSan" ;;
    esac
}

# instance_command TARGET KIND SECONDS: sets the array "command".
instance_command()
{
    if [[ $2 == libfuzzer ]]; then
        libfuzzer_command "$1" "$3"
    else
        afl_command "$@"
    fi
}

afl_command()
{
    local target=$1 kind=$2 work=$state/work/$1 program=$builds/afl/fuzz/$1_afl role=-S longest=$longest_file
    local options=() environment=(
        AFL_NO_UI=1 AFL_NO_AFFINITY=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_CRASH_README=1
        AFL_AUTORESUME=1 AFL_IMPORT_FIRST=1 AFL_SYNC_TIME=1 AFL_FAST_CAL=1 AFL_CMPLOG_ONLY_NEW=1
        AFL_FORKSRV_INIT_TMOUT=30000 AFL_IGNORE_UNKNOWN_ENVS=1 AFL_IGNORE_SEED_PROBLEMS=1
    )
    case $kind in
    main)
        role=-M
        options+=(-p explore -F "$work/libfuzzer/corpus")
        ;;
    runs) options+=(-p fast) ;;
    plain) options+=(-p exploit) ;;
    cmplog) options+=(-p coe -c "$builds/afl-cmplog/fuzz/${target}_afl" -l 2AT) ;;
    asan)
        program=$builds/afl-asan/fuzz/${target}_afl
        options+=(-p fast)
        ;;
    mopt) options+=(-p quad -L 0) ;;
    rare) options+=(-p rare -D) ;;
    esac
    if is_run "$target"; then
        longest=$longest_run
        # MOpt takes no custom mutator.
        if [[ $kind != plain && $kind != mopt && -e $builds/afl/fuzz/run_mutator.so ]]; then
            environment+=("AFL_CUSTOM_MUTATOR_LIBRARY=$(realpath "$builds/afl/fuzz/run_mutator.so")")
        fi
        [[ $kind != runs ]] || environment+=(AFL_CUSTOM_MUTATOR_ONLY=1)
    fi
    [[ ! -s fuzz/$target.dict ]] || options+=(-x "fuzz/$target.dict")
    command=(
        env -u ASAN_OPTIONS -u UBSAN_OPTIONS "${environment[@]}"
        afl-fuzz -i "$work/seeds" -o "$work/afl" "$role" "$kind" -V "$3" -t "$afl_timeout" -m none -G "$longest"
        "${options[@]}" -- "$program"
    )
}

libfuzzer_command()
{
    local target=$1 work=$state/work/$1 longest=$longest_file queue
    ! is_run "$target" || longest=$longest_run
    command=(
        env ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 "$builds/fuzz/fuzz/${target}_fuzz"
        -max_total_time="$2" -max_len="$longest" -timeout="$libfuzzer_timeout" -rss_limit_mb=2048
        -use_value_profile=1 -reload=1 -print_final_stats=1 -print_funcs=0 -artifact_prefix="$work/libfuzzer/crashes/"
    )
    [[ ! -s fuzz/$target.dict ]] || command+=(-dict="fuzz/$target.dict")
    command+=("$work/libfuzzer/corpus" "$work/seeds")
    for queue in "$work"/afl/*/queue; do
        [[ ! -d $queue ]] || command+=("$queue")
    done
}
