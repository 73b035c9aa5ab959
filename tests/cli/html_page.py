#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""html_page.py REBLOCK PICTURES: opens the pages of this folder in a browser and uses them as people would.
Screenshots go to PICTURES."""
import json
import os
import re
import subprocess
import sys

from browser import Browser, Failure

reblock, pictures = sys.argv[1:3]
failures = 0


def expect(true, text):
    global failures
    if not true:
        failures += 1
        print("FAILED: " + text)


def plain(text):
    return re.sub(r"\s+", " ", text).strip()


def no_errors(page, name):
    for error in page.errors():
        expect(False, "%s: %s" % (name, error))


def width_of(page):
    return page.value("view.to - view.from")


def sees(page, selector, text):
    found = plain(page.value("(document.querySelector(%r) || {}).textContent || ''" % selector))
    expect(text in found, "no %r in %s: %s" % (text, selector, found[:300]))


def time_of_record(trace, number):
    lines = subprocess.run([reblock, "convert", trace, "-"], capture_output=True, check=True, text=True).stdout.splitlines()
    t = json.loads(lines[1 + number])["t"]  # the first line describes the source
    return "%d.%09d" % (t // 10**9, t % 10**9)


def place_of_record(page, number, down="ROW.EVENTS"):
    return page.value("""(() => { const box = byId('timeline').getBoundingClientRect();
        for (const lane of lanes) { const r = lane.byNumber.get(%d);
        if (r) return [box.left + xOf(r.at), box.top + yOfLane(lane) + %s]; } })()""" % (number, down))


def colour_at(page, x, y):
    """Of the timeline at a place in the window."""
    return page.value("""(() => { const c = byId('timeline'), b = c.getBoundingClientRect();
        const copy = document.createElement('canvas'), pen = copy.getContext('2d', { willReadFrequently: true });
        pen.drawImage(c, Math.round(%f - b.left), Math.round(%f - b.top), 1, 1, 0, 0, 1, 1);
        return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3); })()""" % (x, y))


def named_colour(page, name):
    text = page.value("colour['%s']" % name).lstrip("#")
    text = text if len(text) == 6 else "".join(2 * digit for digit in text)
    return [int(text[i:i + 2], 16) for i in (0, 2, 4)]


def check_summary(page, trace):
    printed = subprocess.run([reblock, "audit", trace], capture_output=True, text=True, check=False).stdout
    verdict = printed.rstrip().split("\n")[-1].split(": ", 1)[1]
    sees(page, "#verdict", plain(verdict))
    summary = printed[printed.index("\n%s: reblock record" % trace) + 1:]
    expect(page.value("document.querySelector('#terminal pre').textContent") == summary,
           "the summary is not the terminal's")


def check_finding(page):
    """A real click on a finding of the list: its place, its diagram, its words."""
    width = width_of(page)
    page.click(*page.place('#list button[data-finding="2"]'))
    expect(page.value("chosen.finding && chosen.finding.id") == 2, "the finding is not chosen")
    expect("missed-reblock" in page.value("byId('said').textContent"), "the chosen finding is not said")
    expect(page.value("document.querySelectorAll('#list [aria-current]').length") == 1, "not one finding is marked")
    expect(page.value("location.hash") == "#finding-2", "the address does not name the finding")
    expect(width_of(page) < width / 10, "the timeline did not jump")
    expect(page.value("chosen.finding.shown.length") == 3, "not all records of the finding are shown")
    expect(page.value("chosen.finding.shown.every((r) => r.at >= view.from && r.at <= view.to)"), "its records are not in view")
    sees(page, "#explanation", "missed-reblock")
    sees(page, "#explanation", "first exit after the entry is an NMI-window exit at the same RIP")
    box = page.value("(() => { const b = byId('diagram').getBoundingClientRect(); return [b.width, b.height]; })()")
    expect(box[0] > 400 and box[1] > 400, "the diagram has %r" % box)
    taken = page.value("[...document.querySelectorAll('#diagram .node.taken')].map((e) => e.textContent)")
    for text in ("VM exit #65", "Did the VM entry fail?", "Exit qualification", "Is bit 12 set?", "The IRET has unblocked NMIs",
                 "VM entry #66", "Section 2, row 6", "blocking by NMI must be 1", "the re-block was missed"):
        expect(any(text in one for one in taken), "%r is not on the path: %r" % (text, taken))
    for text in ("Nowhere", "Bit 12 is undefined", "VM-exit interruption", "Nothing ran"):
        expect(not any(one.startswith(text) for one in taken), "%r is on the path" % text)
    expect(page.value("document.querySelectorAll('#diagram .node').length") > len(taken), "the whole diagram is the path")
    expect(page.value("document.querySelectorAll('#diagram .edge.taken').length") >= 10, "the path has no edges")
    expect(page.value("document.querySelectorAll('#diagram .taken.bad').length") == 2, "what is wrong is not marked")
    fits = page.value("""[...document.querySelectorAll('#diagram .node')].filter((node) => { const b = node.querySelector('.box').getBBox();
        return [...node.querySelectorAll('text')].some((t) => { const x = t.getBBox();
        return x.x < b.x || x.x + x.width > b.x + b.width || x.y < b.y - 1 || x.y + x.height > b.y + b.height + 1; }); }).map((n) => n.textContent)""")
    expect(not fits, "text does not fit its box: %r" % fits)


def check_drawing(page):
    """What the finding's exit and entry must have drawn, by the colours of pixels."""
    def drawn(number, down, want):
        # The chosen finding's place is tinted; the colour that is meant is still the nearest.
        x, y = place_of_record(page, number, down)
        got = colour_at(page, x + 12, y)
        distance = {name: sum(abs(a - b) for a, b in zip(got, named_colour(page, name))) for name in ("paper", "must", "blocked", "host", want)}
        expect(min(distance, key=distance.get) == want, "after record %d, %s: %r is not %s" % (number, down, got, want))

    drawn(65, "ROW.MUST[0] + ROW.MUST[1] - 2", "must")
    drawn(65, "ROW.HOST[0] + 4", "host")
    drawn(66, "ROW.HOST[0] + 4", "guest")
    drawn(66, "ROW.MUST[0] + ROW.MUST[1] - 2", "paper")
    drawn(66, "ROW.WAS[0] + ROW.WAS[1] - 1", "blocked")
    drawn(66, "ROW.WAS[0] + 3", "paper")


def check_hover(page):
    x, y = place_of_record(page, 65)
    page.mouse("mouseMoved", x + 1, y)
    page.settle()
    expect(page.value("!byId('tooltip').hidden && byId('tooltip').getBoundingClientRect().height > 40"), "no tooltip")
    for text in ("#65 VM exit: 48 EPT violation", "0x1181", "bit 12 NMI unblocking due to IRET", "row 6: blocking must be 1",
                 time_of_record("6.12-broken.rbt", 65)):
        sees(page, "#tooltip", text)
    page.screenshot(os.path.join(pictures, "broken-hover.png"))
    page.mouse("mouseMoved", 4, 4)
    page.settle()
    expect(page.value("byId('tooltip').hidden"), "the tooltip stays")


def check_views(page):
    """Buttons, wheel, keys, dragging."""
    def changes(what, act, test):
        before = page.value("[view.from, view.to]")
        act()
        page.settle()
        after = page.value("[view.from, view.to]")
        expect(test(before, after), "%s: %r to %r" % (what, before, after))

    def narrower(a, b):
        return b[1] - b[0] < .8 * (a[1] - a[0])

    def wider(a, b):
        return b[1] - b[0] > 1.2 * (a[1] - a[0])

    def later(a, b):
        return b[0] > a[0] and abs((b[1] - b[0]) / (a[1] - a[0]) - 1) < 1e-6

    def earlier(a, b):
        return later(b, a)

    def button(name):
        return lambda: page.click(*page.place('[data-do="%s"]' % name))

    def wheel(delta, **more):
        x, y = page.place("#timeline")
        return lambda: page.mouse("mouseWheel", x, y, deltaX=0, deltaY=delta, **more)

    def drag():
        x, y = page.place("#timeline")
        page.mouse("mousePressed", x, y, button="left", clickCount=1)
        page.mouse("mouseMoved", x - 60, y, button="left", buttons=1)
        page.mouse("mouseMoved", x - 120, y, button="left", buttons=1)
        page.mouse("mouseReleased", x - 120, y, button="left", clickCount=1)

    changes("the button Whole trace", button("all"), wider)
    changes("the button Zoom in", button("in"), narrower)
    changes("the button Zoom out", button("out"), wider)
    changes("the button Zoom in", button("in"), narrower)
    changes("the wheel with Ctrl", wheel(-300, modifiers=2), narrower)
    changes("the wheel with Shift", wheel(100, modifiers=8), later)
    changes("dragging", drag, later)
    page.value("byId('timeline').focus()")
    changes("the wheel after a click", wheel(-200), narrower)
    changes("the key -", lambda: page.key("-", "-"), wider)
    changes("the key +", lambda: page.key("+", "+"), narrower)
    changes("the right arrow", lambda: page.key("ArrowRight"), later)
    changes("the left arrow", lambda: page.key("ArrowLeft"), earlier)
    changes("the key 0", lambda: page.key("0", "0"), wider)
    chosen = page.value("chosen.finding.id")
    page.key("n", "n")
    expect(page.value("chosen.finding.id") == chosen + 1, "n does not go to the next finding")
    page.key(".", ".")
    said = page.value("byId('said').textContent")
    page.key(".", ".")
    expect(said.startswith("#") and page.value("byId('said').textContent") not in ("", said), "records are not said: %r" % said)
    page.key("Escape")
    x, y = page.place("#overview")
    page.click(x + 300, y)
    expect(page.value("view.from > span / 3"), "a click into the overview does not move the view")


def check_list(page):
    page.value("""(() => { const s = byId('filter-kind'); s.value = 'stale-mask'; s.dispatchEvent(new Event('change')); })()""")
    expect(page.value("document.querySelectorAll('#list button').length") == 3, "the filter does not filter")
    page.value("""(() => { const s = byId('filter-kind'); s.value = ''; s.dispatchEvent(new Event('change')); })()""")
    expect(page.value("document.querySelectorAll('#list button').length") == 15, "the filter does not end")
    # An exit without a finding is explained by a click into the timeline.
    page.value("goTo(lanes[1], lanes[1].records[0].at, lanes[1].records[lanes[1].records.length - 1].at)")
    page.settle()
    number = page.value("data.cases.find((c) => c.lane === lanes[1]).exit")
    page.value("(() => { const r = lanes[1].byNumber.get(%d); goTo(lanes[1], r.at, r.at + 1000); })()" % number)
    page.settle()
    page.click(*place_of_record(page, number))
    sees(page, "#diagram", "VM exit #%d" % number)
    sees(page, "#explanation", "was not judged: no-evidence")


def same_words(page, trace, options):
    """The page says of each exit that it explains what reblock explain says."""
    cases = page.value("data.cases.map((c, i) => [i, c.exit])")
    expect(len(cases) >= 3, "%s: only %d exits are explained" % (trace, len(cases)))
    for index, number in cases:
        printed = subprocess.run([reblock, "explain", *options, "%s#%d" % (trace, number)], capture_output=True, text=True, check=False).stdout
        wanted = printed[printed.index("What the processor says"):]
        wanted = [re.sub(r"^  \d\. |^  -> ", "", line).replace("-> ", "\u2192 ") for line in wanted.split("\n")]
        said = plain(page.value("""el('div', {}, ...inWords(data.cases[%d])).innerHTML.replace(/<[^>]*>/g, ' ')
            .replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&')""" % index)).replace(" : ", ": ").replace(" .", ".")
        section = ""
        for line in wanted:
            if line and not line.startswith(" ") and "#" not in line:
                section = line
            if line.startswith("%s#" % trace):
                section = "a record"
            if section.startswith(("What the processor says", "What the VMM must do")) and line.startswith(" ") or line.startswith("  this "):
                expect(plain(line).rstrip(".") in said, "%s#%d: the page does not say %r but %s" % (trace, number, plain(line), said))


def same_records(page, trace):
    """Each record of the page is that of the trace: its number, kind, time and fields."""
    lines = trace
    if not trace.endswith(".jsonl"):
        lines = trace + ".jsonl"
        subprocess.run([reblock, "convert", trace, lines], check=True, capture_output=True)
    with open(lines) as file:
        records = [json.loads(line) for line in file]
    records = [r for r in records if r["event"] != "meta" or "vm" in r]
    shown = page.value("lanes.flatMap((lane) => lane.records.map((r) => [r.number, KIND_WORDS[r.kind], lane.vm, lane.vcpu, clock(r.at), "
                       "Object.fromEntries(fieldsOf(r))]))")
    expect(sorted(one[0] for one in shown) == [i for i, r in enumerate(records) if r["event"] != "meta"], "%s: not all records are shown" % trace)
    for number, event, vm, vcpu, time, fields in shown:
        r = records[number]
        want = (r["event"], r["vm"], r["vcpu"], "%d.%09d\u2009s" % divmod(r["t"], 10 ** 9))
        expect((event, vm, vcpu, time) == want, "%s#%d: %r, not %r" % (trace, number, (event, vm, vcpu, time), want))
        for name in ("rip", "qualification", "intr_info", "idt_vectoring", "interruptibility", "pin", "exec", "error_code"):
            got = fields.get(name, "absent").split()[0]
            value = r.get(name, "absent")
            value = hex(value) if isinstance(value, int) else value
            expect(got == value, "%s#%d: %s is %s, not %s" % (trace, number, name, got, value))
        for name in ("rip_same", "nmi_injected", "l2", "nmi_known_unmasked", "masked", "blocked", "injected", "pending"):
            expect(fields.get(name) == (str(r[name]) if name in r else None), "%s#%d: %s is %s" % (trace, number, name, fields.get(name)))
        if event == "exit":
            expect(fields["reason"].split()[0] == str(int(str(r["reason"]), 0) & 0xffff), "%s#%d: reason %s" % (trace, number, fields["reason"]))


def named_controls(page):
    """Whoever cannot see the page hears what each control is."""
    nodes = page.call("Accessibility.getFullAXTree")["nodes"]
    nameless = [node["role"]["value"] for node in nodes if not node.get("ignored") and
                node["role"]["value"] in ("button", "combobox", "application", "link", "img", "image", "article") and
                not node.get("name", {}).get("value")]
    expect(not nameless, "controls without a name: %r" % nameless)


def contrast(page, scheme):
    """Text and signs can be told from what they stand on (WCAG: 4.5 for text, 3 for the rest)."""
    def luminance(name):
        parts = [c / 255 for c in named(name)]
        linear = [c / 12.92 if c <= .03928 else ((c + .055) / 1.055) ** 2.4 for c in parts]
        return .2126 * linear[0] + .7152 * linear[1] + .0722 * linear[2]

    def named(name):
        text = page.value("getComputedStyle(document.documentElement).getPropertyValue('--%s').trim()" % name).lstrip("#")
        return [int(text[i:i + 2], 16) for i in (0, 2, 4)]

    for front, back, least in (
            ("ink", "paper", 4.5), ("ink", "page", 4.5), ("soft", "paper", 4.5), ("soft", "page", 4.5), ("soft", "faint", 4.5),
            ("accent", "paper", 4.5), ("accent", "page", 4.5), ("ink", "accent-soft", 4.5), ("soft", "accent-soft", 4.5),
            ("error", "error-soft", 4.5), ("warning", "warning-soft", 4.5), ("note", "note-soft", 4.5), ("good", "good-soft", 4.5),
            ("error", "paper", 4.5), ("blocked-ink", "blocked", 4.5), ("must-ink", "must", 4.5), ("blocked", "paper", 3),
            ("must", "paper", 3), ("host", "paper", 3), ("nmi", "paper", 3), ("warning", "paper", 3), ("note", "paper", 3)):
        one, other = sorted((luminance(front), luminance(back)))
        ratio = (other + .05) / (one + .05)
        expect(ratio >= least, "%s: contrast of %s on %s is %.2f" % (scheme, front, back, ratio))


def broken_trace(browser):
    page = browser.open("broken.html")
    no_errors(page, "broken.html")
    check_summary(page, "6.12-broken.rbt")
    expect(page.value("document.querySelectorAll('#list button').length") == 15, "not 15 findings are listed")
    expect(page.value("document.documentElement.scrollWidth <= window.innerWidth"), "the page is wider than its window")
    expect(page.value("byId('timeline').getBoundingClientRect().height > 400"), "the timeline is too small")
    page.screenshot(os.path.join(pictures, "broken-light.png"))
    check_finding(page)
    check_drawing(page)
    check_hover(page)
    page.screenshot(os.path.join(pictures, "broken-finding.png"))
    check_views(page)
    check_list(page)
    named_controls(page)
    contrast(page, "light")
    paper = named_colour(page, "paper")
    page.colours("dark")
    page.settle()
    expect(named_colour(page, "paper") != paper, "the timeline does not follow the dark scheme")
    contrast(page, "dark")
    page.value("window.scrollTo(0, 0)")
    page.settle()
    page.screenshot(os.path.join(pictures, "broken-dark.png"))
    page.media("print", "dark")
    page.settle()
    expect(named_colour(page, "paper") == [255, 255, 255], "in print the timeline is dark")
    page.media("screen", "dark")
    page.settle()
    expect(len(page.call("Page.printToPDF", printBackground=True)["data"]) > 20000, "it does not print")
    same_words(page, "6.12-broken.rbt", [])
    same_records(page, "6.12-broken.rbt")
    no_errors(page, "broken.html after use")


def other_traces(browser):
    for name, trace, options in (("ept0.html", "6.1-ept0.rbt", ["--vnmi", "on"]), ("missed.html", "missed.jsonl", []),
                                 ("nopin.html", "nopin.jsonl", ["--vnmi", "on"])):
        page = browser.open(name)
        same_words(page, trace, options)
        same_records(page, trace)
        if name == "nopin.html":
            sees(page, "#diagram", "assumed by --vnmi: NMI exiting 1, virtual NMIs 1")
        no_errors(page, name)
    for name, state in (("stock.html", "error"), ("good.html", "good"), ("lost.html", "incomplete"), ("perf.html", "incomplete"),
                        ("policy.html", "warning")):
        page = browser.open(name)
        expect(page.value("byId('verdict').className") == state, "%s: the verdict is not %s" % (name, state))
        if name == "perf.html":
            sees(page, "#judged", "kvm:kvm_userspace_exit was not recorded")
        no_errors(page, name)
    page = browser.open("broken.html", fragment="#finding-7", dark=True, width=420, height=800)
    expect(page.value("chosen.finding.id") == 7, "an address with a finding does not show it")
    expect(page.value("document.documentElement.scrollWidth <= window.innerWidth"), "the page is wider than a small window")
    page.screenshot(os.path.join(pictures, "broken-small.png"))
    no_errors(page, "broken.html#finding-7")


def hostile(browser):
    page = browser.open("hostile.html")
    name = page.value("byId('file').textContent")
    expect("<img src=x onerror=hacked=1>" in name and "\ufffd" in name, "the name is %r" % name)
    expect(page.value("typeof hacked") == "undefined" and page.value("document.images.length") == 0, "a name became HTML")
    expect(page.value("lanes.some((lane) => lane.name.startsWith('<b>'))"), "the VM's name is lost")
    no_errors(page, "hostile.html")


def large(browser):
    for name in ("big.html", "many.html", "random.html"):
        page = browser.open(name)
        print("%s: %.2f s from its address to the first drawing" % (name, page.seconds))
        expect(page.seconds < 30, "%s takes %.1f s" % (name, page.seconds))
        x, y = page.value("""(() => { const b = byId('timeline').getBoundingClientRect(), lane = lanes[0];
            return [b.left + xOf(span * .7), b.top + yOfLane(lane) + ROW.WAS[0]]; })()""")
        page.value("window.scrollTo(0, 0)")
        x, y = page.value("""(() => { byId('time').scrollIntoView(); const b = byId('timeline').getBoundingClientRect();
            return [b.left + xOf(span * .7), b.top + yOfLane(lanes[0]) + ROW.WAS[0]]; })()""")
        page.mouse("mouseMoved", x, y)
        page.settle()
        if name == "big.html":
            sees(page, "#tooltip", "exits")
        page.screenshot(os.path.join(pictures, name.replace(".html", ".png")))
        if name == "many.html":
            expect(page.value("Object.keys(data.unlisted).length") == 3, "it does not say how many findings are not listed")
            sees(page, "#unlisted", "missed-reblock")
            page.click(*page.place("#list li:nth-child(200) button"))
            expect(page.value("chosen.finding.shown.length > 1 && !!chosen.finding.case"), "a late finding has no place")
            sees(page, "#diagram", "Section 2, row")
        no_errors(page, name)


def the_checks_see(browser):
    """Pages that are broken on purpose: each has to be noticed."""
    with open("missed.html", encoding="utf-8") as file:
        text = file.read()
    for name, old, new in (("network", "<main>", '<main><img src="http://127.0.0.1:9/x.png">'),
                           ("script", "<main>", "<main><script>hacked = 1</script>"),
                           ("handler", "<main>", '<main><p onclick="hacked()" style="color: red">x</p>')):
        with open("wrong-%s.page" % name, "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))
        os.rename("wrong-%s.page" % name, "wrong-%s.htm" % name)
        page = browser.open("wrong-%s.htm" % name)
        expect(page.errors(), "a page with a foreign %s shows no error" % name)
        expect(page.value("typeof hacked") == "undefined", "a foreign script ran")


def main():
    with Browser() as browser:
        for part in (broken_trace, other_traces, hostile, large, the_checks_see):
            try:
                part(browser)
            except Failure as failure:
                expect(False, "%s: %s" % (part.__name__, failure))
    sys.exit(failures > 0)


main()
