#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""html_file.py check BYTES PAGE...: each page has at most BYTES, asks for nothing, and its data can be read.
html_file.py memory REBLOCK TRACE PAGE: makes PAGE of TRACE and looks at the memory that takes."""
import base64
import hashlib
import html.parser
import json
import os
import re
import resource
import subprocess
import sys

ALLOWED = {("link", "href"): {"data:,"}, ("a", "href"): {"#findings"}}
FETCHING = {"src", "href", "srcset", "action", "formaction", "poster", "background", "data", "ping", "xlink:href"}
TAGS_THAT_MAY_NOT_BE = {"iframe", "object", "embed", "form", "base", "img", "audio", "video", "frame"}


class Page(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.wrong, self.policy, self.blocks, self.inside = [], None, [], None
        self.title = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        if tag in TAGS_THAT_MAY_NOT_BE:
            self.wrong.append("there is a <%s>" % tag)
        for name, value in attributes:
            if name.startswith("on") or name == "style":
                self.wrong.append("<%s %s>" % (tag, name))
            if name in FETCHING and value not in ALLOWED.get((tag, name), set()):
                self.wrong.append("<%s %s=%s>" % (tag, name, value))
        if tag == "meta" and named.get("http-equiv", "").lower() == "content-security-policy":
            self.policy = named["content"]
        if tag in ("script", "style", "title"):
            self.inside = [tag, named, ""]
            self.blocks.append(self.inside)

    def handle_endtag(self, tag):
        self.inside = None

    def handle_data(self, text):
        if self.inside:
            self.inside[2] += text


def hash_of(text):
    return "'sha256-%s'" % base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def check_page(path, most):
    with open(path, "rb") as file:
        raw = file.read()
    wrong = [] if len(raw) <= most else ["%d bytes, more than %d" % (len(raw), most)]
    text = raw.decode()  # all of it is UTF-8
    for left in re.findall(r"@@[A-Z]+@@|@(?:style|script)(?:_hash)?@", text):
        wrong.append("a slot is left: " + left)
    for character in "\u2028\u2029\u202e\u2066\0":
        if character in text:
            wrong.append("there is a U+%04X" % ord(character))
    page = Page(text)
    wrong += page.wrong
    scripts = [block for block in page.blocks if block[0] == "script"]
    styles = [block for block in page.blocks if block[0] == "style"]
    if [block[1].get("type", "") for block in scripts] != ["application/json", ""] or len(styles) != 1:
        return wrong + ["not one block of data, one script and one style"]
    want = "default-src 'none'; script-src %s; style-src %s; img-src data:; base-uri 'none'; form-action 'none'" % (
        hash_of(scripts[1][2]), hash_of(styles[0][2]))
    if page.policy != want:
        wrong.append("the policy is %s, not %s" % (page.policy, want))
    for place in re.findall(r"https?://[^\s\"'<>)]+", scripts[1][2] + styles[0][2]):
        if place != "http://www.w3.org/2000/svg":  # the name of SVG, no address
            wrong.append("the page names " + place)
    data = json.loads(scripts[0][2])
    if re.search(r"[<>&]", scripts[0][2]):
        wrong.append("there is a <, > or & in the data")
    for finding in data["findings"]:
        if not finding["why"].endswith(".") or "case" in finding and not 0 <= finding["case"] < len(data["cases"]):
            wrong.append("a finding is damaged: %r" % finding)
    predicted = [f for f in data["findings"] if f["evidence"] == "predicted"]
    if [f for f in data["findings"] if ("policy" in f) != (f in predicted)] or bool(predicted) != ("policy" in os.path.basename(path)):
        wrong.append("what a policy predicts and what was seen are mixed up")
    total = data["total"]
    if sum(total["findings"].values()) + sum(total["predicted"].values()) != len(data["findings"]) + sum(data["unlisted"].values()):
        wrong.append("findings are missing")
    print("%-20s %8d bytes, %4d findings, %4d explained, %5d records" % (os.path.basename(path), len(raw), len(data["findings"]),
          len(data["cases"]), sum(lane["total"] for lane in data["lanes"])))
    return wrong


def check(most, *paths):
    failed = False
    for path in paths:
        for text in check_page(path, int(most)):
            print("FAILED: %s: %s" % (path, text))
            failed = True
    sys.exit(failed)


def memory(reblock, trace, page):
    status = subprocess.run([reblock, "audit", "-q", "--html", page, trace], check=False).returncode
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    with open(reblock, "rb") as file:
        sanitized = b"__asan_init" in file.read()
    beside = most - os.path.getsize(trace)
    print("memory beside the mapped trace: at most %d MB%s" % (beside // 1000000, " (not judged: sanitizers)" if sanitized else ""))
    # Mapped pages count as the program's; how many were resident at once is the kernel's affair.
    sys.exit(status not in (0, 1) or (beside > 256 << 20 and not sanitized))


if __name__ == "__main__":
    {"check": check, "memory": memory}[sys.argv[1]](*sys.argv[2:])
