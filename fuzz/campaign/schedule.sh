# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared by the parts of campaign.sh
# Who runs when. The time of all jobs together is cut into slices of equal length; they go to the targets in turn, and
# within a target to its kinds of instance in turn. An instance that gets a second slice goes on where it was.

shortest_slice=10
longest_slice=300

# Of each job: the process that runs, what it is, when it began, when it has to be over.
declare -a lane_pid=() lane_target=() lane_kind=() lane_start=() lane_end=()
declare -A kinds=()
# Seconds that each "TARGET KIND" ran.
declare -A used=()
next_slice=0
n_runs=0
idle=0      # 1: a target was left without anything that could fuzz it

# slice_length: so that each target's kinds all get a turn, where there is time for that.
slice_length()
{
    local target n=0 length
    for target in "${targets[@]}"; do
        n=$((n + $(wc -w <<<"${kinds[$target]}")))
    done
    length=$((seconds * jobs / n))
    ((length > shortest_slice)) || length=$shortest_slice
    ((length < longest_slice)) || length=$longest_slice
    ((length < seconds)) || length=$seconds
    echo "$length"
}

# Corpora and seeds of each target are put where its instances look for them.
prepare_targets()
{
    local target
    for target in "${targets[@]}"; do
        kinds[$target]=$(kinds_of "$target" | xargs)
        [[ -n ${kinds[$target]} ]] || die "nothing can fuzz $target: neither ${target}_fuzz nor ${target}_afl is built"
        prepare_seeds "$target"
    done
}

# fuzz_targets: runs slices until the time is over, or someone ends it.
fuzz_targets()
{
    local end length lane now
    length=$(slice_length)
    end=$(($(date +%s) + seconds))
    status_begin "$end"
    while ((stop == 0)); do
        now=$(date +%s)
        ((now < end)) || break
        for ((lane = 0; lane < jobs; lane++)); do
            look_after "$lane" "$now"
            # The last seconds are not worth a start, but for what has only seconds.
            if [[ -z ${lane_pid[lane]:-} ]] && ((end - now >= 3 || n_runs < jobs)); then
                start_slice "$lane" $((end - now < length ? end - now : length))
            fi
        done
        status_line "$now"
        sleep 1 9>&- || true
    done
    end_instances
    status_line "$(date +%s)"
    status_end
}

# start_slice LANE SECONDS: the next target's next kind that is not running in another lane.
start_slice()
{
    local n=${#targets[@]} tries list target kind
    for ((tries = 0; tries < n * 8; tries++)); do
        target=${targets[next_slice % n]}
        read -ra list <<<"${kinds[$target]}"
        if ((${#list[@]} == 0)); then
            next_slice=$((next_slice + 1))
            continue
        fi
        kind=${list[next_slice / n % ${#list[@]}]}
        next_slice=$((next_slice + 1))
        if ! is_running "$target" "$kind"; then
            start_instance "$1" "$target" "$kind" "$2"
            return
        fi
    done
}

is_running()
{
    local lane
    for lane in "${!lane_pid[@]}"; do
        [[ -z ${lane_pid[lane]} || ${lane_target[lane]} != "$1" || ${lane_kind[lane]} != "$2" ]] || return 0
    done
    return 1
}

# start_instance LANE TARGET KIND SECONDS
start_instance()
{
    local command=() log
    n_runs=$((n_runs + 1))
    log=$state/work/$2/logs/$3.$n_runs
    instance_command "$2" "$3" "$4"
    # In a session of its own, so that Ctrl-C at the terminal is for the campaign, which then ends it.
    (
        ulimit -c 0
        exec setsid "${command[@]}"
    ) </dev/null >"$log" 2>&1 9>&- &
    lane_pid[$1]=$!
    lane_target[$1]=$2
    lane_kind[$1]=$3
    lane_start[$1]=$(date +%s)
    lane_end[$1]=$((lane_start[$1] + $4))
    write_pids
}

is_alive()
{
    jobs -rp | grep -qxF -- "$1"
}

# look_after LANE NOW: an instance that has ended makes room; one that does not end in time is ended.
look_after()
{
    local pid=${lane_pid[$1]:-} status=0 left
    [[ -n $pid ]] || return 0
    if is_alive "$pid"; then
        (($2 <= lane_end[$1] + 5)) || kill -TERM "$pid" 2>/dev/null || true
        (($2 <= lane_end[$1] + 15)) || kill -KILL "$pid" 2>/dev/null || true
        return 0
    fi
    wait "$pid" || status=$?
    count_time "$1" "$2"
    lane_pid[$1]=
    left=$((lane_end[$1] - $2))
    # libFuzzer ends with its first crash.
    if ((status != 0 && left >= 3)); then
        if [[ ${lane_kind[$1]} == libfuzzer ]]; then
            start_instance "$1" "${lane_target[$1]}" libfuzzer "$left"
        else
            drop_kind "${lane_target[$1]}" "${lane_kind[$1]}" "$status"
        fi
    fi
}

# count_time LANE NOW
count_time()
{
    local what="${lane_target[$1]} ${lane_kind[$1]}"
    used[$what]=$((${used[$what]:-0} + $2 - lane_start[$1]))
}

# drop_kind TARGET KIND STATUS: an AFL++ instance that ended by itself would do so again.
drop_kind()
{
    local kind rest=()
    complaints+=("$1 $2 ended early with status $3: $(instance_complaint "$state/work/$1/logs" "$2")")
    say "${complaints[-1]}"
    for kind in ${kinds[$1]}; do
        [[ $kind == "$2" ]] || rest+=("$kind")
    done
    kinds[$1]=${rest[*]}
    if ((${#rest[@]} == 0)); then
        idle=1
        complaints+=("nothing could fuzz $1 any longer")
    fi
}

# What AFL++ said last, without its colours.
instance_complaint()
{
    local log
    log=$(find "$1" -name "$2.*" -printf '%T@ %p\n' | sort -n | sed -n '$s/^[^ ]* //p')
    sed 's/\x1b\[[0-9;?]*[a-zA-Z]//g' "$log" | grep -a -m 1 -E 'PROGRAM ABORT|SYSTEM ERROR|ERROR' ||
        echo "see $log"
}

end_instances()
{
    local lane tries
    for lane in "${!lane_pid[@]}"; do
        [[ -z ${lane_pid[lane]} ]] || kill -TERM "${lane_pid[lane]}" 2>/dev/null || true
    done
    for ((tries = 0; tries < 100; tries++)); do
        [[ -n $(jobs -rp) ]] || break
        sleep 0.1
    done
    for lane in "${!lane_pid[@]}"; do
        [[ -n ${lane_pid[lane]} ]] || continue
        ! is_alive "${lane_pid[lane]}" || kill -KILL "${lane_pid[lane]}" 2>/dev/null || true
        wait "${lane_pid[lane]}" 2>/dev/null || true
        count_time "$lane" "$(date +%s)"
        lane_pid[lane]=
    done
    write_pids
}

# started_at PID: when the kernel started it, so that another process with its number is not taken for it.
started_at()
{
    sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20
}

write_pids()
{
    local lane
    for lane in "${!lane_pid[@]}"; do
        [[ -z ${lane_pid[lane]} ]] || echo "${lane_pid[lane]} $(started_at "${lane_pid[lane]}")"
    done >"$state/pids"
}

# A campaign that was killed has left its instances running.
end_leftovers()
{
    local pid start
    [[ -s $state/pids ]] || return 0
    while read -r pid start; do
        [[ -n $start && $(started_at "$pid") == "$start" ]] || continue
        say "ending process $pid of a campaign that was killed"
        kill -TERM "$pid" 2>/dev/null || true
        sleep 1
        [[ $(started_at "$pid") != "$start" ]] || kill -KILL "$pid" 2>/dev/null || true
    done <"$state/pids"
    : >"$state/pids"
}
