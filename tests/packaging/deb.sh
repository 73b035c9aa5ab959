#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# deb.sh BUILD: the Debian packages are built, installed into a scratch root, used there, removed and purged: nothing is left.
set -euo pipefail

build=$1
built=
if [[ -z ${inside_fakeroot:-} && $EUID -ne 0 ]]; then
    if ! command -v fakeroot >/dev/null; then
        echo "needs root or fakeroot"
        exit 77
    fi
    export inside_fakeroot=1
    exec fakeroot bash "$0" "$build"
fi
for program in dpkg dpkg-deb dpkg-shlibdeps cpack; do
    if ! command -v "$program" >/dev/null; then
        echo "$program is not installed"
        exit 77
    fi
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail()
{
    echo "deb: $*" >&2
    exit 1
}

build=$(cd "$build" && pwd)
(cd "$work" && cpack --config "$build/CPackConfig.cmake" -G DEB -B "$work/packages" >"$work/cpack.log" 2>&1) ||
    fail "cpack: $(tail -20 "$work/cpack.log")"
packages=("$work"/packages/*.deb)
program=$(ls "$work"/packages/reblock_*.deb)
module=$(ls "$work"/packages/reblock-vmread-dkms_*_all.deb 2>/dev/null || true)

# What it needs is Debian's, and here, as the program was built here.
for package in $(dpkg-deb -f "$program" Depends | sed 's/([^)]*)//g; s/,/ /g; s/|[^ ]*//g'); do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || fail "it depends on $package, which is not installed"
done
if ldd "$build/reblock" | grep -q libipt; then
    [[ $(dpkg-deb -f "$program" Depends) == *libipt2* ]] || fail "it does not depend on libipt2: $(dpkg-deb -f "$program" Depends)"
fi
[[ $(dpkg-deb -f "$program" Depends) == *libbpf* ]] || fail "it does not depend on libbpf: $(dpkg-deb -f "$program" Depends)"

# Its scripts get DPKG_ROOT and act below it; dependencies are the host's.
root=$work/root
mkdir -p "$root"/var/lib/dpkg/{info,updates,triggers} "$root/etc"
touch "$root/var/lib/dpkg/status"
in_root()
{
    dpkg --root="$root" --force-script-chrootless --force-depends --force-confold "$@"
}
# every path below the root that is ours
ours()
{
    find "$root" -path "$root/var/lib/dpkg" -prune -o -print | grep -i reblock || true
    find "$root/etc" "$root/var/lib/private" -type l 2>/dev/null || true
}
[[ -z $(ours) ]] || fail "the root is not empty"

in_root -i "${packages[@]}" >"$work/install.log" 2>&1 || fail "installing: $(cat "$work/install.log")"
for file in usr/bin/reblock usr/lib/systemd/system/reblock-watch.service usr/lib/systemd/system/reblock-watch.socket etc/default/reblock-watch \
    usr/share/man/man1/reblock.1.gz usr/share/man/man1/reblock-record.1.gz usr/share/bash-completion/completions/reblock \
    usr/share/reblock/reblock.rules.yml usr/share/reblock/reblock.json usr/share/doc/reblock/copyright \
    usr/share/doc/reblock/alerts.md; do
    [[ -s $root/$file ]] || fail "/$file is missing"
done
version=$("$root/usr/bin/reblock" --version) || fail "the installed program does not run"
[[ $version == *"$(dpkg-deb -f "$program" Version)"* ]] || fail "the program says $version"
# not what a build on Debian 12 has in its folder
! ldd "$root/usr/bin/reblock" | grep 'build/libipt' || fail "the installed program wants a library of the build"
"$root/usr/bin/reblock" audit --quiet "${SOURCE_DIR:-$(dirname "$0")/../..}/corpus/traces/5.10-stock.rbt" >/dev/null ||
    [[ $? == 3 ]] || fail "the installed program does not audit"
run=$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$root/usr/lib/systemd/system/reblock-watch.service")
[[ -x $root$run ]] || fail "the unit starts $run, which is not there"
[[ -z $(find "$root/etc/systemd" -type l 2>/dev/null) ]] || fail "the service was enabled"
[[ -z $(in_root -V) ]] || fail "dpkg -V: $(in_root -V)"
# ... and it sees a change
printf x >>"$root/usr/share/reblock/reblock.rules.yml"
[[ -n $(in_root -V) ]] || fail "dpkg -V sees nothing"

if [[ -n $module ]]; then
    source=$(echo "$root"/usr/src/reblock-vmread-*)
    [[ -s $source/dkms.conf && -s $source/Makefile ]] || fail "no source of the module"
    ! grep -n '@[A-Z]*@' "$source/dkms.conf" || fail "dkms.conf was not filled in"
    # alone, without the project around it
    ! command -v make >/dev/null || make -C "$source" MAKE=true all >"$work/make.log" 2>&1 || fail "its Makefile: $(cat "$work/make.log")"
    if command -v dkms >/dev/null; then
        dkms status --dkmstree "$root/var/lib/dkms" --sourcetree "$root/usr/src" | grep -q '^reblock-vmread[/,]' ||
            fail "DKMS does not know the module: $(cat "$work/install.log")"
        # Built from what was installed, for the kernels that the box has fetched headers of and this host a compiler for.
        for headers in "${SOURCE_DIR:-$(dirname "$0")/../..}"/build/box/headers/*; do
            [[ -s $headers/build/.kernelvariables && -s $headers/release ]] || continue
            compiler=$(sed -n 's/^CC *=.*\(gcc-[0-9]*\).*/\1/p' "$headers/build/.kernelvariables" | head -1)
            [[ -n $compiler ]] && command -v "$compiler" >/dev/null || continue
            dkms build -m reblock-vmread -v "$(dpkg-deb -f "$module" Version)" -k "$(cat "$headers/release")" \
                --kernelsourcedir "$(readlink -f "$headers/build")" --dkmstree "$root/var/lib/dkms" --sourcetree "$root/usr/src" \
                --installtree "$root/lib/modules" >"$work/dkms.log" 2>&1 || fail "dkms build: $(cat "$work/dkms.log")"
            built+=" $(cat "$headers/release")"
        done
        # there are no headers in the root
        grep -q 'headers of Linux .* are not installed' "$work/install.log" || fail "missing headers are not said"
    else
        grep -q 'dkms is not installed' "$work/install.log" || fail "missing dkms is not said"
    fi
fi

# As a host has it after some time: the agent's evidence, an administrator's settings, the service enabled.
mkdir -p "$root/var/lib/private/reblock" "$root/etc/systemd/system/multi-user.target.wants"
touch "$root/var/lib/private/reblock/reblock-20261122T205901.rbt"
ln -s private/reblock "$root/var/lib/reblock"
ln -s /usr/lib/systemd/system/reblock-watch.service "$root/etc/systemd/system/multi-user.target.wants/"
mkdir -p "$root/etc/systemd/system/sockets.target.wants"
ln -s /usr/lib/systemd/system/reblock-watch.socket "$root/etc/systemd/system/sockets.target.wants/"
echo 'REBLOCK_WATCH_OPTIONS="--per-vm"' >"$root/etc/default/reblock-watch"

in_root -i "${packages[@]}" >"$work/again.log" 2>&1 || fail "installing again: $(cat "$work/again.log")"
grep -q per-vm "$root/etc/default/reblock-watch" || fail "an upgrade overwrites the administrator's settings"
[[ -s $root/usr/bin/reblock && -e $root/var/lib/private/reblock ]] || fail "an upgrade loses files"
[[ -z $(in_root -V | grep -v ' c /etc/default') ]] || fail "after an upgrade dpkg -V: $(in_root -V)"

names=$(for package in "${packages[@]}"; do dpkg-deb -f "$package" Package; done)
# shellcheck disable=SC2086 # words
in_root -r $names >"$work/remove.log" 2>&1 || fail "removing: $(cat "$work/remove.log")"
[[ ! -e $root/usr/bin/reblock ]] || fail "the program is still there"
[[ -e $root/var/lib/private/reblock && -e $root/etc/default/reblock-watch ]] || fail "removing is not purging: data is gone"
# shellcheck disable=SC2086 # words
in_root -P $names >"$work/purge.log" 2>&1 || fail "purging: $(cat "$work/purge.log")"
[[ -z $(ours) ]] || fail "left after purging: $(ours)"
[[ -z $(find "$root/var/lib/dpkg/info" -name 'reblock*') ]] || fail "dpkg keeps something"

if command -v lintian >/dev/null; then
    # as root it wants to be told that this is meant
    lintian --allow-root --fail-on none --tag-display-limit 0 "${packages[@]}" >"$work/lintian" 2>&1 || fail "lintian: $(cat "$work/lintian")"
    ! grep '^E:' "$work/lintian" || fail "lintian finds errors"
fi
echo "built, installed, removed and purged: ${names//$'\n'/ }${built:+; the module by DKMS for$built}"
