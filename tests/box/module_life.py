# SPDX-License-Identifier: BSD-2-Clause
"""What the script module-life has seen: the kernel module comes and goes, and KVM under it."""
import re

import recorded

REFUSED = {"nonsense", "refused"}  # what must not succeed
SUCCEEDED = {
    "faults_without_kvm", "faults_with_kvm", "first", "kvm", "recorded", "kvm_intel_goes", "kvm_goes", "kvm_again",
    "recorded_again", "traced", "goes", "recorded_without", "guest", "all_gone", "chosen", "recorded_chosen", "goes_again",
}  # fmt: skip


def log_of(folder):
    return (folder / "kernel.log").read_text(encoding="utf-8", errors="replace").splitlines()


def events_of(program, folder, trace):
    records = folder / f"{trace}.jsonl"
    recorded.run_reblock(program, folder / f"{trace}.rbt", records, folder / f"{trace}.audit.jsonl")
    return [r for r in recorded.lines_of(records) if r.get("event") in ("exit", "entry")]


def compare(program, folder):
    facts = dict(line.split() for line in (folder / "facts").read_text(encoding="utf-8").splitlines())
    for name in sorted(REFUSED | SUCCEEDED):
        if name not in facts:
            yield f"{name}: did not come to pass"
        elif (facts[name] == "0") != (name in SUCCEEDED):
            yield f"{name}: status {facts[name]}"
    if int(facts.get("turns", 0)) < 3:
        yield "the module has hardly come and gone while the guest ran"
    for trace in ("attached", "again", "without", "chosen"):
        events = events_of(program, folder, trace)
        having = [r for r in events if "interruptibility" in r]
        wanted = [] if trace == "without" else events
        if not events or having != wanted:
            yield f"{trace}: {len(having)} of {len(events)} exits and entries carry the interruptibility"
    for trace in ("attached", "again", "chosen"):
        blocked = [r for r in events_of(program, folder, trace) if recorded.field(r, "interruptibility") == 8]
        if not blocked:
            yield f"{trace}: blocking by NMI is never seen"
    if (folder / "fields").read_text(encoding="utf-8").strip() != "interruptibility,idt_vectoring,pin,exec":
        yield "the parameter does not say what was chosen"
    lines = [line for line in (folder / "trace.txt").read_text(encoding="utf-8").splitlines() if "reblock_vmread:" in line]
    if not any("entry" in line and "interruptibility 0x8 " in line for line in lines):
        yield "the event is not printed, or never with blocking"
    if any(re.search(r"[0-9a-f]{12}", line.split("reblock_vmread:")[1]) for line in lines):
        yield "the event prints an address"
    for line in log_of(folder):
        if re.search(r"BUG|WARNING|Oops|Call Trace|general protection|invalid opcode", line):
            yield f"the kernel says: {line}"
    if not any("vmx_faults: CR4.VMXE is 0" in line for line in log_of(folder)):
        yield "VMREAD was not tried outside VMX operation"
