# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared by the parts of campaign.sh
# The status line: one line that is redrawn on a terminal, else a line a minute.

status_end_time=0
status_said=0
status_last=0       # executions at the last line, and when that was
status_last_at=0

# status_begin END-TIME
status_begin()
{
    status_end_time=$1
    status_said=$(date +%s)
    status_last=0
    status_last_at=$status_said
}

# executions_of WORK-FOLDER: of all its instances. AFL++'s plot_data goes on where it was in a second slice;
# each run of libFuzzer begins again at 0 and has a log of its own.
executions_of()
{
    {
        tail -qn 1 "$1"/afl/*/plot_data 2>/dev/null | awk -F ', *' '/^[0-9]/ { n += $12 } END { print n + 0 }'
        libfuzzer_executions "$1"
    } | awk '{ n += $1 } END { print n + 0 }'
}

libfuzzer_executions()
{
    local log
    for log in "$1"/logs/libfuzzer.*; do
        [[ ! -e $log ]] || tail -n 40 "$log" | awk '
            /^#[0-9]+/ { n = substr($1, 2) + 0 }
            /^stat::number_of_executed_units:/ { n = $2 }
            END { print n + 0 }'
    done | awk '{ n += $1 } END { print n + 0 }'
}

# paths_of WORK-FOLDER: inputs in the largest of its corpora.
paths_of()
{
    local folder
    for folder in "$1"/afl/*/queue "$1"/libfuzzer/corpus; do
        [[ ! -d $folder ]] || find "$folder" -maxdepth 1 -type f | wc -l
    done | sort -n | sed -n '$p' | grep . || echo 0
}

# crash_files WORK-FOLDER: what its instances say has crashed or hung, one path a line.
crash_files()
{
    local folder
    for folder in "$1"/afl/*/crashes* "$1"/afl/*/hangs* "$1"/libfuzzer/crashes; do
        files_of "$folder"
    done
}

# status_line NOW
status_line()
{
    local now=$1 target lane executions=0 paths=0 crashes=0 rate=0 line at=() left
    [[ -t 1 ]] || ((now - status_said >= 60)) || return 0
    for target in "${targets[@]}"; do
        executions=$((executions + $(executions_of "$state/work/$target")))
        paths=$((paths + $(paths_of "$state/work/$target")))
        crashes=$((crashes + $(crash_files "$state/work/$target" | wc -l)))
    done
    ((now == status_last_at)) || rate=$(((executions - status_last) / (now - status_last_at)))
    ((rate >= 0)) || rate=0
    for lane in "${!lane_pid[@]}"; do
        [[ -z ${lane_pid[lane]} ]] || at+=("${lane_target[lane]} ${lane_kind[lane]}")
    done
    left=$((status_end_time - now))
    ((left > 0)) || left=0
    line=$(printf 'fuzz: %d:%02d left, %s executions, %s/s, %s paths, %s crashes | %s' $((left / 60)) $((left % 60)) \
        "$(grouped "$executions")" "$(grouped "$rate")" "$(grouped "$paths")" "$crashes" "$(list_of "${at[@]}")")
    if [[ -t 1 ]]; then
        printf '\r\033[K%s' "${line:0:$(($(tput cols 2>/dev/null || echo 80) - 1))}"
        # The rate is over some seconds: counts come in steps.
        ((now - status_last_at >= 10)) || return 0
    else
        echo "$line"
    fi
    status_said=$now
    status_last=$executions
    status_last_at=$now
}

# list_of WORD...: with commas between
list_of()
{
    local IFS=,
    sed 's/,/, /g' <<<"$*"
}

status_end()
{
    [[ ! -t 1 ]] || echo
}
