#!/bin/bash -eu
# SPDX-License-Identifier: BSD-2-Clause
# build.sh: what OSS-Fuzz and ClusterFuzzLite run to build the fuzz targets. Takes from the environment what they set there: CC,
# CFLAGS, CXX, CXXFLAGS, LIB_FUZZING_ENGINE, SRC (the sources are in SRC/reblock), WORK and OUT. Leaves in OUT, for each target, the program
# NAME_fuzz, its seeds NAME_fuzz_seed_corpus.zip, its dictionary NAME_fuzz.dict and its settings NAME_fuzz.options, the last two
# where there are such; and lib/, what they are linked with.

source=$SRC/reblock
build=$WORK/reblock

# Their flags are all there is to be: a build type that CMake does not know adds none.
cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Engine -DREBLOCK_FUZZ=engine \
    -DREBLOCK_COLLECTOR=OFF -DREBLOCK_AGENT=OFF -DREBLOCK_TESTS=OFF -DREBLOCK_SYSTEM_LIBIPT=ON
cmake --build "$build" --parallel "$(nproc)" --target fuzz_targets

# There is no static libipt: the programs look for the shared one in lib/ beside them, and have it nowhere else.
mkdir -p "$OUT/lib"
cp -L "$(sed -n 's/^LIBIPT_SYSTEM_LIBRARY:FILEPATH=//p' "$build/CMakeCache.txt")" "$OUT/lib/libipt.so.2"

# seeds NAME: files with the same name in two folders are both kept.
seeds()
{
    local name=$1 folder file seeds=$build/seeds/$1
    rm -rf "$seeds"
    mkdir -p "$seeds"
    for folder in fuzz regressions; do
        for file in "$source/corpus/$folder/$name"/*; do
            [[ -f $file ]] && cp "$file" "$seeds/$folder-$(basename "$file")"
        done
    done
    [[ -n $(ls "$seeds") ]] || return 0
    (cd "$seeds" && ls >../"$name".list && cmake -E tar cf "$OUT/${name}_fuzz_seed_corpus.zip" --format=zip \
        --files-from=../"$name".list)
}

for program in "$build"/fuzz/*_fuzz; do
    name=$(basename "$program" _fuzz)
    cp "$program" "$OUT/"
    seeds "$name"
    if [[ -f $source/fuzz/$name.dict ]]; then
        cp "$source/fuzz/$name.dict" "$OUT/${name}_fuzz.dict"
    fi
    options=$source/fuzz/oss-fuzz/$name.options
    [[ -f $options ]] || options=$source/fuzz/oss-fuzz/default.options
    cp "$options" "$OUT/${name}_fuzz.options"
done
