#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# unit.sh BUILD: the installed systemd unit is one that systemd takes, exposes little, and can do its work.
set -euo pipefail

build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail()
{
    echo "unit: $*" >&2
    exit 1
}

if ! command -v systemd-analyze >/dev/null; then
    echo "systemd-analyze is not installed (Debian's package systemd)"
    exit 77
fi

DESTDIR=$work/root cmake --install "$build" --prefix /usr --component program >"$work/log" || fail "$(cat "$work/log")"
unit=$work/root/usr/lib/systemd/system/reblock-watch.service
[[ -s $unit ]] || fail "no unit is installed"
! grep -n '@[A-Z_]*@' "$unit" || fail "something was not filled in"

# Without systemd as the first process, too: it only reads the files. The program is looked for below --root.
if systemd-analyze --help | grep -q -- --root=; then
    systemd-analyze verify --man=no --root="$work/root" /usr/lib/systemd/system/reblock-watch.service >"$work/verify" 2>&1 || true
    # the scratch root has none of the units that every unit depends on
    grep 'reblock' "$work/verify" | grep -v 'not found\.$' >"$work/said" || true
    [[ ! -s $work/said ]] || fail "systemd-analyze verify: $(cat "$work/said")"
fi

# exposure UNIT: ten times the level
exposure()
{
    systemd-analyze security --offline=true --no-pager "$1" | sed -n 's/.*level for .*: \([0-9]*\)\.\([0-9]\) .*/\1\2/p'
}
level=$(exposure "$unit")
[[ -n $level ]] || fail "systemd-analyze security says no level"
((level < 20)) || fail "its exposure is $level tenths, not below 20: $(systemd-analyze security --offline=true --no-pager "$unit" | grep '^✗')"

# The same test sees what is missing.
grep -v '^ProtectSystem=\|^NoNewPrivileges=\|^SystemCallFilter=\|^DynamicUser=' "$unit" >"$work/reblock-watch.service"
worse=$(exposure "$work/reblock-watch.service")
((worse > level + 10)) || fail "a unit without its protections has an exposure of $worse tenths, and that one $level"

# values SETTING: all of the unit's
values()
{
    sed -n "s/^$1=//p" "$unit"
}
# What the agent cannot do without: rights to attach, other users' /proc/PID/cmdline, a start after status 75.
for right in CAP_BPF CAP_PERFMON CAP_SYS_ADMIN CAP_DAC_READ_SEARCH; do
    for setting in AmbientCapabilities CapabilityBoundingSet; do
        [[ " $(values $setting) " == *" $right "* ]] || fail "$setting lacks $right"
    done
done
[[ $(values AmbientCapabilities | wc -w) == 4 ]] || fail "more rights than needed: $(values AmbientCapabilities)"
[[ $(values ProtectProc) == default && $(values ProcSubset) == all ]] || fail "VMs could not get their names"
[[ $(values Restart) == on-failure ]] || fail "status 75 would not start it again"
[[ " $(values RestartPreventExitStatus) " != *" 75 "* ]] || fail "status 75 would not start it again"
# Its network is the socket that it is passed.
[[ $(values PrivateNetwork) == yes && " $(values ExecStart) " == *" --listen systemd "* ]] || fail "the agent opens its socket itself"
[[ " $(values Requires) " == *" reblock-watch.socket "* ]] || fail "no socket is passed"
grep -qx 'ListenStream=127\.0\.0\.1:9747' "${unit%.service}.socket" || fail "the socket is not on loopback"
for setting in MemoryMax CPUQuota LimitMEMLOCK ProtectSystem NoNewPrivileges DynamicUser StateDirectory RuntimeDirectory; do
    [[ -n $(values $setting) ]] || fail "$setting is not set"
done

# The filter as systemd reads it: sets are unfolded, later lines with ~ take away.
declare -A allowed=()
unfold()
{
    local word
    for word in "$@"; do
        if [[ $word == @* ]]; then
            # shellcheck disable=SC2046 # words
            unfold $(systemd-analyze syscall-filter "$word" | sed '1d; s/#.*//')
        else
            echo "$word"
        fi
    done
}
while read -r line; do
    # shellcheck disable=SC2086 # words
    for call in $(unfold ${line#\~}); do
        if [[ $line == \~* ]]; then
            unset "allowed[$call]"
        else
            allowed[$call]=1
        fi
    done
done < <(values SystemCallFilter)
for call in bpf perf_event_open capset prctl socket listen accept4 epoll_wait mmap openat renameat2 unlink fsync clone3 \
    futex prlimit64 fchmod sendmsg timerfd_create; do
    [[ -n ${allowed[$call]:-} ]] || fail "the filter forbids $call"
done
for call in ptrace mount init_module finit_module kexec_load reboot setuid process_vm_readv userfaultfd; do
    [[ -z ${allowed[$call]:-} ]] || fail "the filter allows $call"
done
echo "exposure $((level / 10)).$((level % 10))"
