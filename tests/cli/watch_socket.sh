#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# reblock watch --listen systemd: metrics on the socket that it is passed, as systemd passes one, and on no other.
# shellcheck source=tests/cli/watch.bash
. "$(dirname "$0")/watch.bash"

# passed WHAT COMMAND...: COMMAND with a socket as its descriptor 3: listening, or not
passed() {
	python3 -c '
import os, socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
if sys.argv[1] == "listening":
    s.listen()
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execvp(sys.argv[2], sys.argv[2:])' "$@"
}

passed listening "$REBLOCK" watch --listen systemd --control none --from "$traces/6.1-broken.rbt" >out 2>err &
agent=$!
agents+=("$agent")
eventually 30 grep -q "metrics at" err || fail "no metrics: $(cat err)"
port=$(sed -nE 's,.*http://127.0.0.1:([0-9]+)/.*,\1,p' err)
# shellcheck disable=SC2317 # called by eventually
judged() { [ "$(metric 'reblock_findings_total{kind="nmi-in-nmi",evidence="delivered"}')" != "" ]; }
eventually 30 judged || fail "nothing is served on the socket that was passed: $(get /metrics)"
ends 0 TERM

got=0
passed deaf "$REBLOCK" watch --listen systemd --control none --from /dev/null --exit >out 2>err || got=$?
[ $got = 2 ] || fail "a socket that does not listen: status $got"
grep -q "takes one listening TCP socket" err || fail "and it says $(cat err)"
got=0
"$REBLOCK" watch --listen systemd --control none --from /dev/null --exit >out 2>err || got=$?
[ $got = 2 ] || fail "no socket: status $got"
grep -q "none was passed" err || fail "and it says $(cat err)"
