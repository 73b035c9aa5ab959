# SPDX-License-Identifier: BSD-2-Clause
"""What the checks of the box share: records and findings of a recording, as reblock tells them, and the ground truth."""
import json
import pathlib
import subprocess
import sys

EPT_VIOLATION, PML_FULL, EXCEPTION = 48, 62, 0
VALID, BIT_12, VIRTUAL_NMIS = 1 << 31, 1 << 12, 1 << 5
DOUBLE_FAULT = 8


def stop(why):
    print(f"{pathlib.Path(sys.argv[0]).name}: {why}", file=sys.stderr)
    sys.exit(2)


def lines_of(path):
    try:
        with open(path, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.strip()]
    except (OSError, ValueError) as error:
        stop(f"{path}: {error}")


def number(value):
    return int(value, 0) if isinstance(value, str) else value


def field(record, name):
    return number(record[name]) if name in record else None


def truths_of(folder):
    """{process: what the VMM and its guest say of their scenario}"""
    return {truth["pid"]: truth for truth in lines_of(folder / "truth.jsonl")}


def series_of(truth):
    return ".".join(truth["kernel"].split(".")[:2])


def run_reblock(program, recording, records, findings, may_be_damaged=False):
    """Converts and audits the file RECORDING, into the files RECORDS and FINDINGS."""
    quiet = subprocess.DEVNULL if may_be_damaged else None
    converted = subprocess.run([program, "convert", recording, records], check=False, stderr=quiet).returncode
    if converted != 0 and not (may_be_damaged and converted == 3):
        stop(f"{recording}: reblock convert ended with status {converted}")
    with open(findings, "w", encoding="utf-8") as out:
        status = subprocess.run([program, "audit", "--json", recording], stdout=out, check=False, stderr=quiet).returncode
    if status not in (0, 1, 3):
        stop(f"{recording}: reblock audit ended with status {status}")


def findings_of(path):
    return [f for f in lines_of(path) if "kind" in f and f.get("evidence") != "predicted"]


def defined_bit_12(exit_record):
    """True, False, or None when the record does not say."""
    reason = field(exit_record, "reason")
    if reason is None or reason & VALID:
        return None if reason is None else False
    reason &= 0xFFFF
    if reason not in (EPT_VIOLATION, PML_FULL, EXCEPTION):
        return False
    pin, idtv = field(exit_record, "pin"), field(exit_record, "idt_vectoring")
    if pin is not None and not pin & VIRTUAL_NMIS:
        return False
    if idtv is not None and idtv & VALID:
        return False
    said = field(exit_record, "intr_info" if reason == EXCEPTION else "qualification")
    if said is None:
        return None
    if reason == EXCEPTION and (not said & VALID or said & 0xFF == DOUBLE_FAULT):
        return False
    if not said & BIT_12:
        return False
    return None if idtv is None else True


def silent_entries(records):
    """How many exits follow an exit of the same vCPU: the kernel has entered the guest again in between without a word."""
    last, count = {}, 0
    for record in records:
        vcpu = record.get("vm"), record.get("vcpu")
        if record["event"] in ("exit", "entry"):
            count += record["event"] == "exit" and last.get(vcpu) == "exit"
            last[vcpu] = record["event"]
    return count


def expected_rules():
    rules = []
    path = pathlib.Path(__file__).with_name("expected")
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.split("#")[0].split()
        if words and len(words) != 7:
            stop(f"{path}: not 7 words: {line}")
        if words:
            rules.append(words)
    return rules


def matches(rule, truth):
    kernel, module, params, scenario = rule[:4]
    return (
        (kernel == "all" or series_of(truth) in kernel.split(","))
        and module == truth["variant"]
        and params in ("*", truth["params"] or "-")
        and scenario in ("*", truth["scenario"])
    )


def expected_findings(rules, truth):
    """{kind: (grades, count)}"""
    wanted = {}
    for rule in rules:
        if matches(rule, truth):
            kind, grades, count = rule[4:]
            wanted[kind] = (grades.split("|"), truth["nested"] if count == "nested" else int(count))
    return wanted


def counted_by_guest(rules, truth, kind):
    """Whether the table takes the guest's own count for this kind."""
    return any(matches(rule, truth) and rule[4] == kind and rule[6] == "nested" for rule in rules)
