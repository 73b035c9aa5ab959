#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# coverage.sh [--builds FOLDER] [--corpus FOLDER] [--table FILE] [--lines]: which lines of analyzer/model and analyzer/audit
# the kept corpus does not reach. Each has to stand in fuzz/uncovered.table, with the reason. --lines prints the lines as
# the table has them, for a new entry.
#
# Exit status: 0 all others are reached; 1 not so; 2 it could not be measured.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C.UTF-8

builds=build
corpus=corpus
table=fuzz/uncovered.table
only_lines=0

die()
{
    echo "coverage: $*" >&2
    exit 2
}

while (($#)); do
    case $1 in
    --builds | --corpus | --table)
        [[ -n ${2:-} ]] || die "$1 takes a path"
        printf -v "${1#--}" '%s' "$2"
        shift 2
        ;;
    --lines)
        only_lines=1
        shift
        ;;
    *)
        die "$1 is not an option of it: ./dev fuzz --help"
        ;;
    esac
done

# tool NAME: LLVM's, of the version that belongs to clang.
tool()
{
    local version
    version=$(clang -dumpversion 2>/dev/null | cut -d . -f 1)
    command -v "$1-$version" || command -v "$1" || die "$1 is not installed (Debian's package llvm)"
}
profdata=$(tool llvm-profdata)
cov=$(tool llvm-cov)

if [[ $builds == build ]]; then
    ./dev build coverage >&2 || die "build/coverage cannot be built; what failed stands above"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Every target over all of its inputs.
programs=()
for program in "$builds"/coverage/fuzz/*_replay; do
    [[ -x $program ]] || die "there are no programs in $builds/coverage/fuzz"
    name=$(basename "$program" _replay)
    programs+=("$program")
    find "$corpus/fuzz/$name" "$corpus/regressions/$name" -type f -print0 2>/dev/null >"$work/inputs" || true
    if [[ ! -s $work/inputs ]]; then
        echo "coverage: $name has no inputs in $corpus" >&2
        continue
    fi
    if ! LLVM_PROFILE_FILE="$work/$name-%p.profraw" timeout 600 xargs -0 -n 2000 "$program" \
        <"$work/inputs" >"$work/said" 2>&1; then
        tail -n 3 "$work/said" >&2
        die "$name fails over $corpus"
    fi
done
compgen -G "$work/*.profraw" >/dev/null || die "no inputs were found in $corpus"
"$profdata" merge -sparse -o "$work/profile" "$work"/*.profraw || die "llvm-profdata failed"

objects=()
for program in "${programs[@]:1}"; do
    objects+=(-object "$program")
done
"$cov" export -format=lcov -instr-profile="$work/profile" "${programs[0]}" "${objects[@]}" >"$work/lcov" \
    2>"$work/complaints" || { cat "$work/complaints" >&2; die "llvm-cov failed"; }

# From lcov: "FILE:LINE FUNCTION" of each line that no input reaches, and the counts of lines.
awk -F: -v root="$PWD/" -v totals="$work/totals" '
    /^SF:/ {
        file = substr($0, 4)
        # A compiler cache that serves several checkouts names a file from the folder of the build: ROOT/build/coverage/../../FILE.
        while (sub(/[^\/]+\/\.\.\//, "", file)) continue
        if (index(file, root) == 1) file = substr(file, length(root) + 1)
        wanted = file ~ /^analyzer\/(model|audit)\//
        n = 0
        next
    }
    !wanted { next }
    /^FN:/ {
        split(substr($0, 4), part, ",")
        at[++n] = part[1] + 0
        name[n] = part[2]
        sub(/.*:/, "", name[n])
        next
    }
    /^DA:/ {
        split(substr($0, 4), part, ",")
        lines++
        if (part[2] + 0 > 0) { reached++; next }
        best = 0
        for (i = 1; i <= n; i++)
            if (at[i] <= part[1] + 0 && (!best || at[i] > at[best])) best = i
        printf "%s:%d %s\n", file, part[1], best ? name[best] : "-"
    }
    END { printf "%d %d\n", reached, lines >totals }' "$work/lcov" >"$work/missed"
read -r reached lines <"$work/totals"
((lines > 0)) || die "nothing of analyzer/model and analyzer/audit is in the programs"

# An entry of the table: FILE FUNCTION: LINE'S TEXT | REASON, or * for all lines of the function. Line numbers would be wrong
# after the next change.
known=0
unexplained=0
declare -A reasons=() used=()
if [[ -e $table ]]; then
    while IFS= read -r line; do
        [[ $line == *" | "* && $line != "#"* ]] || continue
        reasons[${line%" | "*}]=${line##*" | "}
    done <"$table"
fi
while read -r place function; do
    file=${place%:*}
    text=$(sed -n "${place##*:}p" "$file" | tr '\t' ' ' | tr -s ' ' | sed 's/^ //; s/ $//')
    entry="$file $function: $text"
    [[ -z ${reasons["$file $function: *"]:-} ]] || entry="$file $function: *"
    if ((only_lines)); then
        [[ -n ${reasons[$entry]:-} ]] || echo "$entry | "
        continue
    fi
    if [[ -n ${reasons[$entry]:-} ]]; then
        known=$((known + 1))
        used[$entry]=1
        echo "$place: $text"
        echo "    in $function; ${reasons[$entry]}"
    else
        unexplained=$((unexplained + 1))
        echo "$place: $text"
        echo "    in $function; NOT REACHED, and not in $table"
    fi
done <"$work/missed"
((only_lines)) && exit 0

for entry in "${!reasons[@]}"; do
    [[ -n ${used[$entry]:-} ]] || echo "$table: reached now, take it out: $entry"
done
echo "lines of analyzer/model and analyzer/audit: $lines; reached: $reached; not reached, with a reason: $known; without:" \
    "$unexplained"
((unexplained == 0))
