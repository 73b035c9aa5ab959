#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# format.sh: every C file is as .clang-format wants it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
command -v clang-format >/dev/null || { echo "clang-format is not installed"; exit 77; }
find agent analyzer collector examples fuzz tests -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror
