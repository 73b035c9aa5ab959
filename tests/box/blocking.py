# SPDX-License-Identifier: BSD-2-Clause
"""Blocking by NMI, as the kernel module read it from the VMCS, against what the box's kvm_intel is known to do."""
from recorded import EPT_VIOLATION, VALID, defined_bit_12, field

BLOCKING_BY_NMI = 1 << 3


def with_module(truth):
    return "+vmread" in truth["variant"]


def wanted_at_entry(truth, exit_record):
    """kvm_intel sets blocking again after each exit with bit 12, save the one that was taken out of the broken one."""
    broken = truth["variant"].startswith("broken")
    return not (broken and field(exit_record, "reason") & 0xFFFF == EPT_VIOLATION)


def compare_blocking(truth, records):
    """What differs, in the records of one VM of one vCPU."""
    unblocked = None  # the exit with bit 12 whose entry is to come
    looked = 0
    for record in records:
        event = record["event"]
        if event in ("exit", "entry") and not (field(record, "reason") or 0) & VALID:
            if "interruptibility" not in record:
                yield f"an {event} without interruptibility (t {record.get('t')})"
                return
            blocking = bool(field(record, "interruptibility") & BLOCKING_BY_NMI)
        if event == "exit":
            unblocked = record if defined_bit_12(record) else None
            if unblocked and blocking:
                yield f"the IRET has unblocked, and yet the exit has blocking (t {record.get('t')})"
        elif event in ("mask_write", "events_write") or (event == "user_exit" and truth["events_written"]):
            unblocked = None
        elif event == "entry" and unblocked:
            looked += 1
            if blocking != wanted_at_entry(truth, unblocked):
                yield f"blocking {int(blocking)} at the entry after an exit with bit 12 (t {record.get('t')})"
            unblocked = None
    if any(truth["unblocks"].values()) and not looked and not truth["events_written"]:
        yield "no entry follows an exit with bit 12"
