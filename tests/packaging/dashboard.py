# SPDX-License-Identifier: BSD-2-Clause
"""dashboard.py DASHBOARD RULES [METRICS]: the dashboard can be imported, and has a panel for each metric and no other.

Prints a rule file with all its expressions, for promtool. METRICS is a page that the agent served.
"""
import json
import re
import sys

NAME = re.compile(r"(?<![:\w])reblock_[a-z_]+(?![:\w])")
VARIABLES = {"$__rate_interval": "5m", "$__range": "1h", "$job": ".*", "$instance": ".*"}


def fail(why):
    sys.exit(f"dashboard: {why}")


def served(path):
    with open(path, encoding="utf-8") as page:
        return {line.split()[2] for line in page if line.startswith("# TYPE ")}


def panels_of(dashboard):
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def check_panel(panel, ids):
    where = panel.get("title", panel["id"])
    if panel["id"] in ids:
        fail(f"{where}: its id is not its own")
    ids.add(panel["id"])
    place = panel["gridPos"]
    if place["x"] + place["w"] > 24 or min(place["h"], place["w"]) < 1:
        fail(f"{where}: it does not fit into 24 columns")
    if panel["type"] == "row":
        return []
    if not panel.get("description"):
        fail(f"{where}: no description")
    for at in [panel, *panel["targets"]]:
        if at["datasource"] != {"type": "prometheus", "uid": "${datasource}"}:
            fail(f"{where}: a data source that is not the variable")
    if not panel["targets"]:
        fail(f"{where}: shows nothing")
    return [target["expr"] for target in panel["targets"]]


def overlapping(panels):
    taken = {}
    for panel in panels:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if (x, y) in taken:
                    fail(f"{panel.get('title')} lies over {taken[x, y]}")
                taken[x, y] = panel.get("title")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        dashboard = json.load(file)
    with open(sys.argv[2], encoding="utf-8") as file:
        rules = file.read()
    # what an import into Grafana 9 and later looks at: an id of null makes it new, 36 is the schema of 9.0
    if dashboard["id"] is not None or not dashboard["uid"] or not dashboard["title"] or dashboard["schemaVersion"] < 36:
        fail("id, uid, title or schemaVersion")
    variables = {v["name"]: v for v in dashboard["templating"]["list"]}
    if variables["datasource"]["type"] != "datasource" or variables["datasource"]["query"] != "prometheus":
        fail("no variable for the data source")
    ids, expressions = set(), []
    for panel in panels_of(dashboard):
        expressions += check_panel(panel, ids)
    overlapping(list(panels_of(dashboard)))
    used = set()
    print("groups:\n - name: dashboard\n   rules:")
    for number, expression in enumerate(expressions):
        used |= set(NAME.findall(expression))
        for variable, value in VARIABLES.items():
            expression = expression.replace(variable, value)
        if "$" in expression:
            fail(f"a variable that is not defined: {expression}")
        print(f"   - record: dashboard:panel{number}\n     expr: {json.dumps(expression)}")
    if len(sys.argv) > 3:
        metrics = served(sys.argv[3])
        if not metrics:
            fail("the agent served nothing")
        # what only --bpf-stats adds
        metrics.add("reblock_bpf_run_seconds_total")
        if used - metrics:
            fail(f"not served by the agent: {', '.join(sorted(used - metrics))}")
        if metrics - used:
            fail(f"without a panel: {', '.join(sorted(metrics - used))}")
        in_rules = set(NAME.findall(re.sub(r"#.*", "", rules)))
        if in_rules - metrics:
            fail(f"rules ask for what the agent does not serve: {', '.join(sorted(in_rules - metrics))}")


main()
