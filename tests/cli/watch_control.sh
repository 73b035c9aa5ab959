#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The control socket of reblock watch, and what systemd is told.
# shellcheck source=tests/cli/watch.bash
. "$(dirname "$0")/watch.bash"

agent --from "$traces/6.12-broken.rbt" --control ./sock
metric_is reblock_attached 0
[ "$(stat -c %a sock)" = 600 ] || fail "the socket's mode is $(stat -c %a sock)"
run 0 "$REBLOCK" watch --status --control sock
says out "state: input ended"
says out "findings: 15"
says out "metrics: http://127.0.0.1:$port"
run 2 "$REBLOCK" watch --detach --control sock
says out "nothing is attached: the records come from"
run 2 timeout 20 "$REBLOCK" watch --from "$traces/6.12-stock.rbt" --control ./sock --listen none
says err "another reblock watch answers there"
run 0 "$REBLOCK" watch --status --control sock

# Clients that say nothing, too much, nonsense, or go away do no harm.
if command -v python3 >/dev/null; then
	cat >clients.py <<'END'
import socket, sys
def client():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    s.connect("sock")
    return s
silent = [client() for _ in range(4)]
s = client()
s.sendall(b"x" * 1000)
s = client()
s.sendall(b"dance\n")
answer = s.recv(1000)
assert b"error: Invalid argument" in answer, answer
s = client()
s.sendall(b"sta")
s.close()
s = client()
s.sendall(b"status\n")
assert b"ok\n" in s.recv(4000)
END
	python3 clients.py || fail "a silent client shuts the others out"
fi
run 0 "$REBLOCK" watch --status --control sock

# Killed, it leaves its socket; the next one takes it over, and takes it away.
kill -KILL "$agent"
wait "$agent" 2>/dev/null
[ -S sock ] || fail "no socket is left"
run 2 "$REBLOCK" watch --status --control sock
says err "sock: no reblock watch answers there"
agent --from "$traces/6.12-broken.rbt" --control ./sock
run 0 "$REBLOCK" watch --status --control sock
ends 0 TERM
[ -e sock ] && fail "the socket is still there"
run 2 "$REBLOCK" watch --detach --control sock
says err "sock: no reblock watch answers there"
: >file
run 2 timeout 20 "$REBLOCK" watch --from "$traces/6.12-stock.rbt" --control ./file --listen none
[ -f file ] || fail "a file was replaced"
run 2 timeout 20 "$REBLOCK" watch --from "$traces/6.12-stock.rbt" --control "./$(head -c 200 /dev/zero | tr '\0' x)" --listen none
says err "File name too long"
# Where it is by itself.
mkdir runtime
RUNTIME_DIRECTORY=$work/runtime run 2 "$REBLOCK" watch --status
says err "$work/runtime/watch.sock"

# What systemd is told, and how often that it is alive.
command -v python3 >/dev/null || {
	echo "python3 is not here: what systemd is told was not looked at"
	finish
}
cat >systemd.py <<'END'
import os, signal, socket, subprocess, sys, time
for path in (os.path.abspath("notify"), "\0reblock-%d" % os.getpid()):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    s.settimeout(20)
    env = dict(os.environ, NOTIFY_SOCKET=path.replace("\0", "@"), WATCHDOG_USEC="400000")
    agent = subprocess.Popen([os.environ["REBLOCK"], "watch", "--from", sys.argv[1], "--listen", "none"],
                             env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    heard, begun = [], None
    while heard.count("WATCHDOG=1") < 6:
        heard.append(s.recv(1000).decode())
        if heard[-1] == "WATCHDOG=1" and not begun:
            begun = time.monotonic()
    took = time.monotonic() - begun
    assert heard.count("READY=1") == 1, heard
    assert "STATUS=input ended" in heard, heard
    assert 0.8 < took < 10, took
    agent.send_signal(signal.SIGTERM)
    while heard[-1] != "STOPPING=1":
        heard.append(s.recv(1000).decode())
    assert agent.wait(20) == 0
END
python3 systemd.py "$traces/6.12-broken.rbt" || fail "systemd is not told right"
finish
