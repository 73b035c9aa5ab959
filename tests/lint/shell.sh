#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# shell.sh: shellcheck finds nothing in the shell scripts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
command -v shellcheck >/dev/null || { echo "shellcheck is not installed"; exit 77; }
scripts=(dev .ci/run completions/reblock.bash)
while IFS= read -r file; do
    scripts+=("$file")
done < <(find agent analyzer collector corpus fuzz packaging tests cmake -type f -exec grep -lE -m 1 '^#! ?/bin/(ba)?sh' {} +)
shellcheck --severity=warning "${scripts[@]}"
