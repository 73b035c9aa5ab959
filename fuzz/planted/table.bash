# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Reads fuzz/planted.table for tests/planted/unit.sh and fuzz/measure.sh.

# planted_table TABLE: one line a fault, NUMBER FILE CLASS TEST TARGET SENTENCE, in the order of the table.
planted_table()
{
    sed -nE 's/^([0-9]+) ([^ ]+) ([^ ]+) ([^ ]+) ([^ :]+): (.*)$/\1 \2 \3 \4 \5 \6/p' "$1"
}
