#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# prometheus.sh: Debian's Prometheus reads two agents; the alert comes for the one that sees re-blocks missed, when it sees them.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for program in prometheus python3; do
    if ! command -v "$program" >/dev/null; then
        echo "$program is not installed (Debian's packages prometheus and python3)"
        exit 77
    fi
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 "$here/prometheus/alerts.py" "$REBLOCK" "$SOURCE_DIR" "$work"
