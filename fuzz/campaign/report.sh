# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared by the parts of campaign.sh
# The report: report.txt for people, report.json for machines, the earlier ones in reports/.

# json TEXT: as a JSON string
json()
{
    printf '"%s"' "$(sed 's/[\\"]/\\&/g; s/\t/\\t/g' <<<"$1" | tr -d '\000-\037')"
}

# stat_of FUZZER-STATS NAME
stat_of()
{
    sed -nE "s/^$2 *: *//p" "$1" | tr -d ' %'
}

# instance_lines TARGET: of each instance that ran: kind, seconds, executions, paths, crashes, stability, edges; "-" is
# what it does not say.
instance_lines()
{
    local work=$state/work/$1 stats kind
    for stats in "$work"/afl/*/fuzzer_stats; do
        [[ -e $stats ]] || continue
        kind=$(basename "$(dirname "$stats")")
        echo "$kind ${used[$1 $kind]:-0} $(stat_of "$stats" execs_done) $(stat_of "$stats" corpus_count)" \
            "$(find "$work/afl/$kind"/crashes* -type f ! -name 'README*' | wc -l)" \
            "$(stat_of "$stats" stability) $(stat_of "$stats" edges_found)"
    done
    if compgen -G "$work/logs/libfuzzer.*" >/dev/null; then
        echo "libfuzzer ${used[$1 libfuzzer]:-0} $(libfuzzer_executions "$work") $(files_of "$work/libfuzzer/corpus" | wc -l)" \
            "$(files_of "$work/libfuzzer/crashes" | wc -l) - -"
    fi
}

processor()
{
    sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1
}

# findings_text HEADING KEY...
findings_text()
{
    local heading=$1 key folder
    shift
    (($#)) || return 0
    echo
    echo "$heading"
    for key in "$@"; do
        folder=$state/found/$key
        [[ -d $folder ]] || folder=$state/fixed/$key
        echo "  $(<"$folder/reason")"
        echo "      $folder"
    done
}

report_text()
{
    local target kind secs execs paths crashes stability edges complaint
    echo "Campaign of $(date -u -d "@$1" '+%Y-%m-%d %H:%M UTC'), $(human $(($2 - $1))) on $jobs job$([[ $jobs == 1 ]] || echo s); $(nproc)" \
        "processors, $(processor)"
    findings_text "NEW:" "${new[@]}"
    findings_text "Known, and failing still:" "${known[@]}"
    findings_text "No longer failing (put the input into corpus/regressions/TARGET):" "${fixed[@]}"
    ((${#new[@]} + ${#known[@]})) || printf '\nNothing fails.\n'
    if ((${#complaints[@]})); then
        echo
        echo "Not as it should be:"
        for complaint in "${complaints[@]}"; do
            echo "  $complaint"
        done
    fi
    echo
    printf '%-10s %-10s %7s %15s %9s %7s %7s %9s %7s\n' target instance seconds executions per\ s paths crashes stability edges
    for target in "${targets[@]}"; do
        while read -r kind secs execs paths crashes stability edges; do
            printf '%-10s %-10s %7s %15s %9s %7s %7s %9s %7s\n' "$target" "$kind" "$secs" "$(grouped "$execs")" \
                "$(grouped $((execs / (secs ? secs : 1))))" "$paths" "$crashes" "$stability" "$edges"
        done < <(instance_lines "$target")
    done
    echo
    printf '%-10s %15s %25s %25s\n' target executions "corpus of this machine" "kept in $corpus/fuzz"
    for target in "${targets[@]}"; do
        printf '%-10s %15s %25s %25s\n' "$target" "$(grouped "$(executions_of "$state/work/$target")")" \
            "$(folder_words "$state/corpus/$target")" "$(folder_words "$corpus/fuzz/$target")"
    done
}

folder_words()
{
    echo "$(files_of "$1" | wc -l) files, $((($(bytes_of "$1") + 1023) / 1024)) KiB"
}

# findings_json STATE KEY...: objects, each with a comma before it but the first of all
findings_json()
{
    local state_word=$1 key folder
    shift
    for key in "$@"; do
        folder=$state/found/$key
        [[ -d $folder ]] || folder=$state/fixed/$key
        printf '%s{"state":"%s","target":%s,"reason":%s,"input":%s,"bytes":%d}' "$comma" "$state_word" \
            "$(json "$(<"$folder/target")")" "$(json "$(<"$folder/reason")")" "$(json "$folder/input")" \
            "$(stat -c %s "$folder/input")"
        comma=,
    done
}

report_json()
{
    local target kind secs execs paths crashes stability edges complaint comma=""
    printf '{"started":%d,"ended":%d,"jobs":%d,"processors":%d,"processor":%s,"findings":[' "$1" "$2" "$jobs" "$(nproc)" \
        "$(json "$(processor)")"
    findings_json new "${new[@]}"
    findings_json known "${known[@]}"
    findings_json fixed "${fixed[@]}"
    printf '],"complaints":['
    comma=""
    for complaint in "${complaints[@]}"; do
        printf '%s%s' "$comma" "$(json "$complaint")"
        comma=,
    done
    printf '],"instances":['
    comma=""
    for target in "${targets[@]}"; do
        while read -r kind secs execs paths crashes stability edges; do
            printf '%s{"target":%s,"instance":%s,"settings":%s,"seconds":%d,"executions":%d,"paths":%d,"crashes":%d' "$comma" \
                "$(json "$target")" "$(json "$kind")" "$(json "$(words_of "$kind")")" "$secs" "$execs" "$paths" "$crashes"
            [[ $stability == - ]] || printf ',"stability":%s' "$stability"
            [[ $edges == - ]] || printf ',"edges":%d' "$edges"
            printf '}'
            comma=,
        done < <(instance_lines "$target")
    done
    printf '],"corpora":['
    comma=""
    for target in "${targets[@]}"; do
        printf '%s{"target":%s,"kept_files":%d,"kept_bytes":%d}' "$comma" "$(json "$target")" \
            "$(files_of "$corpus/fuzz/$target" | wc -l)" "$(bytes_of "$corpus/fuzz/$target")"
        comma=,
    done
    printf ']}\n'
}

# What survives from one input to the next is a fault of the target, and makes crashes that cannot be repeated.
check_stability()
{
    local target kind stability _
    for target in "${targets[@]}"; do
        while read -r kind _ _ _ _ stability _; do
            [[ $stability == - || -z $stability || $stability == 100.00 ]] ||
                complaints+=("$target $kind: stability $stability %: the same input does not always take the same path")
        done < <(instance_lines "$target")
    done
}

# write_report STARTED ENDED
write_report()
{
    local name
    check_stability
    name=$(date -u -d "@$1" +%Y%m%dT%H%M%SZ)
    mkdir -p "$state/reports"
    report_text "$1" "$2" >"$state/reports/$name.txt"
    report_json "$1" "$2" >"$state/reports/$name.json"
    cp "$state/reports/$name.txt" "$state/report.txt"
    cp "$state/reports/$name.json" "$state/report.json"
}
