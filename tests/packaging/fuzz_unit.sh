#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# fuzz_unit.sh BUILD: systemd takes the service and the timer of the continuous fuzzing, they start what is there, and no
# package installs them.
set -euo pipefail

build=$1
source=${SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail()
{
    echo "fuzz_unit: $*" >&2
    exit 1
}

if ! command -v systemd-analyze >/dev/null; then
    echo "systemd-analyze is not installed (Debian's package systemd)"
    exit 77
fi

# verify FOLDER: what systemd says of the two units there, for a user whose checkout is where they expect it
verify()
{
    HOME=$work/home XDG_RUNTIME_DIR=$work/run SYSTEMD_LOG_TARGET=console \
        systemd-analyze verify --user --man=no --recursive-errors=no "$1"/reblock-fuzz.service "$1"/reblock-fuzz.timer 2>&1
}
mkdir -p "$work"/{home,run,units}
chmod 700 "$work/run"
ln -s "$source" "$work/home/reblock"
cp "$source"/packaging/systemd/reblock-fuzz.* "$work/units"
status=0
said=$(verify "$work/units") || status=$?
[[ $status == 0 && -z $said ]] || fail "systemd-analyze verify: status $status: $said"

# The same check sees what is wrong.
mkdir "$work/wrong"
for change in 's|/dev fuzz|/devil fuzz|' 's|^KillMode=.*|KillMode=all|' 's|^Nice=|Nicer=|'; do
    cp "$source"/packaging/systemd/reblock-fuzz.* "$work/wrong"
    sed -i "$change" "$work/wrong/reblock-fuzz.service"
    status=0
    said=$(verify "$work/wrong") || status=$?
    [[ $status != 0 || -n $said ]] || fail "nothing is said of a unit changed by $change"
done

# What it runs is an option of ./dev fuzz that there is.
read -ra words < <(sed -n 's/^ExecStart=//p' "$source/packaging/systemd/reblock-fuzz.service")
[[ ${words[1]} == fuzz ]] || fail "it does not start ./dev fuzz"
for word in "${words[@]:2}"; do
    [[ $word != --* ]] || grep -q -- "^  $word " "$source/fuzz/campaign/usage.txt" || fail "./dev fuzz has no $word"
done

DESTDIR=$work/root cmake --install "$build" --prefix /usr >"$work/log" || fail "$(cat "$work/log")"
[[ -z $(find "$work/root" -name 'reblock-fuzz*') ]] || fail "it is installed: $(find "$work/root" -name 'reblock-fuzz*')"
