#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# What the tests of reblock watch share: an agent in the background, its metrics, waiting with an end.
# shellcheck source=tests/cli/lib.bash
. "$(dirname "${BASH_SOURCE[0]}")/lib.bash"
agents=()
clean_up() {
	[ ${#agents[@]} = 0 ] || kill -KILL "${agents[@]}" 2>/dev/null
	wait 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT
# shellcheck disable=SC2034 # for the tests
traces=$SOURCE_DIR/corpus/traces
"$REBLOCK" watch 2>&1 --from /dev/null --exit --listen none | grep -q "built without the agent" && {
	echo "this reblock was built without the agent"
	exit 77
}

# eventually SECONDS COMMAND...: waits until COMMAND succeeds
eventually() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.05
	done
}

# agent OPTION...: starts one, with metrics at a port of its own; its output goes to ./out and ./err unless the caller
# redirects it. $agent is its process id.
agent() {
	: >err
	"$REBLOCK" watch --listen 127.0.0.1:0 "$@" >"${out:-out}" 2>err <&0 &
	agent=$!
	agents+=("$agent")
	eventually 30 grep -q "metrics at" err || fail "no metrics: $(cat err)"
	port=$(sed -nE 's,.*http://127.0.0.1:([0-9]+)/.*,\1,p' err)
}

# ends STATUS [SIGNAL]: the agent ends with STATUS, after SIGNAL
ends() {
	local got=0
	[ -z "${2:-}" ] || kill -"$2" "$agent"
	wait "$agent" || got=$?
	[ "$got" = "$1" ] || fail "the agent ended with status $got, not $1: $(cat err)"
}

# get PATH: the answer to a request, with its head
get() {
	{ exec 3<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || return 1
	printf '%s %s HTTP/1.0\r\n\r\n' "${2:-GET}" "$1" >&3
	timeout 20 cat <&3
	exec 3>&-
}

# metric NAME: its value; the name with its labels
metric() {
	get /metrics | sed 's/\r$//' | name=$1 awk 'index($0, ENVIRON["name"] " ") == 1 { print $NF }'
}

# has_metric NAME VALUE; also where nobody is left to be asked
has_metric() {
	! kill -0 "$agent" 2>/dev/null || [ "$(metric "$1")" = "$2" ]
}

# metric_is NAME VALUE: within some seconds
metric_is() {
	eventually 20 has_metric "$1" "$2"
	[ "$(metric "$1")" = "$2" ] || fail "$1 is $(metric "$1"), not $2"
}
