# SPDX-License-Identifier: BSD-2-Clause
"""Writes perf.data, as a pipe has it, with the Intel PT of files and nothing else, for pt_damage.sh.

pt_perf_data.py [--no-clock] [--short-info] [--snapshot] [--truncated] [--cut N] FILE... >perf.data
    Each FILE is one AUXTRACE record of CPU 0, one behind the other; with --snapshot they begin anew each time.
    --truncated: the kernel had no room for what follows the first.
    --cut N: the last N bytes are not there.
"""
import argparse
import struct
import sys

PMU = 6


def record(kind, body):
    return struct.pack("<IHH", kind, 0, 8 + len(body)) + body


def attr():
    """perf_event_attr of intel_pt: TSC, MTC with period 0, sample_id_all with CPU and time."""
    fields = {0: ("<I", PMU), 4: ("<I", 112), 8: ("<Q", 0x600), 16: ("<Q", 1),
              24: ("<Q", 1 << 1 | 1 << 2 | 1 << 7 | 1 << 16), 40: ("<Q", 1 << 18)}
    body = bytearray(112)
    for at, (form, value) in fields.items():
        struct.pack_into(form, body, at, value)
    return bytes(body) + struct.pack("<Q", 1)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--no-clock", action="store_true")
    p.add_argument("--short-info", action="store_true")
    p.add_argument("--snapshot", action="store_true")
    p.add_argument("--truncated", action="store_true")
    p.add_argument("--cut", type=int, default=0)
    p.add_argument("files", nargs="+")
    a = p.parse_args()
    # A tick is 2 ns, from 0 on.
    words = [PMU, 0, 2, 0, 0 if a.no_clock else 1, 0x400, 0x800, 0, int(a.snapshot), 1, 0x200, 0x3c000, 1, 1, 2, 0]
    if a.short_info:
        words = words[:2]
    data = b"PERFILE2" + struct.pack("<Q", 16)
    data += record(64, attr())
    data += record(70, struct.pack("<II", 1, 0) + struct.pack("<%dQ" % len(words), *words))
    offset = 0
    for i, name in enumerate(a.files):
        with open(name, "rb") as f:
            pt = f.read()
        pt += bytes(-len(pt) % 8)
        data += record(71, struct.pack("<QQQIIII", len(pt), 0 if a.snapshot else offset, 0, 0, 0xffffffff, 0, 0)) + pt
        offset += len(pt)
        if a.truncated and not i:
            # id, CPU, time and thread are behind it
            data += record(11, struct.pack("<QQQ", 0, offset, 1) + struct.pack("<IIQIIQ", 1, 1, 1, 0, 0, 1))
    sys.stdout.buffer.write(data[:len(data) - a.cut])


main()
