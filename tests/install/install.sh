#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# install.sh BUILD: installs to a new prefix, moves it, and builds a program against it, shared and static.
set -euo pipefail

build=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail()
{
    echo "install: $*" >&2
    exit 1
}

cmake --install "$build" --prefix "$work/first" >"$work/log" || fail "$(cat "$work/log")"
mv "$work/first" "$work/moved"
prefix=$work/moved

# What runs the agent, where the collector was built: the unit names the program by the prefix that it was given.
if "$prefix/bin/reblock" --help | grep -q '^ *watch'; then
    grep -qF "ExecStart=$work/first/bin/reblock watch " "$prefix/lib/systemd/system/reblock-watch.service" || fail "the unit starts something else"
    for file in reblock.rules.yml reblock.json; do
        [[ -s $prefix/share/reblock/$file ]] || fail "$file is missing"
    done
fi

pc=$(find "$prefix" -name reblock.pc)
[[ -n $pc ]] || fail "no reblock.pc"
export PKG_CONFIG_PATH=${pc%/*}
library=$(pkg-config --variable=libdir reblock)
for file in bin/reblock include/reblock/record.h share/doc/reblock/LICENSE; do
    [[ -s $prefix/$file ]] || fail "$file is missing"
done
for file in libreblock.a libreblock.so libreblock.so.0; do
    [[ -s $library/$file ]] || fail "$file is missing"
done

"$prefix/bin/reblock" --version >/dev/null || fail "the program does not run"

# What the libraries export begins with reblock_.
for list in "-D $library/libreblock.so" "$library/libreblock.a"; do
    # shellcheck disable=SC2086 # option and file
    others=$(nm --defined-only --extern-only --format=posix $list | awk 'NF > 2 && $1 !~ /^reblock_/ { print $1 }')
    [[ -z $others ]] || fail "exported by ${list##*/}: $others"
done

# Every header stands alone.
for header in "$prefix"/include/reblock/*.h; do
    # shellcheck disable=SC2046 # options
    cc -std=c17 -Wall -Wextra -Werror $(pkg-config --cflags reblock) -fsyntax-only -x c "$header" ||
        fail "${header##*/} does not stand alone"
done

# The example, as its first lines say.
# shellcheck disable=SC2046 # options
cc -std=c17 -Wall -Wextra -Werror -shared -fPIC $(pkg-config --cflags reblock) -o "$work/mine.so" \
    "$prefix/share/doc/reblock/examples/policy/mine.c"
status=0
"$prefix/bin/reblock" audit --quiet --policy "$work/mine.so" "$here/../../corpus/traces/6.12-stock.rbt" >"$work/out" || status=$?
[[ $status == 1 ]] || fail "audit with the example's policy ends with status $status"
grep -q 'policy    mine' "$work/out" || fail "the example's policy predicts nothing"

# shellcheck disable=SC2046 # options
cc -std=c17 -Wall -Wextra -Werror "$here/use.c" -o "$work/shared" $(pkg-config --cflags --libs reblock)
LD_LIBRARY_PATH=$library "$work/shared" || fail "the program that uses the shared library fails"

# shellcheck disable=SC2046 # options
cc -std=c17 -Wall -Wextra -Werror "$here/use.c" -o "$work/static" -static \
    $(pkg-config --cflags --libs --static reblock)
"$work/static" || fail "the program that uses the static library fails"
