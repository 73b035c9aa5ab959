# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared by the parts of campaign.sh
# What the parts of a campaign share: words to the user, names of targets, numbers and times as people read them.

say()
{
    # A line that is redrawn is taken away first.
    [[ ! -t 1 ]] || printf '\r\033[K'
    printf 'fuzz: %s\n' "$*"
}

die()
{
    echo "fuzz: $*" >&2
    exit 2
}

usage_error()
{
    die "$@"
}

# Each fuzz/NAME_fuzz.c is a target; with other builds than the tree's, each NAME_replay.
all_targets()
{
    if [[ $builds == build ]]; then
        find fuzz -maxdepth 1 -name '*_fuzz.c' -printf '%f\n' | sed 's/_fuzz\.c$//' | sort
    else
        find "$builds/fuzz/fuzz" -maxdepth 1 -name '*_replay' -printf '%f\n' | sed 's/_replay$//' | sort
    fi
}

# human SECONDS
human()
{
    if (($1 < 60)); then
        echo "$1 s"
    elif (($1 % 60)); then
        echo "$(($1 / 60)) min $(($1 % 60)) s"
    else
        echo "$(($1 / 60)) min"
    fi
}

# grouped NUMBER: 1234567 as 1,234,567
grouped()
{
    sed -E ':again; s/^([0-9]+)([0-9]{3})/\1,\2/; t again' <<<"$1"
}

# files_of FOLDER...: the plain files in them that exist, one a line; AFL++'s own notes left out.
files_of()
{
    local folder
    for folder in "$@"; do
        [[ ! -d $folder ]] || find "$folder" -maxdepth 1 -type f ! -name '.*' ! -name 'README*' -print
    done
}

# bytes_of FOLDER: all of its files together
bytes_of()
{
    find "$1" -type f -printf '%s\n' 2>/dev/null | awk '{ n += $1 } END { print n + 0 }'
}
