# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared by the parts of campaign.sh
# Whether the corpus that is kept still reaches every line of the model and the audit (fuzz/coverage.sh).

# Of a campaign over other programs, or one that is ended in a hurry, nothing can be said.
check_covered()
{
    [[ $builds == build ]] && ((stop < 2)) || return 0
    [[ ! -t 1 ]] || printf '\r\033[Kfuzz: counting the lines that the corpus reaches'
    bash "$here/coverage.sh" --corpus "$corpus" >"$state/coverage.txt" 2>&1 </dev/null 9>&- ||
        complaints+=("coverage: $(tail -n 1 "$state/coverage.txt"); see $state/coverage.txt")
    [[ ! -t 1 ]] || printf '\r\033[K'
}
