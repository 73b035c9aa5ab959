#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# For all that fetches: Debian's suites, through an apt configuration of its own. The machine's own sources,
# lists and packages stay as they are; only the mirror is taken from them.

# suites_of SERIES: the suites that carry this kernel series, the first choice first.
suites_of() {
    case $1 in
    5.10) echo bullseye ;;
    6.1) echo bookworm ;;
    6.12) echo trixie bookworm-backports ;;
    7.2) echo sid ;; # which goes on: then keep the folder
    *) return 1 ;;
    esac
}

# The machine's own archive: the source that carries the release it runs, updates and security aside.
mirror_of_this_machine() {
    local codename
    # shellcheck disable=SC1091
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    # shellcheck disable=SC2016
    apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(CREATED_BY)' |
        awk -v codename="$codename" '$3 == "main" && $4 == "Packages" && ($2 == codename || $2 == "stable" || $2 == "oldstable") { print $1; exit }'
}

# apt_of SUITE DIR [deb-src]: sets the array `apt_options` to apt options that know SUITE only, its sources for deb-src, with
# all of apt's files in DIR, and fetches its list of packages; one that lies there already, of this last hour, serves.
# Status 1 with words on standard error where that cannot be done.
apt_of() {
    local suite=$1 dir=$2 type=${3:-deb} mirror keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    mirror=$(mirror_of_this_machine)
    if [[ -z $mirror ]]; then
        echo "no source for this Debian's main in this machine's apt sources" >&2
        return 1
    fi
    if [[ ! -e $keyring ]]; then
        echo "$keyring is missing (package debian-archive-keyring)" >&2
        return 1
    fi
    [[ -n $(find "$dir/$suite.$type" -mmin -60 2>/dev/null) ]] || rm -rf "$dir"
    mkdir -p "$dir"/{lists/partial,cache/archives/partial,empty}
    dir=$(cd "$dir" && pwd)
    echo "$type [arch=amd64 signed-by=$keyring] $mirror $suite main" >"$dir/sources.list"
    apt_options=(-q
        -o "Dir::Etc::sourcelist=$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null
        -o Dir::Etc::preferences=/dev/null -o "Dir::Etc::preferencesparts=$dir/empty"
        -o "Dir::State=$dir" -o "Dir::State::lists=$dir/lists" -o Dir::State::status=/dev/null
        -o "Dir::Cache=$dir/cache" -o APT::Architecture=amd64 -o Acquire::Languages=none
        -o Acquire::Check-Valid-Until=false)
    # Root's apt downloads as another user, who may not be allowed to write here.
    [[ $EUID -ne 0 ]] || apt_options+=(-o APT::Sandbox::User=root)
    [[ -e $dir/$suite.$type ]] && return
    apt-get "${apt_options[@]}" update && touch "$dir/$suite.$type"
}

# depends_of PACKAGE: the packages that it depends on, one a line.
depends_of() {
    apt-cache "${apt_options[@]}" depends "$1" | awk '$1 == "Depends:" { print $2 }'
}

# unpack_packages DIR PACKAGE...: fetches and unpacks them below DIR.
unpack_packages() {
    local dir=$1 debs file
    shift
    debs=$(mktemp -d)
    (cd "$debs" && apt-get "${apt_options[@]}" download "$@") || return 1
    for file in "$debs"/*.deb; do
        dpkg -x "$file" "$dir" || return 1
    done
    rm -rf "$debs"
}
