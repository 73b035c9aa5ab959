#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# oss_fuzz.sh FOLDER: fuzz/oss-fuzz/build.sh builds every target in an environment like OSS-Fuzz's, in FOLDER, and each runs
# as it would there. Two at a time, for REBLOCK_OSS_FUZZ_SECONDS (2) seconds each.
set -euo pipefail
folder=$1
seconds=${REBLOCK_OSS_FUZZ_SECONDS:-2}
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

for tool in clang clang++ cmake ninja; do
    command -v "$tool" >/dev/null || { echo "$tool is not installed"; exit 77; }
done
mkdir -p "$folder/src" "$folder/work"
folder=$(cd "$folder" && pwd)
rm -rf "$folder/out" "$folder/run"
mkdir -p "$folder/out" "$folder/run"
ln -sfn "$source" "$folder/src/reblock"
echo 'int LLVMFuzzerTestOneInput(const char *data, unsigned long size) { return !data && size; }' >"$folder/run/try.c"
clang -fsanitize=fuzzer,address -o "$folder/run/try" "$folder/run/try.c" 2>/dev/null ||
    { echo "clang has no libFuzzer (libclang-rt-dev)"; exit 77; }

# infra/base-images/base-builder/compile there: the flags of engine libfuzzer with sanitizer address.
flags="-O1 -fno-omit-frame-pointer -gline-tables-only -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION \
-fsanitize=address -fsanitize-address-use-after-scope -fsanitize=fuzzer-no-link"
start=$SECONDS
if ! env -i PATH="$PATH" HOME="$folder" SRC="$folder/src" WORK="$folder/work" OUT="$folder/out" ARCHITECTURE=x86_64 \
    FUZZING_ENGINE=libfuzzer SANITIZER=address FUZZING_LANGUAGE=c LIB_FUZZING_ENGINE=-fsanitize=fuzzer \
    CC=clang CXX=clang++ CFLAGS="$flags" CXXFLAGS="$flags" \
    bash -eu "$source/fuzz/oss-fuzz/build.sh" >"$folder/build.log" 2>&1; then
    tail -30 "$folder/build.log"
    echo "build.sh failed"
    exit 1
fi
echo "built in $((SECONDS - start)) s"

# run NAME: what OSS-Fuzz's run_fuzzer does.
run()
{
    local name=$1 out=$folder/out/${1}_fuzz run=$folder/run/$1 dictionary=() most
    mkdir -p "$run/corpus"
    [[ -x $out ]] || { echo "$name: no program"; return 1; }
    if ldd "$out" | grep -E 'jansson|traceevent|zstd'; then
        echo "$name: takes a library that OSS-Fuzz's containers have not"
        return 1
    fi
    # what has no static library comes along
    if ldd "$out" | grep ipt | grep -vF "=> $folder/out/lib/"; then
        echo "$name: takes libipt from elsewhere than lib/ beside it"
        return 1
    fi
    if [[ -n $(ls "$source/corpus/fuzz/$name" 2>/dev/null) ]]; then
        (cd "$run/corpus" && cmake -E tar xf "${out}_seed_corpus.zip")
        [[ $(find "$run/corpus" -type f | wc -l) -ge $(find "$source/corpus/fuzz/$name" -type f | wc -l) ]] ||
            { echo "$name: seeds are missing"; return 1; }
    fi
    if [[ -f $source/fuzz/$name.dict ]]; then
        dictionary=(-dict="$out.dict")
    fi
    most=$(sed -n 's/^max_len *= *//p' "$out.options")
    (cd "$run" && "$out" -rss_limit_mb=2560 -timeout=25 -max_len="$most" -max_total_time="$seconds" -print_final_stats=1 \
        "${dictionary[@]}" corpus) >"$run/log" 2>&1 ||
        { tail -30 "$run/log"; echo "$name: failed"; return 1; }
    sed -n "s/^stat::number_of_executed_units: /$name: runs: /p" "$run/log"
    grep -q '^stat::number_of_executed_units: [1-9]' "$run/log"
}

names=()
for target in "$source"/fuzz/*_fuzz.c; do
    names+=("$(basename "$target" _fuzz.c)")
done
[[ $(find "$folder/out" -name '*_fuzz' | wc -l) -eq ${#names[@]} ]] || { ls "$folder/out"; echo "not all targets are built"; exit 1; }
failed=0
for ((i = 0; i < ${#names[@]}; i += 2)); do
    pids=()
    for name in "${names[@]:i:2}"; do
        run "$name" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid" || failed=1
    done
done
exit "$failed"
