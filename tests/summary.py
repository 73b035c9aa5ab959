#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""summary.py JUNIT...: reasons of skipped tests, names of failed ones, then the count of all.

A file that is missing or damaged is a run that did not finish, and counts as a failure.
Exit status: 0 when something passed and nothing failed, else 1.
"""

import sys
import xml.etree.ElementTree as ET

passed, failed, skipped = 0, [], []

for path in sys.argv[1:]:
    try:
        suite = ET.parse(path).getroot()
    except (OSError, ET.ParseError) as error:
        failed.append(f"{path}: {error}")
        continue
    for case in suite.iter("testcase"):
        name = f"{path.split('/')[-2]}: {case.get('name')}"
        lines = (case.findtext("system-out") or "").strip().splitlines()
        if case.get("status") == "run":
            passed += 1
        elif (skip := case.find("skipped")) is not None and skip.get("message", "").startswith("SKIP_"):
            skipped.append(f"{name}: {lines[-1] if lines else 'no reason given'}")
        else:
            failed.append(name)

print()
for line in skipped:
    print("skipped:", line)
for line in failed:
    print("failed:", line)
print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped")
sys.exit(1 if failed or not passed else 0)
