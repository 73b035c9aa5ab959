# SPDX-License-Identifier: BSD-2-Clause
"""alerts.py REBLOCK SOURCE_DIR WORK: two agents, a Prometheus that has the project's rules, and which alerts come when."""
import calendar
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.request

REBLOCK, SOURCE, WORK = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
TRACES = SOURCE / "corpus" / "traces"
STARTED = []


def fail(why):
    print(f"prometheus: {why}", file=sys.stderr)
    for log in sorted(WORK.glob("*.log")):
        print(f"--- {log.name}\n{log.read_text()[-2000:]}", file=sys.stderr)
    sys.exit(1)


def start(name, command, **more):
    log = open(WORK / f"{name}.log", "w", encoding="utf-8")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log, **more)
    STARTED.append(process)
    return process


def said(name, pattern):
    """What PATTERN's first group matches in what NAME has said, waited for."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        match = re.search(pattern, (WORK / f"{name}.log").read_text())
        if match:
            return match.group(1)
        time.sleep(0.1)
    return fail(f"{name} did not say {pattern}")


def agent(name, source, **more):
    """Ports are what the system gives."""
    process = start(name, [REBLOCK, "watch", "--from", source, "--listen", "127.0.0.1:0"], **more)
    return process, said(name, r"http://([0-9.]+:\d+)/metrics")


def lines_of(trace, shift):
    """A trace as JSON Lines, its VMs numbered from SHIFT on; first of all lines what tells of the source."""
    subprocess.run([REBLOCK, "convert", TRACES / trace, WORK / "lines.jsonl"], check=True)
    for line in (WORK / "lines.jsonl").read_text().splitlines():
        record = json.loads(line)
        if "vm" in record:
            record["vm"] += shift
        yield record


def prometheus(agents):
    (WORK / "prometheus.yml").write_text(
        "global: {scrape_interval: 250ms, scrape_timeout: 200ms, evaluation_interval: 250ms}\n"
        f"rule_files: [{SOURCE}/packaging/prometheus/reblock.rules.yml]\n"
        "scrape_configs:\n- job_name: reblock\n  static_configs:\n  - targets: " + json.dumps(agents) + "\n"
    )
    start("prometheus", ["prometheus", f"--config.file={WORK}/prometheus.yml", f"--storage.tsdb.path={WORK}/data",
                         "--web.listen-address=127.0.0.1:0"], cwd=WORK, env={**os.environ, "TZ": "UTC"})
    return said("prometheus", r'msg="Listening on" address=(127\.0\.0\.1:[1-9]\d*)')


def ask(server, path):
    with urllib.request.urlopen(f"http://{server}/api/v1/{path}", timeout=10) as answer:
        return json.load(answer)["data"]


def alerts(server):
    """{(alert, instance, kind): state}"""
    return {
        (a["labels"]["alertname"], a["labels"]["instance"], a["labels"].get("kind")): a["state"]
        for a in ask(server, "alerts")["alerts"]
    }


def wait_for(server, wanted, why):
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if all(alerts(server).get(key) == state for key, state in wanted.items()):
            return
        time.sleep(0.2)
    fail(f"{why}: {wanted} did not come, these did: {alerts(server)}")


def scraped(server, instance, since):
    """Waits until the rules were evaluated a few times over what was scraped after SINCE."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        targets = {t["labels"]["instance"]: t for t in ask(server, "targets")["activeTargets"]}
        groups = ask(server, "rules")["groups"]
        times = [t["lastScrape"] for i, t in targets.items() if i == instance] + [g["lastEvaluation"] for g in groups]
        # one of the target, three of the groups; in seconds
        if len(times) == 4 and all(calendar.timegm(time.strptime(t[:19], "%Y-%m-%dT%H:%M:%S")) > since + 1 for t in times):
            return
        time.sleep(0.2)
    fail(f"Prometheus does not look at {instance}")


def main():
    stock = agent("stock", TRACES / "6.12-stock.rbt")[1]
    feeding, fed = agent("fed", "-", stdin=subprocess.PIPE)
    quiet = list(lines_of("6.12-ept0.rbt", 0))
    bad = [r for r in lines_of("6.12-broken.rbt", 1000) if r["event"] != "meta" or "vm" in r]

    def feed(records):
        feeding.stdin.write("".join(json.dumps(r) + "\n" for r in records).encode())
        feeding.stdin.flush()

    server = prometheus([stock, fed])
    feed(quiet)
    scraped(server, fed, time.time())
    here = alerts(server)
    if any(key[1] == fed for key in here):
        fail(f"alerts without a finding: {here}")
    # Stock Linux has stale masks, which are told apart, and nothing else.
    wait_for(server, {("ReblockStaleMask", stock, "stale-mask"): "firing"}, "a stock kernel")

    feed(bad)
    wait_for(server, {
        ("ReblockNmiBlockingError", fed, "missed-reblock"): "firing",
        ("ReblockNmiBlockingError", fed, "nmi-in-nmi"): "firing",
        ("ReblockStaleMask", fed, "stale-mask"): "firing",
    }, "a broken kvm_intel")
    here = alerts(server)
    # (not attached is pending there: its trace has ended)
    if any(state == "firing" and key[0] != "ReblockStaleMask" and key[1] == stock for key, state in here.items()):
        fail(f"the stock kernel is accused: {here}")

    feeding.kill()
    feeding.wait()
    wait_for(server, {("ReblockAgentDown", fed, None): "pending"}, "an agent that was killed")
    if ("ReblockAgentDown", stock, None) in alerts(server):
        fail("the other agent is not down")
    print("alerts came for the broken kvm_intel and for an agent that was killed, and not before")


try:
    main()
finally:
    for started in STARTED:
        started.kill()
        started.wait()
