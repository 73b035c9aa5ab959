# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared by the parts of campaign.sh
# Crashes: each is replayed, and those of the same reason are one. The reason is the line with which the target
# aborted, or what a sanitizer or the kernel said of it.

# What a replay may take on a busy machine; more is a hang.
replay_seconds=5
takes_long="it takes longer than $replay_seconds s"

# So many of a target are looked at, smallest first; a campaign that finds more has found enough.
most_sorted=300

# replay TARGET FILE...: true if the target fails over one of them. What it says goes to $state/said. A single file that does not
# fail with the sanitizers is tried with AFL++'s programs, too.
replay()
{
    local target=$1 build
    shift
    replay_by "$builds/fuzz/fuzz/${target}_replay" /dev/null "$@" || return 0
    (($# == 1)) || return 1
    for build in afl-asan afl; do
        [[ ! -x $builds/$build/fuzz/${target}_afl ]] || replay_by "$builds/$build/fuzz/${target}_afl" "$1" || return 0
    done
    return 1
}

# replay_by PROGRAM INPUT ARGUMENT...: its status is in $replay_status
replay_by()
{
    local program=$1 input=$2
    shift 2
    replay_status=0
    # The braces keep back what the shell itself has to say of a process that aborted.
    {
        (
            ulimit -c 0
            ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 \
                exec timeout -k 5 $((replay_seconds + $# / 20)) "$program" "$@"
        ) >"$state/said.out" 2>"$state/said" <"$input" 9>&- || replay_status=$?
    } 2>/dev/null
    ((replay_status == 0))
}

# reason_of TARGET: the reason of the replay that failed, as one line.
reason_of()
{
    local line
    if ((replay_status == 124 || replay_status == 137)); then
        echo "$1: $takes_long"
        return
    fi
    line=$(awk -v target="$1" '
        function keep(rank, text) { if (!(rank in said)) said[rank] = text }
        index($0, target ": ") == 1 { keep(1, $0) }
        /^[^ ]+\.[ch]:[0-9]+:[0-9]+: runtime error: / { keep(2, target ": UndefinedBehaviorSanitizer: " $0) }
        /^SUMMARY: (Address|Leak|Undefined|Memory)/ { sub(/^SUMMARY: /, ""); keep(3, target ": " $0) }
        /^==[0-9]+== *ERROR: / { sub(/^==[0-9]+== */, ""); keep(4, target ": " $0) }
        /^[^ ]+\.[ch]:[0-9]+: / { keep(5, target ": " $0) }
        END { for (rank = 1; rank <= 5; rank++) if (rank in said) { print said[rank]; exit } }' "$state/said")
    if [[ -z $line ]]; then
        if ((replay_status > 128)); then
            line="$1: ended by SIG$(kill -l $((replay_status - 128)) 2>/dev/null || echo $((replay_status - 128)))"
        else
            line="$1: ended with status $replay_status"
        fi
    fi
    # This machine's folders say nothing, and would make two of one.
    line=${line//"$PWD/"/}
    echo "${line:0:400}"
}

# key_of REASON: what its findings are told apart by, fit for a folder's name. Which record, byte or address it was differs
# from input to input; so do large numbers.
key_of()
{
    local key
    key=$(sed -E '
        s/0x[0-9a-fA-F]+/N/g
        s/\b((record|byte|cell|turn|entry|exit|at|offset|size|vcpu|vm|line|piece|run|t)s?[ =#]*)#?[0-9]+/\1N/gI
        s/#[0-9]+/#N/g
        s/[0-9]{3,}/N/g' <<<"$1" | tr -c 'A-Za-z0-9' '-' | tr -s '-' | sed 's/^-//; s/-*$//')
    if ((${#key} > 100)); then
        key=${key:0:90}-$(cksum <<<"$key" | cut -d ' ' -f 1)
    fi
    echo "$key"
}

# sort_crashes: all that instances, and seeds that were taken out, have left; one finding for each reason.
sort_crashes()
{
    local target file n hang
    for target in "${targets[@]}"; do
        n=0
        hang=$(key_of "$target: $takes_long")
        while IFS= read -r file; do
            n=$((n + 1))
            if ((n > most_sorted || stop > 1)); then
                put_aside "$target" "$file"
                continue
            fi
            [[ $file != "$state/unsorted/"* ]] || looked_at+=("$file")
            # One hang of a target takes long enough to replay.
            if [[ $(source_of "$file") == *hang* && -n ${finding_count[$hang]:-} ]]; then
                add_finding "$target" "$file" "$target: $takes_long"
            elif replay "$target" "$file"; then
                add_finding "$target" "$file" "$(reason_of "$target")"
            elif [[ $(source_of "$file") == *hang* ]]; then
                # It was slow once, on a busy machine.
                continue
            else
                add_finding "$target" "$file" "$target: crashed under the fuzzer, but not when replayed"
            fi
        done < <({ crash_files "$state/work/$target"; files_of "$state/unsorted/$target"; } | by_size)
        if ((n > most_sorted)); then
            complaints+=("$target: $((n - most_sorted)) of $n crashes were not looked at; the next campaign does that")
        fi
    done
    keep_findings
}

# by_size: of the paths on standard input, smallest file first.
by_size()
{
    tr '\n' '\0' | xargs -0 -r stat -c '%s %n' | sort -n | cut -d ' ' -f 2-
}

# source_of FILE: which instance says so, and what.
source_of()
{
    local path=${1#"$state"/work/*/}
    case $path in
    afl/*/hangs*) sed -E 's|afl/([^/]*)/.*|AFL++ \1 (hang)|' <<<"$path" ;;
    afl/*) sed -E 's|afl/([^/]*)/.*|AFL++ \1|' <<<"$path" ;;
    libfuzzer/crashes/timeout-* | libfuzzer/crashes/slow-unit-*) echo "libFuzzer (hang)" ;;
    libfuzzer/crashes/oom-*) echo "libFuzzer (memory)" ;;
    libfuzzer/*) echo libFuzzer ;;
    */unsorted/*/seed-*) echo "a seed of the corpus" ;;
    *) echo "an earlier campaign" ;;
    esac
}

# put_aside TARGET FILE: for the next campaign to look at.
put_aside()
{
    mkdir -p "$state/unsorted/$1"
    [[ $2 == "$state/unsorted/"* ]] || cp "$2" "$state/unsorted/$1/$(sha1sum <"$2" | cut -d ' ' -f 1)"
}
