# SPDX-License-Identifier: BSD-2-Clause
"""An accident in the box: its facts, what a recorder or the agent made of it, and what can be said of them all."""
import collections

import recorded
from agent import compare_evidence, metrics_of
from recorded import defined_bit_12, lines_of, number

RULES = recorded.expected_rules()


class Trace:
    """A recording, as reblock reads it, with its VMs' processes."""

    def __init__(self, program, path):
        records, findings = path.with_suffix(".records.jsonl"), path.with_suffix(".audit.jsonl")
        recorded.run_reblock(program, path, records, findings, may_be_damaged=True)
        self.records = lines_of(records)
        self.summary = [line for line in lines_of(findings) if "kind" not in line]
        self.pid_of = {number(r["vm"]): number(r["pid"]) for r in self.records if r.get("event") == "meta" and "pid" in r}
        self.lost = sum(number(r.get("count", 0)) for r in self.records if r.get("event") == "lost")
        self.kinds = collections.defaultdict(collections.Counter)  # of each process
        for finding in recorded.findings_of(findings):
            self.kinds[self.pid_of.get(number(finding.get("vm", -1)))][finding["kind"]] += 1
        self.unblocks = collections.Counter(
            self.pid_of.get(number(r.get("vm", -1)))
            for r in self.records
            if r.get("event") == "exit" and defined_bit_12(r)
        )


class Agent:
    """What the agent told, and its last metrics."""

    unblocks = None  # it has no record of each

    def __init__(self, folder):
        self.findings = [event for event in lines_of(folder / "events.jsonl") if "kind" in event]
        self.metrics = metrics_of(folder / "metrics")
        self.lost = sum(self.metrics.get("reblock_lost_records_total", {}).values())
        self.kinds = collections.defaultdict(collections.Counter)
        for finding in self.findings:
            self.kinds[finding.get("pid")][finding["kind"]] += 1


class Accident:
    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        path = folder / "facts"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self.facts = {line.partition(" ")[0]: line.partition(" ")[2] for line in lines}
        # In the order in which they ended.
        self.truths = list(recorded.truths_of(folder).values()) if (folder / "truth.jsonl").exists() else []
        self.nested = {}  # of each process, those that were killed too
        if (folder / "progress.jsonl").exists():
            for line in lines_of(folder / "progress.jsonl"):
                self.nested[line["pid"]] = line["nested"]

    def trace(self, name="trace.rbt"):
        return Trace(self.program, self.folder / name)

    def agent(self):
        return Agent(self.folder)

    def text(self, name):
        path = self.folder / name
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def fact(self, name, wanted):
        if self.facts.get(name) != wanted:
            yield f"{name} is {self.facts.get(name)}, expected {wanted}"

    def never_false(self, seen):
        """At most what the guests saw: a killed one may have seen one more than it could tell."""
        wanted = {t["pid"]: {k: n for k, (_, n) in recorded.expected_findings(RULES, t).items()} for t in self.truths}
        for pid, nested in self.nested.items():
            if pid not in wanted:
                wanted[pid] = {"missed-reblock": nested + 1, "nmi-in-nmi": nested + 1}
        for pid, kinds in seen.kinds.items():
            for kind, count in kinds.items():
                if count > wanted.get(pid, {}).get(kind, 0):
                    yield f"{count} findings {kind} of process {pid}, at most {wanted.get(pid, {}).get(kind, 0)} are true"

    def all_of(self, seen, truth):
        """Nothing of this scenario is missing."""
        wanted = {kind: count for kind, (_, count) in recorded.expected_findings(RULES, truth).items()}
        found = dict(seen.kinds[truth["pid"]])
        if truth["failure"] or not wanted:
            yield f"{truth['scenario']}: {truth['failure'] or 'nothing to be found in it'}"
        if found != wanted:
            yield f"{truth['scenario']} of process {truth['pid']}: {found} found, {wanted} expected"
        if seen.unblocks and seen.unblocks[truth["pid"]] != sum(truth["unblocks"].values()):
            yield f"{truth['scenario']}: {seen.unblocks[truth['pid']]} of its IRET unblocks are in the trace"

    def evidence(self, findings):
        """The evidence that these name is there, and says the same."""
        yield from compare_evidence(self.folder, self.program, findings)

    def no_rights(self):
        for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            if number("0x" + self.facts.get(name, "1")) != 0:
                yield f"{name} is {self.facts.get(name)} after attaching"
