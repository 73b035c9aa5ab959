# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared by the parts of campaign.sh
# Corpora: what all instances of a target found is merged, and minimised twice. $state/corpus/TARGET has an input for each
# feature that libFuzzer tells apart: the next campaign begins with it. $corpus/fuzz/TARGET, which is kept with the sources,
# has few and small ones. There, only files that have a SHA-1 for a name are the campaign's to replace: others are
# somebody's seeds.

merge_seconds=300

# corpus/fuzz of all targets together stays below 5 MB.
kept_bytes_of_all=4000000
kept_files_most=400

# Puts the inputs that a target starts from into work/TARGET/seeds, those that make it fail aside.
prepare_seeds()
{
    local target=$1 work=$state/work/$1 file failing
    rm -rf "$work"
    mkdir -p "$work"/{seeds,logs,afl} "$work"/libfuzzer/{corpus,crashes}
    by_content "$work/seeds" "$corpus/fuzz/$target" "$corpus/regressions/$target" "$state/corpus/$target"
    mapfile -t failing < <(failing_of "$target" "$work/seeds"/*)
    for file in "${failing[@]}"; do
        [[ -f $file ]] || continue
        say "$target fails over a seed"
        mkdir -p "$state/unsorted/$target"
        mv "$file" "$state/unsorted/$target/seed-$(basename "$file")"
        rm -f "$state/corpus/$target/$(basename "$file")"
    done
    # A fuzzer has to begin with something.
    [[ -n $(files_of "$work/seeds") ]] || printf 'reblock\n%056d' 0 >"$work/seeds/nothing"
}

# by_content OUT FOLDER...: their files that are not too long, once each, under their SHA-1.
by_content()
{
    local out=$1 longest=$longest_file
    shift
    ! is_run "$target" || longest=$longest_run
    files_of "$@" | while IFS= read -r file; do
        (($(stat -c %s "$file") > longest)) || printf '%s\0' "$file"
    done | xargs -0 -r sha1sum | sed 's/^\\//' | sort -u -k 1,1 | while read -r sum file; do
        cp --no-preserve=mode "$file" "$out/$sum"
    done
}

# failing_of TARGET FILE...: those over which it fails, found by halves.
failing_of()
{
    local target=$1 half
    shift
    [[ -e ${1:-} ]] || return 0
    replay "$target" "$@" || return 0
    if (($# == 1)); then
        echo "$1"
        return
    fi
    half=$(($# / 2))
    failing_of "$target" "${@:1:half}"
    failing_of "$target" "${@:half+1}"
}

# gather_leftovers: a campaign that was killed has merged nothing; what it found is taken over.
gather_leftovers()
{
    local folder target file
    for folder in "$state"/work/*/; do
        [[ -d $folder ]] || continue
        target=$(basename "$folder")
        if [[ ! -e $folder/merged ]]; then
            say "taking over what a campaign that was killed has found for $target"
            mkdir -p "$state/corpus/$target"
            by_content "$state/corpus/$target" "$folder"afl/*/queue "$folder"libfuzzer/corpus
            crash_files "${folder%/}" | while IFS= read -r file; do
                put_aside "$target" "$file"
            done
        fi
        rm -rf "$folder"
    done
}

merge_corpora()
{
    local target
    for target in "${targets[@]}"; do
        if ((stop > 1)); then
            complaints+=("$target: its corpora were not merged, as this was ended in a hurry; the next campaign takes them over")
            continue
        fi
        [[ ! -t 1 ]] || printf '\r\033[Kfuzz: merging corpora of %s' "$target"
        if merge_target "$target"; then
            touch "$state/work/$target/merged"
        else
            complaints+=("$target: its corpora could not be merged; see $state/work/$target/logs/merge")
        fi
    done
    [[ ! -t 1 ]] || printf '\r\033[K'
}

merge_target()
{
    local target=$1 work=$state/work/$1 all=$state/work/$1/all out=$state/work/$1/features
    rm -rf "$all" "$out"
    mkdir -p "$all" "$out" "$state/corpus" "$corpus/fuzz/$1"
    by_content "$all" "$corpus/fuzz/$target" "$state/corpus/$target" "$work"/afl/*/queue "$work"/libfuzzer/corpus
    # Where every input fails there is nothing to keep.
    [[ -n $(files_of "$all") ]] || return 0
    minimise_features "$target" "$all" "$out" >"$work/logs/merge" 2>&1 </dev/null 9>&- || return 1
    [[ -n $(files_of "$out") ]] || return 1
    rm -rf "${state:?}/corpus/$target"
    mv "$out" "$state/corpus/$target"
    keep_corpus "$target" "$state/corpus/$target" >>"$work/logs/merge" 2>&1 </dev/null 9>&-
}

# minimise_features TARGET ALL OUT: by libFuzzer, whose merge takes seconds where afl-cmin takes minutes.
minimise_features()
{
    if [[ -x $builds/fuzz/fuzz/$1_fuzz ]]; then
        ulimit -c 0
        timeout -k 5 "$merge_seconds" "$builds/fuzz/fuzz/$1_fuzz" -merge=1 -timeout="$libfuzzer_timeout" -rss_limit_mb=2048 \
            -print_funcs=0 -artifact_prefix="$state/work/$1/all-" "$3" "$2"
    else
        minimise_edges "$1" "$2" "$3" ""
    fi
}

# minimise_edges TARGET IN OUT -e|"": by afl-cmin; with -e, how often an edge is taken does not count.
minimise_edges()
{
    rm -rf "$3"
    ulimit -c 0
    if has_afl && [[ -x $builds/afl/fuzz/$1_afl ]]; then
        env -u ASAN_OPTIONS -u UBSAN_OPTIONS AFL_FORKSRV_INIT_TMOUT=30000 AFL_IGNORE_UNKNOWN_ENVS=1 AFL_ALLOW_TMP=1 \
            timeout -k 5 "$merge_seconds" afl-cmin -i "$2" -o "$3" -t "$afl_timeout" -m none ${4:+"$4"} -- \
            "$builds/afl/fuzz/$1_afl"
    else
        mkdir -p "$3"
        timeout -k 5 "$merge_seconds" "$builds/fuzz/fuzz/$1_fuzz" -set_cover_merge=1 -timeout="$libfuzzer_timeout" \
            -print_funcs=0 "$3" "$2"
    fi
}

# edges_of TARGET FOLDER: how many its inputs reach together; 0 where nothing can count them.
edges_of()
{
    local map=$state/work/$1/map
    rm -f "$map"
    if has_afl && [[ -x $builds/afl/fuzz/$1_afl && -n $(files_of "$2") ]]; then
        env -u ASAN_OPTIONS -u UBSAN_OPTIONS AFL_FORKSRV_INIT_TMOUT=30000 AFL_IGNORE_UNKNOWN_ENVS=1 timeout -k 5 "$merge_seconds" \
            afl-showmap -q -e -C -i "$2" -o "$map" -t "$afl_timeout" -m none -- "$builds/afl/fuzz/$1_afl" >/dev/null 2>&1 || true
    fi
    if [[ -f $map ]]; then
        wc -l <"$map"
    else
        echo 0
    fi
}

# keep_corpus TARGET FEATURES: into $corpus/fuzz/TARGET, if it is worth a change there.
keep_corpus()
{
    local target=$1 kept=$corpus/fuzz/$1 out=$state/work/$1/kept share most way file before after
    share=$((kept_bytes_of_all / $(all_targets | wc -l)))
    most=$share
    for way in "" -e; do
        minimise_edges "$target" "$2" "$out" "$way" || return 1
        (($(bytes_of "$out") > most || $(files_of "$out" | wc -l) > kept_files_most)) || break
    done
    # Still too much: the longest go, and what they alone reached goes with them.
    files_of "$out" | by_size | while IFS= read -r file; do
        most=$((most - $(stat -c %s "$file")))
        ((most >= 0)) || rm -f "$file"
    done
    before=$(edges_of "$target" "$kept")
    after=$(edges_of "$target" "$out")
    echo "kept before: $before edges, $(bytes_of "$kept") bytes; now: $after edges, $(bytes_of "$out") bytes"
    if [[ -n $(files_of "$kept") ]] && ((after > 0 && after <= before && $(bytes_of "$kept") <= share &&
        $(bytes_of "$out") * 5 > $(bytes_of "$kept") * 4)); then
        return 0
    fi
    while IFS= read -r file; do
        [[ ! $(basename "$file") =~ ^[0-9a-f]{40}$ ]] || rm -f "$file"
    done < <(files_of "$kept")
    by_content "$kept" "$out"
    drop_seeds_copies "$kept"
}

# A seed that has a name of its own need not be there twice.
drop_seeds_copies()
{
    local file sum
    while IFS= read -r file; do
        [[ ! $(basename "$file") =~ ^[0-9a-f]{40}$ ]] || continue
        sum=$(sha1sum <"$file" | cut -d ' ' -f 1)
        rm -f "$1/$sum"
    done < <(files_of "$1")
}
