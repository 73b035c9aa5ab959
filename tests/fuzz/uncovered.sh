#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# uncovered.sh: each entry of fuzz/uncovered.table names a file, a function in it and a line of it that are there, and gives a
# reason. Whether input reaches the line is for ./dev fuzz --coverage, which a campaign runs at its end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

entries=0
wrong=0

# wrong_entry ENTRY WHAT
wrong_entry()
{
    echo "uncovered: $2: $1" >&2
    wrong=$((wrong + 1))
}

while IFS= read -r entry; do
    [[ -n $entry && $entry != "#"* ]] || continue
    entries=$((entries + 1))
    if [[ ! $entry =~ ^([^ ]+)\ ([^ ]+):\ (.*)\ \|\ (.+)$ ]]; then
        wrong_entry "$entry" "not FILE FUNCTION: LINE | REASON"
        continue
    fi
    file=${BASH_REMATCH[1]}
    function=${BASH_REMATCH[2]}
    text=${BASH_REMATCH[3]}
    if [[ ! -f $file ]]; then
        wrong_entry "$entry" "no such file"
    elif [[ $function != - ]] && ! grep -qE "(^|[^a-z0-9_])$function\(" "$file"; then
        wrong_entry "$entry" "no such function there"
    elif [[ $text != "*" ]] && ! tr '\t' ' ' <"$file" | tr -s ' ' | sed 's/^ //; s/ $//' | grep -xF -- "$text" >/dev/null; then
        wrong_entry "$entry" "no such line there"
    fi
done <fuzz/uncovered.table
((entries > 0)) || { echo "uncovered: the table is empty"; exit 1; }
((wrong == 0)) || exit 1
echo "$entries entries"
