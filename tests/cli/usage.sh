#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Help, versions, and mistakes on the command line.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"

run 0 "$REBLOCK" --help
for command in audit explain record convert policies doctor; do
	says out "  $command "
done
run 0 "$REBLOCK" --version
grep -qE '^reblock [0-9]' out || fail "no version"
run 2 "$REBLOCK"
run 2 "$REBLOCK" frobnicate
one_line err
says err frobnicate

for command in audit explain record convert policies doctor; do
	run 0 "$REBLOCK" $command --help
	says out "usage: reblock $command"
	says out "examples:"
	says out "exit status"
	[ -s err ] && fail "$command --help writes to standard error"
	run 0 "$REBLOCK" help $command
	says out "usage: reblock $command"
	for option in --frobnicate -Z; do
		run 2 "$REBLOCK" $command $option
		one_line err
		says err "unknown option $option"
		[ -s out ] && fail "$command $option writes to standard output"
	done
done

run 2 "$REBLOCK" audit
one_line err
run 2 "$REBLOCK" audit --vnmi maybe x
one_line err
run 2 "$REBLOCK" audit --color
says err "--color needs a value"
run 2 "$REBLOCK" audit --json=1 x
says err "--json takes no value"
run 2 "$REBLOCK" convert only-one
one_line err
run 2 "$REBLOCK" explain file-without-number
one_line err
run 2 "$REBLOCK" explain --entry '{}'
one_line err
for value in "--duration x" "--duration -1" "--ring-size 0" "--ring-size 5Q" "--ring-size 9999999M" "--max-size 5" \
	"--max-size 1X" "--vm 0" "--vm qemu" "--max-records-per-second -1" "--pt=guest,host" "--pt=cyc=x" "--pt-buffer 12K" \
	"--pt-buffer 4K" "--pt-per-second x"; do
	# shellcheck disable=SC2086
	run 2 "$REBLOCK" record $value -o trace.rbt -- true
	one_line err
	[ -e trace.rbt ] && fail "a trace in spite of $value"
done
run 2 "$REBLOCK" record --max-size 1M -o -
says err "give --output a name"
run 0 "$REBLOCK" audit --json-schema
if command -v python3 >/dev/null; then
	python3 -c 'import json, sys; json.load(sys.stdin)' <out || fail "the schema is not JSON"
fi
finish
