#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Completion for bash: commands, each command's options, the words that options take, files.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
# shellcheck source=completions/reblock.bash
. "$SOURCE_DIR/completions/reblock.bash"

# completes WANTED WORD...: the words on the command line after reblock, the last one unfinished
completes() {
	local wanted=$1 got
	shift
	COMP_WORDS=("$REBLOCK" "$@")
	COMP_CWORD=$#
	_reblock
	got=" ${COMPREPLY[*]} "
	for wanted in $wanted; do
		[[ $got == *" $wanted "* ]] || fail "no $wanted for \"$*\", but$got"
	done
}

# only WANTED WORD...: these and no others
only() {
	local wanted=$1
	completes "$@"
	[ "$(printf '%s\n' "${COMPREPLY[@]}" | sort)" = "$(tr ' ' '\n' <<<"$wanted" | sort)" ] ||
		fail "more than $wanted for \"${*:2}\": ${COMPREPLY[*]}"
}

completes "audit explain record convert doctor --help --version" ""
only audit au
for command in audit explain record convert doctor; do
	completes --help "$command" --he
	# Each option that the help names, long and short.
	options=$("$REBLOCK" "$command" --help | grep -oE '^  (-[A-Za-z], )?--[a-z-]+' | grep -oE -- '-+[A-Za-z][a-z-]*')
	[ -n "$options" ] || fail "no options in $command --help"
	completes "$options" "$command" -
done
only --json-schema audit --json-
only "on off" audit --vnmi ""
only "auto always never" audit --color ""
only never explain --color n
completes "sdm kvm xen-before-d329b37d12" audit --policy ""
only "trace json" convert --to ""
touch some.rbt other.rbt
only some.rbt audit so
only some.rbt audit --json so
only some.rbt record --output so
finish
