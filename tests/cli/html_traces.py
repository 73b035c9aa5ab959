#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""html_traces.py many TRACE OUT REBLOCK: TRACE a hundred times, one after the other, on a few VMs.
html_traces.py random N OUT: N records of all kinds with random fields, for the largest page that can be had."""
import json
import random
import subprocess
import sys


def many(trace, out, reblock):
    subprocess.run([reblock, "convert", trace, out + ".one"], check=True, capture_output=True)
    with open(out + ".one") as file:
        meta, *records = [json.loads(line) for line in file]
    meta["fields"].remove("seq")
    span = records[-1]["t"] - records[0]["t"] + 1000000
    with open(out, "w") as file:
        file.write(json.dumps(meta) + "\n")
        for turn in range(100):
            for record in records:
                copy = {key: value for key, value in record.items() if key != "seq"}
                copy["t"] += turn * span
                copy["vm"] += 4 * (turn % 5)
                file.write(json.dumps(copy) + "\n")


def random_trace(n, out):
    pick = random.Random(12)
    kinds = ["exit", "entry"] * 6 + ["mask_write", "mask_read", "blocked_read", "user_exit", "lost"]
    # An exit and its entry as a missed re-block has them, among noise.
    unblock = {"reason": 48, "qualification": "0x1181", "idt_vectoring": 0, "interruptibility": 0}
    with open(out, "w") as file:
        file.write('{"event":"meta","source":"random","captures":["exit","entry","user_exit"]}\n')
        rip = "0x1"
        for t in range(int(n)):
            kind = pick.choice(kinds)
            record = {"event": kind, "t": t * pick.randrange(1, 9000), "vm": pick.randrange(3), "vcpu": pick.randrange(4)}
            for name in ("intr_info", "error_code", "interruptibility", "exec") if kind in ("exit", "entry") else ():
                record[name] = pick.getrandbits(32)
            if kind in ("exit", "entry"):
                record.update(pin=pick.getrandbits(16), cpu=pick.randrange(512))
                if kind == "entry" and pick.random() < .4:
                    record.update(intr_info=0, interruptibility=0)
                else:
                    rip = hex(pick.getrandbits(64))
                record["rip"] = rip
            if kind == "exit":
                record.update(reason=pick.randrange(80), qualification=hex(pick.getrandbits(64)), idt_vectoring=pick.getrandbits(32))
                if pick.random() < .4:
                    record.update(unblock, pin="0x3f")
            if kind.startswith("mask"):
                record["masked"] = pick.randrange(2)
            file.write(json.dumps(record) + "\n")


if __name__ == "__main__":
    {"many": many, "random": random_trace}[sys.argv[1]](*sys.argv[2:])
