#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Opens a page in headless Chromium over the DevTools protocol: `with Browser() as b: page = b.open(path)`.

Talks over the pipe of --remote-debugging-pipe (file descriptors 3 and 4 of the browser, JSON that ends with a zero
byte), so it needs no port and nothing but Python's own library. The browser and all that it started end with it, and
each wait has a limit.
"""
import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

LIMIT = 60  # seconds for each answer


def find_browser():
    """The path of Chromium, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path:
            return path
    return None


class Failure(Exception):
    """What the page or the browser did wrong."""


class Browser:
    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="reblock-browser-")
        to_browser, self.write_end = os.pipe()
        self.read_end, from_browser = os.pipe()
        # The browser's ends have to be 3 and 4 there: first out of the way of these numbers.
        ends = [os.dup2(to_browser, 103), os.dup2(from_browser, 104)]
        os.close(to_browser)
        os.close(from_browser)
        command = [find_browser(), "--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu",
                   "--disable-dev-shm-usage", "--disable-background-networking", "--disable-component-update",
                   "--disable-sync", "--disable-extensions", "--no-default-browser-check", "--password-store=basic",
                   "--no-sandbox",  # in containers there may be none; the pages are our own
                   "--hide-scrollbars", "--window-size=1440,1000", "--user-data-dir=" + self.profile, "about:blank"]
        self.process = subprocess.Popen(
            ["bash", "-c", 'exec "$@" 3<&103 4>&104 103<&- 104>&-', "bash"] + command, pass_fds=(103, 104),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        for end in ends:
            os.close(end)
        self.buffer = b""
        self.number = 0
        self.events = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # The whole group: Chromium is several processes.
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        for _ in range(50):
            left = self.processes()
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            if not left:
                break
            time.sleep(0.1)
        os.close(self.write_end)
        os.close(self.read_end)
        shutil.rmtree(self.profile, ignore_errors=True)

    def processes(self):
        """What still runs with this profile: helpers that left the group."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as file:
                    if self.profile.encode() in file.read():
                        found.append(int(pid))
            except OSError:
                continue
        return found

    def message(self, until):
        """The next message of the browser, or None when there is none by then."""
        while b"\0" not in self.buffer:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.read_end], [], [], left)[0]:
                return None
            data = os.read(self.read_end, 1 << 20)
            if not data:
                raise Failure("the browser has ended")
            self.buffer += data
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, session=None, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if session:
            request["sessionId"] = session
        data = json.dumps(request).encode() + b"\0"
        while data:
            data = data[os.write(self.write_end, data):]
        until = time.monotonic() + LIMIT
        while True:
            message = self.message(until)
            if message is None:
                raise Failure(method + ": no answer in %d s" % LIMIT)
            if message.get("id") == self.number:
                if "error" in message:
                    raise Failure(method + ": " + message["error"]["message"])
                return message["result"]
            self.events.append(message)

    def open(self, path, **how):
        return Page(self, path, **how)


class Page:
    def __init__(self, browser, path, dark=False, width=1440, height=1000, fragment=""):
        self.browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.colours("dark" if dark else "light")
        self.url = "file://" + os.path.abspath(path) + fragment
        self.began = time.monotonic()
        self.call("Page.navigate", url=self.url)
        self.wait_event("Page.loadEventFired")
        self.wait("drawn > 0", "the timeline was not drawn")
        self.seconds = time.monotonic() - self.began

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def colours(self, scheme):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def media(self, media, scheme):
        """"print" or "screen", and the colour scheme."""
        self.call("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def wait_event(self, method):
        until = time.monotonic() + LIMIT
        while True:
            for event in self.browser.events:
                if event.get("method") == method and event.get("sessionId") == self.session:
                    return event
            message = self.browser.message(until)
            if message is None:
                raise Failure("no " + method)
            self.browser.events.append(message)

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise Failure(expression + ": " + json.dumps(result["exceptionDetails"].get("exception", {}).get("description")))
        return result["result"].get("value")

    def wait(self, expression, failure):
        until = time.monotonic() + 15
        while not self.value(expression):
            if time.monotonic() > until:
                raise Failure("%s (%s); errors: %s" % (failure, expression, self.errors()))
            time.sleep(0.05)

    def settle(self):
        """Until the frame that is asked for now is drawn."""
        self.call("Runtime.evaluate", awaitPromise=True,
                  expression="new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def place(self, selector):
        """The middle of an element, scrolled into view."""
        box = self.value("""(() => { const e = document.querySelector(%s); if (!e) return null;
            e.scrollIntoView({ block: 'nearest' }); const b = e.getBoundingClientRect();
            return b.width > 0 && b.height > 0 ? [b.x + b.width / 2, b.y + b.height / 2] : null; })()""" % json.dumps(selector))
        if box is None:
            raise Failure("nothing to be seen of " + selector)
        return box

    def mouse(self, kind, x, y, **more):
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def click(self, x, y):
        self.mouse("mouseMoved", x, y)
        self.mouse("mousePressed", x, y, button="left", clickCount=1)
        self.mouse("mouseReleased", x, y, button="left", clickCount=1)
        self.settle()

    def key(self, key, text=None):
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)
        self.settle()

    def errors(self):
        """Console errors and warnings, exceptions, and requests for anything but this page."""
        found = []
        self.value("1")  # whatever was said so far has come before this answer
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            method, told = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                details = told["exceptionDetails"]
                found.append("exception: " + details.get("exception", {}).get("description", details["text"]))
            elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
                found.append("console: " + json.dumps(told["args"]))
            elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
                found.append("log: " + told["entry"]["text"])
            elif method == "Network.requestWillBeSent":
                url = told["request"]["url"]
                if url.split("#")[0] != self.url.split("#")[0] and not url.startswith("data:"):
                    found.append("request: " + url)
        return found

    def screenshot(self, path, whole=False):
        more = {"captureBeyondViewport": True} if whole else {}
        picture = self.call("Page.captureScreenshot", format="png", **more)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture))
