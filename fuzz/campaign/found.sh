# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared by the parts of campaign.sh
# $state/found/REASON/: a finding. README says what and how to run it again; input is the smallest input; said.txt is all
# that the target printed; where the input is a run, trace.rbt is the trace of it and explain.txt what reblock says.

# By the key of a finding of this campaign: its target, reason, smallest input, how many inputs, which instance's it was.
declare -A finding_target=() finding_reason=() finding_input=() finding_count=() finding_source=()
new=()
known=()
fixed=()
complaints=()
new_found=0
# Crashes of earlier campaigns that are sorted now.
looked_at=()

# recheck_found: what earlier campaigns found and no longer fails goes to $state/fixed.
recheck_found()
{
    local folder target
    for folder in "$state"/found/*/; do
        [[ -f $folder/input && -f $folder/target ]] || continue
        target=$(<"$folder/target")
        # A target that this campaign does not build cannot be asked.
        [[ -x $builds/fuzz/fuzz/${target}_replay ]] || continue
        if replay "$target" "$folder/input" && [[ $(key_of "$(reason_of "$target")") == "$(basename "$folder")" ]]; then
            known+=("$(basename "$folder")")
        elif [[ $(<"$folder/reason") != *"not when replayed" ]]; then
            fixed+=("$(basename "$folder")")
            mkdir -p "$state/fixed"
            rm -rf "$state/fixed/$(basename "$folder")"
            mv "$folder" "$state/fixed/"
        fi
    done
}

# add_finding TARGET FILE REASON; files come smallest first.
add_finding()
{
    local key
    key=$(key_of "$3")
    finding_count[$key]=$((${finding_count[$key]:-0} + 1))
    [[ -z ${finding_target[$key]:-} ]] || return 0
    finding_target[$key]=$1
    finding_reason[$key]=$3
    finding_input[$key]=$2
    finding_source[$key]=$(source_of "$2")
}

keep_findings()
{
    local key folder
    for key in "${!finding_target[@]}"; do
        folder=$state/found/$key
        if [[ ! -d $folder ]]; then
            new+=("$key")
            new_found=$((new_found + 1))
        elif (($(stat -c %s "${finding_input[$key]}") >= $(stat -c %s "$folder/input"))); then
            [[ " ${known[*]} " == *" $key "* ]] || known+=("$key")
            continue
        elif [[ " ${known[*]} " != *" $key "* ]]; then
            known+=("$key")
        fi
        keep_finding "$key" "$folder.part"
        rm -rf "$folder"
        mv "$folder.part" "$folder"
    done
    # What was not looked at stays for the next campaign.
    ((${#looked_at[@]} == 0)) || rm -f "${looked_at[@]}"
}

# keep_finding KEY FOLDER
keep_finding()
{
    local key=$1 folder=$2 target=${finding_target[$1]} reason
    say "shrinking ${finding_reason[$key]}"
    rm -rf "$folder"
    mkdir -p "$folder"
    shrink "$target" "${finding_input[$key]}" "$folder/input" "$key"
    # The small input's reason names its own record.
    reason=${finding_reason[$key]}
    if replay "$target" "$folder/input"; then
        reason=$(reason_of "$target")
    fi
    finding_reason[$key]=$reason
    cp "$state/said" "$folder/said.txt"
    echo "$target" >"$folder/target"
    echo "$reason" >"$folder/reason"
    explain_run "$target" "$folder" "$reason"
    {
        echo "$reason"
        echo "Found $(date -u '+%Y-%m-%d %H:%M UTC') by ${finding_source[$key]}, inputs that fail so: ${finding_count[$key]}; bytes of the" \
            "smallest, shrunk: $(stat -c %s "$folder/input")."
        echo "Run it again: $builds/fuzz/fuzz/${target}_replay $state/found/$key/input"
        [[ ! -s $folder/explain.txt ]] || echo "As a trace: trace.rbt; what reblock says of it: explain.txt"
        echo "When it is fixed, copy input to corpus/regressions/$target/: the tests replay it there."
    } >"$folder/README"
}

# The program reblock; where the tree has not built it yet, it is built.
reblock_program()
{
    local program=$builds/release/reblock
    [[ -x $program || $builds != build ]] || ./dev build release reblock </dev/null >&2 9>&-
    [[ -x $program ]] && realpath "$program"
}

# explain_run TARGET FOLDER REASON: a run is written as a trace, so that reblock itself can show it.
explain_run()
{
    local trace=$2/trace.rbt reblock converter=$builds/fuzz/fuzz/campaign/run_to_trace options=() record
    is_run "$1" && [[ -x $converter ]] || return 0
    reblock=$(reblock_program) || return 0
    # It says with which options reblock has to be asked.
    if ! read -ra options < <("$converter" "$2/input" "$trace" 2>/dev/null) && [[ ! -s $trace ]]; then
        return 0
    fi
    record=$(grep -oE 'record #?[0-9]+' <<<"$3" | grep -oE '[0-9]+' | head -n 1 || true)
    (
        cd "$2"
        timeout 20 "$reblock" audit --color never "${options[@]}" trace.rbt </dev/null 2>&1 || true
        [[ -n $record ]] || record=$(timeout 20 "$reblock" audit --json "${options[@]}" trace.rbt </dev/null 2>/dev/null |
            sed -nE 's/.*"records":\[([0-9]+).*/\1/p' | head -n 1)
        if [[ -n $record ]]; then
            printf '\n$ reblock explain %strace.rbt#%s\n' "${options[*]:+${options[*]} }" "$record"
            timeout 20 "$reblock" explain --color never "${options[@]}" "trace.rbt#$record" </dev/null 2>&1 || true
        fi
    ) >"$2/explain.txt" || true
}
