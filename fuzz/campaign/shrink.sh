# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared by the parts of campaign.sh
# Makes a failing input small, and takes the small one only if it fails for the same reason.

shrink_seconds=60

# shrink TARGET INPUT OUT KEY: OUT is INPUT, or a smaller one with that key.
shrink()
{
    local target=$1 input=$2 out=$3 key=$4 by
    cp "$input" "$out"
    if [[ $key == "$(key_of "$target: $takes_long")" ]]; then
        shrink_hang "$@"
        return
    fi
    for by in runs afl libfuzzer; do
        ((stop < 2)) || return 0
        rm -f "$out.small"
        "shrink_by_$by" "$target" "$out" "$out.small" "$key" >"$state/shrink.log" 2>&1 </dev/null 9>&- || true
        [[ -f $out.small ]] || continue
        if (($(stat -c %s "$out.small") < $(stat -c %s "$out"))) && replay "$target" "$out.small" &&
            [[ $(key_of "$(reason_of "$target")") == "$key" ]]; then
            mv "$out.small" "$out"
            return 0
        fi
    done
    rm -f "$out.small"
}

# Runs are shrunk as runs: whole turns and VMs are taken out.
shrink_by_runs()
{
    local program=$builds/fuzz/fuzz/campaign/$1_shrink
    [[ -x $program ]] || return 1
    timeout -k 5 $((shrink_seconds + 10)) "$program" "$shrink_seconds" "$2" "$3"
}

shrink_by_afl()
{
    local build
    command -v afl-tmin >/dev/null || return 1
    for build in afl afl-asan; do
        [[ -x $builds/$build/fuzz/$1_afl ]] || continue
        rm -f "$3"
        ulimit -c 0
        env -u ASAN_OPTIONS -u UBSAN_OPTIONS AFL_FORKSRV_INIT_TMOUT=30000 AFL_IGNORE_UNKNOWN_ENVS=1 \
            timeout -k 5 "$shrink_seconds" afl-tmin -i "$2" -o "$3" -t "$afl_timeout" -m none -- \
            "$builds/$build/fuzz/$1_afl" || true
        # An input that only the sanitizers object to is "shrunk" by the other build to nothing.
        if [[ -f $3 ]] && replay "$1" "$3" && [[ $(key_of "$(reason_of "$1")") == "$4" ]]; then
            return 0
        fi
    done
    return 1
}

shrink_by_libfuzzer()
{
    [[ -x $builds/fuzz/fuzz/$1_fuzz ]] || return 1
    ulimit -c 0
    # Each step has these bounds; what is smaller is written at once.
    timeout -k 5 "$shrink_seconds" "$builds/fuzz/fuzz/$1_fuzz" -minimize_crash=1 -runs=20000 -max_total_time=10 \
        -exact_artifact_path="$3" "$2"
}

# The shortest beginning of the input that still hangs: a try takes long.
shrink_hang()
{
    local low=0 high middle
    high=$(stat -c %s "$2")
    while ((low < high && stop < 2)); do
        middle=$(((low + high) / 2))
        head -c "$middle" "$2" >"$3.small"
        if replay "$1" "$3.small" && [[ $(key_of "$(reason_of "$1")") == "$4" ]]; then
            mv "$3.small" "$3"
            high=$middle
        else
            low=$((middle + 1))
        fi
    done
    rm -f "$3.small"
}
