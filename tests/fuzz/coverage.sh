#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# coverage.sh: ./dev fuzz --coverage sees a line that is not reached, takes a reason for it, and says which reasons are stale.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
for tool in clang llvm-profdata llvm-cov; do
    command -v "$tool" >/dev/null || { echo "$tool is not installed"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail()
{
    echo "coverage: $*" >&2
    [[ ! -s $work/said ]] || cat "$work/said" >&2
    exit 1
}

# A program with a file that it takes for one of the model: paths are what coverage.sh goes by, also such as a compiler cache gives.
mkdir -p "$work"/{builds/coverage/fuzz,corpus/fuzz/some,tree/build,tree/fuzz,tree/analyzer/model}
cp fuzz/coverage.sh "$work/tree/fuzz"
cat >"$work/tree/analyzer/model/some.c" <<'END'
#include <stdio.h>

static int never(void)
{
	return 2;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "r");

		if (file == NULL)
			return 1;
		if (fgetc(file) == 'x')
			puts("reached");
		if (fgetc(file) == 'y')
			return never();
		fclose(file);
	}
	return 0;
}
END
(cd "$work/tree" && clang -g -fprofile-instr-generate -fcoverage-mapping -o "$work/builds/coverage/fuzz/some_replay" \
    "$PWD/build/../analyzer/model/some.c") >"$work/said" 2>&1 || { cat "$work/said"; echo "clang cannot count lines"; exit 77; }

# measure ARGUMENT...: its status is in $status, what it says in $work/said
measure()
{
    status=0
    bash "$work/tree/fuzz/coverage.sh" --builds "$work/builds" --corpus "$work/corpus" --table "$work/table" "$@" \
        >"$work/said" 2>&1 || status=$?
}

echo abc >"$work/corpus/fuzz/some/seed"
measure
[[ $status == 1 ]] || fail "status $status with lines not reached, not 1"
grep -qF 'analyzer/model/some.c:16: puts("reached");' "$work/said" || fail "a line is not named"
grep -qF 'in never; NOT REACHED' "$work/said" || fail "a function is not named"

# A reason for each: one for a whole function, the others as --lines has them.
measure --lines
[[ $status == 0 ]] || fail "--lines: status $status"
grep -v ' never: ' "$work/said" | sed 's/ | $/ | it is a test/' >"$work/table"
echo 'analyzer/model/some.c never: * | nobody calls it' >>"$work/table"
measure
[[ $status == 0 ]] || fail "status $status with a reason for each line, not 0"
grep -q 'without: 0$' "$work/said" || fail "the count"

# What is reached needs no reason.
echo xbc >"$work/corpus/fuzz/some/more"
measure
[[ $status == 0 ]] || fail "status $status with a reason too many, not 0"
grep -qF 'take it out: analyzer/model/some.c main: puts("reached");' "$work/said" || fail "a stale reason is not named"

# A target that fails over the corpus has not been measured.
printf 'xy' >"$work/corpus/fuzz/some/fails"
measure
[[ $status == 2 ]] || fail "status $status where a target fails, not 2"
