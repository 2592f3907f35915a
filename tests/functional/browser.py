"""Debian's Chromium without a window, driven over a pipe in its own protocol: no driver, no package beside it."""
import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
KEYS = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}

class Browser:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="cardo-browser-")
        down, self.write = os.pipe()
        self.read, up = os.pipe()
        # high numbers first: 3 and 4 may be anything in this process
        ends = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (down, up)]

        def wire():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)
        self.process = subprocess.Popen(
            [CHROMIUM, "--headless=new", "--no-sandbox", "--remote-debugging-pipe", "--disable-gpu", "--hide-scrollbars",
             "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--lang=en",
             "--no-first-run", "--disable-sync", "--force-color-profile=srgb", f"--user-data-dir={self.folder}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(3, 4), preexec_fn=wire)
        for fd in (down, up, *ends):
            os.close(fd)
        self.number, self.rest, self.events, self.answers = 0, b"", [], {}

    def pump(self, seconds):
        """Take what has arrived; wait for it at most so long."""
        if not select.select([self.read], [], [], max(0, seconds))[0]:
            return False
        piece = os.read(self.read, 1 << 20)
        assert piece, "the browser has gone"
        self.rest += piece
        *whole, self.rest = self.rest.split(b"\0")
        for text in whole:
            message = json.loads(text)
            if "id" in message:
                self.answers[message["id"]] = message
            else:
                self.events.append(message)
        return True

    def call(self, method, session=None, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params, **({"sessionId": session} if session else {})}
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.write, data):]
        until = time.monotonic() + 60
        while self.number not in self.answers:
            assert time.monotonic() < until, f"no answer to {method}"
            self.pump(1)
        answer = self.answers.pop(self.number)
        assert "error" not in answer, f"{method}: {answer.get('error')}"
        return answer["result"]

    def page(self, url, width=1440, height=900, dark=False, still=False, mobile=False):
        return Page(self, url, width, height, dark, still, mobile)

    def close(self):
        self.process.terminate()
        self.process.wait(20)
        os.close(self.read)
        os.close(self.write)
        shutil.rmtree(self.folder, ignore_errors=True)

class Page:
    """One tab with everything it asked for and complained about."""
    def __init__(self, browser, url, width, height, dark, still, mobile):
        self.browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.target = target
        for domain in ("Page", "Runtime", "Network", "Log", "Accessibility"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if mobile else 1, mobile=mobile)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce" if still else "no-preference"}])
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)
        self.goto(url)

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def goto(self, url):
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete'")

    def js(self, text):
        told = self.call("Runtime.evaluate", expression=text, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in told, f"{text}: {told['exceptionDetails']}"
        return told["result"].get("value")

    def wait(self, text, seconds=20):
        until = time.monotonic() + seconds
        while True:
            try:
                found = self.js(text)
            except AssertionError as e:
                if "Cannot find context" not in str(e) and "navigat" not in str(e):
                    raise
                found = None
            if found:
                return found
            assert time.monotonic() < until, f"never true: {text}"
            self.browser.pump(0.05)

    def mine(self, method):
        while self.browser.pump(0):
            pass
        return [e["params"] for e in self.browser.events if e.get("sessionId") == self.session and e["method"] == method]

    def requests(self):
        return [e["request"]["url"] for e in self.mine("Network.requestWillBeSent")]

    def complaints(self):
        thrown = [str(e["exceptionDetails"]) for e in self.mine("Runtime.exceptionThrown")]
        logged = [e["entry"]["text"] + " " + e["entry"].get("url", "") for e in self.mine("Log.entryAdded") if e["entry"]["level"] in ("error", "warning")]
        printed = [str(e["args"]) for e in self.mine("Runtime.consoleAPICalled") if e["type"] in ("error", "warning", "assert")]
        return thrown + logged + printed

    def key(self, key, shift=False):
        code = KEYS.get(key, ord(key.upper()[0]))
        text = {"Enter": "\r", "Tab": ""}.get(key, key if len(key) == 1 else "")
        common = dict(key=key, windowsVirtualKeyCode=code, modifiers=8 if shift else 0)
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", **({"text": text} if text else {}), **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def click(self, x, y):
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def shot(self, path, whole=False):
        png = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        with open(path, "wb") as f:
            f.write(base64.b64decode(png))

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
