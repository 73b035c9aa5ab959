#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What the tests of the program share. REBLOCK is the program; each test has a folder of its own.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034 # for the tests
data=$here/data
if [ ! -x "${REBLOCK:-}" ]; then
	echo "skipped: REBLOCK does not name the program"
	exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

fail() {
	echo "FAILED: $*"
	failures=$((failures + 1))
}

# run STATUS COMMAND...: its output goes to ./out and ./err
run() {
	local want=$1 got=0
	shift
	"$@" >out 2>err || got=$?
	[ "$got" = "$want" ] || {
		fail "status $got, not $want: $*"
		head -5 out err
	}
}

# says FILE TEXT: the file holds the text
says() {
	grep -qF -- "$2" "$1" || {
		fail "no \"$2\" in $1"
		head -20 "$1"
	}
}

# one_line FILE: exactly one
one_line() {
	[ "$(wc -l <"$1")" = 1 ] || {
		fail "not exactly one line in $1"
		head -5 "$1"
	}
}

finish() {
	[ "$failures" = 0 ] && echo "passed"
	exit $((failures > 0))
}
