"""A headless Chromium without a network, driven through a pipe by the DevTools protocol: no package is needed."""

from __future__ import annotations

import base64
import fcntl
import itertools
import json
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--no-default-browser-check", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-default-apps", "--disable-extensions", "--mute-audio", "--hide-scrollbars", "--lang=en-US",
    "--force-color-profile=srgb", "--host-resolver-rules=MAP * ~NOTFOUND", "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE = 60.0
"""Seconds that one answer may take on a busy machine."""


def chromium() -> str | None:
    """Return where a Chromium lies, if one is on PATH."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def browser(folder: Path) -> Iterator[Page]:
    """Start a Chromium with a new profile in `folder`, and end it."""
    # Chromium reads its orders from descriptor 3 and answers on 4; ours must not be those themselves.
    theirs_in, ours_out = (fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in os.pipe())
    ours_in, theirs_out = (fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in os.pipe())
    quiet = [(os.POSIX_SPAWN_OPEN, at, os.devnull, os.O_RDWR, 0) for at in (0, 1, 2)]
    given = [(os.POSIX_SPAWN_DUP2, theirs_in, 3), (os.POSIX_SPAWN_DUP2, theirs_out, 4)]
    path = chromium()
    words = [path, *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"]
    process = os.posix_spawn(path, words, os.environ, file_actions=[*quiet, *given], setpgroup=0)
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Page(ours_in, ours_out)
    finally:
        os.killpg(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(ours_in)
        os.close(ours_out)


class Page:
    """One page of the browser, and every event that it told."""

    def __init__(self, reading: int, writing: int) -> None:
        self.reading, self.writing, self.rest = reading, writing, b""
        self.numbers, self.events, self.session = itertools.count(1), [], None
        target = self.order("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.order("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.order(f"{domain}.enable")

    def order(self, method: str, **params: object) -> dict:
        """Give an order and return its answer."""
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.writing, data) :]
        answer = self.wait(lambda told: told.get("id") == number)
        if "error" in answer:
            msg = f"{method}: {answer['error']}"
            raise RuntimeError(msg)
        return answer["result"]

    def wait(self, wanted) -> dict:
        """Return the first message from now on that is wanted; events are kept."""
        until = time.monotonic() + PATIENCE
        while True:
            while b"\0" in self.rest:
                line, _, self.rest = self.rest.partition(b"\0")
                told = json.loads(line)
                if "method" in told:
                    self.events.append(told)
                if wanted(told):
                    return told
            if not select.select([self.reading], [], [], max(0.0, until - time.monotonic()))[0]:
                msg = "the browser does not answer"
                raise TimeoutError(msg)
            self.rest += os.read(self.reading, 1 << 20)

    def open(self, path: Path, *, width: int = 1280, height: int = 900, scripts: bool = True) -> None:
        """Open a file in a window of the given size."""
        self.events.clear()
        self.order("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.resize(width, height)
        self.order("Page.navigate", url=path.as_uri())
        self.wait(lambda told: told.get("method") == "Page.loadEventFired")

    def resize(self, width: int, height: int = 900) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.order("Emulation.setDeviceMetricsOverride", **size)

    def ask(self, expression: str) -> object:
        """Return the value of an expression in the page."""
        found = self.order("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(str(found["exceptionDetails"]))
        return found["result"].get("value")

    def faults(self) -> list[str]:
        """Return requests that left the file, requests that failed, and what was written to the console."""
        found = []
        for event in self.events:
            method, told = event["method"], event["params"]
            if method == "Network.requestWillBeSent" and told["request"]["url"][:5] not in {"file:", "data:"}:
                found.append(f"asks for {told['request']['url']}")
            if method in {
                "Network.loadingFailed",
                "Runtime.exceptionThrown",
                "Runtime.consoleAPICalled",
                "Log.entryAdded",
            }:
                found.append(json.dumps(told))
        return found

    def key(self, key: str, *, code: int = 0, text: str = "") -> None:
        """Press and let go of a key."""
        given = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.order("Input.dispatchKeyEvent", type="keyDown", **given, **({"text": text} if text else {}))
        self.order("Input.dispatchKeyEvent", type="keyUp", **given)

    def point(self, x: float, y: float) -> None:
        """Move the mouse."""
        self.order("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def touch(self, x: float, y: float) -> None:
        """Touch a point and let go."""
        self.order("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.order("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def picture(self, path: Path, *, whole: bool = False) -> Path:
        """Write what is seen, or the whole page, as PNG."""
        data = self.order("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        path.write_bytes(base64.b64decode(data))
        return path

    def printed(self, path: Path) -> Path:
        """Write the page as it is printed, as PDF."""
        data = self.order("Page.printToPDF", preferCSSPageSize=True, printBackground=False)["data"]
        path.write_bytes(base64.b64decode(data))
        return path
