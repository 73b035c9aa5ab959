#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# licence.sh: every source file names its licence in its first lines; BPF programs name both, the kernel module the kernel's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
failed=0
while IFS= read -r file; do
    want='SPDX-License-Identifier: BSD-2-Clause'
    [[ $file == */bpf/*.c || $file == */bpf/*.h ]] && want='BSD-2-Clause OR GPL-2.0'
    [[ $file == collector/vmread/* ]] && want='SPDX-License-Identifier: GPL-2.0'
    if ! head -n 3 "$file" | grep -qF -- "$want"; then
        echo "$file: no line with $want"
        failed=1
    fi
done < <(find dev .ci CMakeLists.txt .clang-format .clang-tidy cmake completions agent analyzer collector examples fuzz packaging tests -type f \
    \( -name '*.[chS]' -o -name '*.sh' -o -name '*.py' -o -name '*.cmake' -o -name CMakeLists.txt -o -name '.clang-*' \
    -o -name '*.bash' -o -name '*.in' -o -name '*.map' -o -name '*.ld' -o -name dev -o -name run -o ! -name '*.*' \))
exit "$failed"
