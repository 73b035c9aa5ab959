# SPDX-License-Identifier: BSD-2-Clause
"""What the agent left behind in the box: the evidence of its findings, its metrics."""
import json
import pathlib
import re
import subprocess

from recorded import stop


def json_of(command):
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode not in (0, 1, 3):
        stop(f"{' '.join(map(str, command))}: status {done.returncode}: {done.stderr}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]


def compare_evidence(folder, program, findings):
    for finding in findings:
        if "evidence_file" not in finding:
            yield f"{finding['kind']} of process {finding.get('pid')} has no evidence"
            continue
        path = folder / "evidence" / pathlib.Path(finding["evidence_file"]).name
        if not path.exists():
            yield f"{path} is not there"
            continue
        wanted = (finding["kind"], finding["evidence"], finding.get("evidence_record"))
        found = [(f["kind"], f["evidence"], f["records"][0]) for f in json_of([program, "audit", "--json", path]) if "kind" in f]
        if wanted not in found:
            yield f"{path}: {wanted} was told, the audit finds {found}"


def metrics_of(path):
    """{name: {labels as they stand there: value}}"""
    values = {}
    for name, labels, value in re.findall(r"^(reblock_\w+)(\{.*\})? (\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE):
        values.setdefault(name, {})[labels] = float(value)
    return values
