#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Inputs that are not what they should be: one clear line, what is intact is audited, nothing crashes.
# (Every cut and every changed byte: tests/unit/trace_test.c and json_test.c.)
# shellcheck source=tests/cli/lib.bash
. "$(dirname "$0")/lib.bash"
cp "$data"/*.jsonl .

refused() { # TEXT COMMAND...: status 2, one line that says TEXT
	local text=$1
	shift
	run 2 "$@"
	one_line err
	says err "$text"
	[ -s out ] && fail "output for a refused input"
}

: >empty
refused "empty: this is empty" "$REBLOCK" audit empty
mkdir folder
refused "folder: this is a directory" "$REBLOCK" audit folder
refused "standard input: this is a directory" bash -c '"$0" audit - <folder' "$REBLOCK"
refused "standard input: this is empty" bash -c '"$0" audit - </dev/null' "$REBLOCK"
refused "nothing: there is no such file" "$REBLOCK" audit nothing
printf '\n  \n' >blank
refused "white space" "$REBLOCK" audit blank
head -c 5000 /dev/zero >zeros
refused "neither" "$REBLOCK" audit zeros
refused "a program" "$REBLOCK" audit "$REBLOCK"
printf 'PERFILE2 and more' >perf.data
refused "perf.data" "$REBLOCK" audit perf.data
gzip -c missed.jsonl >missed.gz
refused "zcat" "$REBLOCK" audit missed.gz

"$REBLOCK" convert missed.jsonl t.rbt
size=$(stat -c %s t.rbt)
for _ in $(seq 40); do cat missed.jsonl; done | grep -v '"source"' | cat <(head -1 missed.jsonl) - >long.jsonl
"$REBLOCK" convert long.jsonl long.rbt

# Cut anywhere. The header gone: refused. Else damaged, and told once.
header=$((size - 64 - 64 - 13 * 64))
for cut in 1 7 8 63 64 100 $((header - 1)) $header $((header + 1)) $((header + 64)) $((header + 500)) \
	$((size - 65)) $((size - 64)) $((size - 1)); do
	head -c $cut t.rbt >cut.rbt
	if [ $cut -lt $header ]; then
		refused "cut.rbt: " "$REBLOCK" audit cut.rbt
	else
		got=0
		"$REBLOCK" audit cut.rbt >out 2>err || got=$?
		one_line err
		says err "cut.rbt: offset "
		if [ $cut -ge $((size - 64)) ]; then
			[ $got = 1 ] || fail "cut at $cut: status $got"
			says out "missed-reblock"
		else
			[ $got = 3 ] || fail "cut at $cut: status $got"
		fi
	fi
done

# Changed anywhere.
for at in 0 3 8 12 16 20 40 64 100 $header $((header + 8)) $((header + 63)) $((header + 64)) \
	$((header + 64 + 62)) $((size - 70)) $((size - 64)) $((size - 1)); do
	cp t.rbt changed.rbt
	printf '\x5a' | dd of=changed.rbt bs=1 seek=$at conv=notrunc status=none
	cmp -s t.rbt changed.rbt && continue
	got=0
	"$REBLOCK" audit changed.rbt >out 2>err || got=$?
	[ $got = 1 ] || [ $got = 3 ] || fail "changed at $at: status $got"
	one_line err
	says err "changed.rbt: offset "
	says out "damaged (1 place)"
done

# JSON: what is wrong is named by line and key, and the rest is audited.
broken() { # TEXT: what one inserted line is told
	run 1 "$REBLOCK" audit broken.jsonl
	one_line err
	says err "broken.jsonl: line 5: $1"
	says out "missed-reblock"
}
insert() {
	(head -4 missed.jsonl && printf '%s\n' "$1" && tail -n +5 missed.jsonl) >broken.jsonl
}
insert '{"event":"entry","vm":1,"vcpu":"zero"}'
broken 'key "vcpu"'
insert '{"event":"exit","vm":[1],"vcpu":0}'
broken 'key "vm"'
insert '{"event":"exit","vm":1,"vcpu":0,"reason":4294967296}'
broken 'key "reason" is out of range'
insert '{"event":"exit","vm":1,"vcpu":0,"raeson":48}'
broken 'unknown key "raeson"'
insert '{"event":"exit","vm":1,"vcpu":0,"rip":18446744073709551615}'
broken 'key "rip"'
insert '{"event":"exit","vcpu":0}'
broken 'key "vm" is missing'
insert '{"event":"exit","vm":1,"vcpu":0'
broken 'not valid JSON'
insert '[]'
broken 'not a JSON object'
insert '{"event":"meta","source":"another"}'
broken 'a description of the source'
# Many mistakes do not flood the terminal, and are counted.
(head -1 missed.jsonl && yes nonsense | head -1000) >flood.jsonl
run 3 "$REBLOCK" audit flood.jsonl
[ "$(wc -l <err)" = 21 ] || fail "a flood of messages"
says err "980 more places"
says out "damaged (1000 places)"

# A newer version: its number in the header, with a CRC that is right for it.
if command -v python3 >/dev/null; then
	python3 - t.rbt newer.rbt <<'END'
import struct, sys

def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff

data = bytearray(open(sys.argv[1], "rb").read())
size = struct.unpack_from("<I", data, 12)[0]
struct.pack_into("<I", data, 8, 2)
struct.pack_into("<I", data, 20, 0)
struct.pack_into("<I", data, 20, crc32c(data[:size]))
open(sys.argv[2], "wb").write(data)
END
	refused "format version 2, newer than the 1" "$REBLOCK" audit newer.rbt
fi

# A file that cannot be read.
if [ "$(id -u)" != 0 ]; then
	cp t.rbt secret.rbt
	chmod 0 secret.rbt
	refused "no permission" "$REBLOCK" audit secret.rbt
fi
finish
