#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Each command has a man page that names the same options as its --help, with an example, and no other page is
# there; groff has nothing to complain about.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
manuals=$SOURCE_DIR/docs/man

# Options as the help lists them, and as the page's OPTIONS section heads its paragraphs.
of_help() {
	"$REBLOCK" "$1" --help | grep -oE '^  (-[A-Za-z], )?--[a-z-]+' | grep -oE -- '-+[A-Za-z][a-z-]*' | sort -u
}
of_manual() {
	sed -nE '/^\.SH OPTIONS/,/^\.SH / { /^\.TP/ { n; p } }' "$1" | sed 's/\\-/-/g' |
		grep -oE -- '(^|[ "])-(-[a-z]+(-[a-z]+)*|[A-Za-z])' | tr -d ' "' | sort -u
}

commands=$("$REBLOCK" --help | sed -nE '/^commands:/,/^$/ s/^  ([a-z]+) .*/\1/p')
[ "$(wc -w <<<"$commands")" -ge 5 ] || fail "no commands in --help"
for command in $commands; do
	page=$manuals/reblock-$command.1
	[ -e "$page" ] || {
		fail "$command has no man page"
		continue
	}
	of_help "$command" >help.options
	of_manual "$page" >manual.options
	[ -s help.options ] || fail "$command --help lists no options"
	diff help.options manual.options >differences ||
		fail "$command: options of --help (<) and of the man page (>) differ: $(grep '^[<>]' differences | tr '\n' ' ')"
	for section in NAME SYNOPSIS DESCRIPTION "EXIT STATUS" EXAMPLES "SEE ALSO"; do
		grep -qxF ".SH $section" "$page" || fail "$command: the man page has no section $section"
	done
	sed -n '/^\.SH EXAMPLES/,/^\.SH SEE/p' "$page" | grep -q "reblock $command" || fail "$command: the man page has no example"
	"$REBLOCK" "$command" --help | sed -n '/^examples:/,$p' | grep -q "reblock $command" || fail "$command --help has no example"
	grep -q "reblock\\\\-$command" "$manuals/reblock.1" || fail "reblock.1 does not name reblock-$command(1)"
done
for page in "$manuals"/*.1; do
	name=$(basename "$page" .1)
	case $name in
	reblock) ;;
	reblock-*) grep -qxF -- "${name#reblock-}" <<<"$commands" || fail "$name.1 belongs to no command" ;;
	*) fail "$name.1 belongs to no command" ;;
	esac
	if command -v groff >/dev/null; then
		complaints=$(groff -man -Tutf8 -ww -z "$page" 2>&1)
		[ -z "$complaints" ] || fail "$name.1: $complaints"
	fi
done
command -v groff >/dev/null || echo "groff is not here: how the pages are set was not looked at"
finish
