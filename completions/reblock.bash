# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Completion of reblock for bash. What there is to complete is asked of the program itself (--help), so that
# it is always that of the installed version.

# _reblock_options COMMAND: the options in its --help.
_reblock_options()
{
    "$1" "$2" --help 2>/dev/null | sed -nE 's/^  ((-[A-Za-z]), )?(--[a-z-]+).*/\2 \3/p'
}

# _reblock_values COMMAND OPTION: the words that an option takes, where --help lists them as a|b|c.
_reblock_values()
{
    "$1" "$2" --help 2>/dev/null |
        sed -nE 's/^  (-[A-Za-z], )?'"$3"' ([a-z0-9]+(\|[a-z0-9]+)+)( .*)?$/\2/p' | tr '|' ' '
}

_reblock()
{
    local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]} choices=
    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        choices=$("$program" --help 2>/dev/null | sed -nE '/^commands:/,/^$/ s/^  ([a-z]+) .*/\1/p')
        mapfile -t COMPREPLY < <(compgen -W "$choices --help --version" -- "$word")
        return
    fi
    case $before in
    --color | --colour) choices="auto always never" ;;
    --policy) choices=$("$program" policies --names 2>/dev/null) ;;
    --*) choices=$(_reblock_values "$program" "$command" "$before") ;;
    esac
    if [[ -n $choices ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
        [[ $before != --policy ]] || mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -X '!*.so' -- "$word")
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_reblock_options "$program" "$command")" -- "$word")
    else
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}

complete -F _reblock reblock
