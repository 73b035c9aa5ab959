#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""witness_page.py: opens the pages witness.html and without.html of this folder, and looks for Intel PT on them."""
import sys

from browser import Browser, Failure

failures = 0


def expect(true, text):
    global failures
    if not true:
        failures += 1
        print("FAILED: " + text)


def text_of(page, selector):
    return page.value("document.querySelector(%r).textContent" % selector)


def inked(page, number):
    """How many pixels around a record's place in the row of Intel PT are not the paper's."""
    return page.value("""(() => { const lane = lanes.find((l) => l.byNumber.get(%d)), r = lane.byNumber.get(%d);
        const c = byId('timeline'), scale = c.width / c.getBoundingClientRect().width, size = Math.round(16 * scale);
        const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
        pen.drawImage(c, Math.round((xOf(r.at) - 8) * scale), Math.round((yOfLane(lane) + ROW.PT - 8) * scale),
            size, size, 0, 0, size, size);
        const data = pen.getImageData(0, 0, size, size).data;
        let n = 0; for (let i = 0; i < data.length; i += 4) n += data[i] + data[i + 1] + data[i + 2] < 560;
        return n; })()""" % (number, number))


def with_pt(browser):
    page = browser.open("witness.html")
    page.settle()
    judged = text_of(page, "#judged")
    for line in ("1 IRET unblock confirmed", "bit 12 was 1 at 1 exit that it alone shows", "no-int-2"):
        expect(line in judged, "no %r in the summary" % line)
    legend = text_of(page, "#legend")
    for sign in ("PT: NMI delivered", "PT: IRET completed", "PT: exit at an IRET", "PT: gap"):
        expect(sign in legend, "no %r in the legend" % sign)
    for number in (1, 2, 6, 12, 18):
        expect(inked(page, number) > 20, "nothing is drawn of witness %d" % number)
    expect(inked(page, 8) < inked(page, 6), "a record is drawn like a witness")
    title = "titleOf(lanes.find((l) => l.byNumber.get(%d)).byNumber.get(%d))"
    expect(page.value(title % (11, 11)) == "#11 Intel PT: an NMI was delivered", "the NMI has no title")
    fields = page.value("fieldsOf(lanes[0].byNumber.get(7)).map((f) => f.join('=')).join(';')")
    for field in ("saw=VM exit", "reason=48 EPT violation", "rip=0xffffffff81a00f12", "instruction=an IRET",
                  "bit 12 NMI unblocking due to IRET"):
        expect(field in fields, "no %r among the fields: %s" % (field, fields))
    # Beside the finding of an exit, and where there is no exit.
    for finding, parts in ((0, ("before the exit#7 VM exit at 0xffffffff81a00f12: 48 EPT violation", "the instruction there is an IRET",
                                "after the entry#10 VM entry at 0xffffffff81a00f12",
                                "then#11 an NMI was delivered at 0xffffffff81a00f12 to 0xffffffff81a00940")),
                           (2, ("first#18 an NMI was delivered", "then#21 an NMI was delivered", "Intel PT alone shows this"))):
        page.click(*page.place('#list button[data-finding="%d"]' % finding))
        page.settle()
        shown = text_of(page, "#explanation")
        for part in parts:
            expect(part in shown, "no %r beside finding %d" % (part, finding))
    expect(page.value("byId('said').getBoundingClientRect().right") < 100, "what is said to screen readers stands on the page")
    # After a witness of an IRET what was known of blocking is not known any more.
    expect(page.value("lanes[0].byNumber.get(12).before") == 1, "blocking was not 1 before the IRET")
    expect(page.value("lanes[0].byNumber.get(12).after") == 2, "blocking is still known after the IRET")
    for error in page.errors():
        expect(False, error)


def without_pt(browser):
    page = browser.open("without.html")
    page.settle()
    expect(page.value("PT_ROOM") == 0, "there is room for Intel PT")
    expect("Intel PT" not in text_of(page, "#judged") and "PT:" not in text_of(page, "#legend"), "a word of Intel PT")


with Browser() as browser:
    for part in (with_pt, without_pt):
        try:
            part(browser)
        except Failure as failure:
            expect(False, "%s: %s" % (part.__name__, failure))
sys.exit(failures > 0)
