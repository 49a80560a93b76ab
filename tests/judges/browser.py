"""A real browser for judges: headless Chromium, driven through its DevTools protocol over two pipes.

Chromium reads commands from its descriptor 3 and answers at 4, each message a JSON text that ends in a zero byte; so no
library is needed between.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_COMPLAINTS = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
"""Events of a page that report a problem."""
_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-extensions",
    "--disable-component-update",
    "--disable-background-networking",
    "--remote-debugging-pipe",
    "about:blank",
)


class Browser:
    """One page of a running browser. `complaints` are its console messages, `requests` the URLs that it requested."""

    def __init__(self, write: int, read: int) -> None:
        self._write, self._read = write, read
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self._events: list[dict[str, Any]] = []
        self.complaints: list[str] = []
        self.requests: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its answer; events that arrive meanwhile are kept."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        rest = json.dumps(message).encode() + b"\0"
        while rest:
            rest = rest[os.write(self._write, rest) :]
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            chunk = os.read(self._read, 1 << 20)
            assert chunk, "the browser is gone"
            self._buffer += chunk
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        method = message.get("method")
        if method in _COMPLAINTS:
            self.complaints.append(json.dumps(message["params"]))
        elif method == "Network.requestWillBeSent":
            self.requests.append(message["params"]["request"]["url"])
        if method is not None:
            self._events.append(message)
        return message

    def open(self, page: Path, fragment: str = "") -> None:
        """Load a page from disk and wait until it is loaded."""
        self._events.clear()
        self.complaints.clear()
        self.requests.clear()
        self.call("Page.navigate", url="about:blank")
        self._wait("Page.loadEventFired")
        self._events.clear()
        self.requests.clear()
        self.call("Page.navigate", url=page.as_uri() + fragment)
        self._wait("Page.loadEventFired")

    def _wait(self, method: str) -> None:
        while all(event.get("method") != method for event in self._events):
            self._next()

    def evaluate(self, script: str) -> Any:
        """Return the value of a script, also of one that returns a promise."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def resize(self, width: int, height: int = 900, *, dark: bool = False, media: str = "") -> None:
        """Set the size of the window, light or dark, and the medium."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=media, features=[scheme])

    def press(self, key: str, code: int) -> None:
        """Press a key where the focus is."""
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)


@contextlib.contextmanager
def start(chromium: str) -> Iterator[Browser]:
    """Start a browser with an empty profile of its own; it ends with the block."""
    commands, command_end = os.pipe()
    answer_end, answers = os.pipe()

    def give() -> None:
        os.dup2(commands, 13)
        os.dup2(answers, 14)
        os.dup2(13, 3)
        os.dup2(14, 4)

    with tempfile.TemporaryDirectory() as profile:
        process = subprocess.Popen(
            [chromium, f"--user-data-dir={profile}", *_OPTIONS],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=give,
            close_fds=True,
            pass_fds=(3, 4),
        )
        os.close(commands)
        os.close(answers)
        browser = None
        try:
            browser = Browser(command_end, answer_end)
            yield browser
        finally:
            with contextlib.suppress(AssertionError, OSError):
                if browser is not None:
                    browser._session = None
                    browser.call("Browser.close")
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()
            os.close(command_end)
            os.close(answer_end)
