"""A chromium without a window, driven over its debugging port: tabs, pages, what they ask for.

Whoever photographs or tests pages starts the browser here. It talks to no other host: its own
errands in the background are switched off.
"""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import websocket

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--hide-scrollbars",
]
PATIENCE_SECONDS = 120
# the page's own files are there, and its equations are drawn
READY = """(async () => {
    const loaded = () => performance.getEntriesByType("navigation")[0].loadEventEnd > 0;
    while (!loaded()) await new Promise(done => setTimeout(done, 20));
    await (window.MathJax?.startup?.promise ?? true);
    await document.fonts.ready;
    // two frames: what scripts changed is laid out
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    return location.href;
})()"""


class BrowserFailed(Exception):
    """The browser does not start, does not answer, or a script in the page fails."""


def installed_browser() -> str | None:
    """Path of a browser that is installed, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


class Tab:
    """One tab of a browser; it notes what the page complains of and what it asks for in vain."""

    def __init__(self, address: str):
        self.socket = websocket.create_connection(address, timeout=PATIENCE_SECONDS)
        self.count = 0
        self.asked: dict[str, str] = {}
        self.complaints: list[str] = []
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Asks the browser to do something and returns its answer. Raises BrowserFailed."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        self.socket.send(json.dumps(message))
        while True:
            answer = json.loads(self.socket.recv())
            self.note(answer)
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise BrowserFailed(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def note(self, message: dict[str, Any]) -> None:
        """Keeps a complaint: an error, a request to another host, a file that is not there."""
        what = message.get("params", {})
        match message.get("method"):
            case "Network.requestWillBeSent":
                address = what["request"]["url"]
                self.asked[what["requestId"]] = address
                if address.startswith(("http", "ws")):
                    self.complaints.append(f"asks another host: {address}")
            case "Network.loadingFailed" if what["requestId"] in self.asked:
                self.complaints.append(f"not found: {self.asked[what['requestId']]}")
            case "Runtime.exceptionThrown":
                details = what["exceptionDetails"]
                said = details.get("exception", {}).get("description", details["text"])
                self.complaints.append(f"script error: {said}")
            case "Runtime.consoleAPICalled" if what["type"] in ("error", "assert"):
                said = " ".join(str(part.get("value", "")) for part in what["args"])
                self.complaints.append(f"console error: {said}")
            case "Log.entryAdded" if what["entry"]["level"] == "error":
                entry = what["entry"]
                self.complaints.append(f"console error: {entry['text']} {entry.get('url', '')}")

    def evaluate(self, script: str) -> Any:
        """The value of an expression in the page; a promise is awaited. Raises BrowserFailed."""
        answer = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            said = details.get("exception", {}).get("description", details["text"])
            raise BrowserFailed(f"a script in the page failed: {said}")
        return answer["result"].get("value")

    def resize(self, width: int, height: int = 900) -> None:
        """The size of the window, in CSS pixels."""
        window = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **window)

    def prefer(self, scheme: str) -> None:
        """The colours that the reader's system asks for: `light` or `dark`."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def open(self, page: Path) -> None:
        """Opens a page and waits until it is drawn; complaints are of this page alone."""
        self.complaints.clear()
        self.asked.clear()
        address = page.resolve().as_uri()
        self.call("Page.navigate", url=address)
        patience = time.monotonic() + PATIENCE_SECONDS
        while self.drawn() != address:
            if time.monotonic() > patience:
                raise BrowserFailed(f"{page} was not drawn within {PATIENCE_SECONDS} seconds")

    def drawn(self) -> str | None:
        """The address of the page once it is drawn; None if another page came in between."""
        try:
            return self.evaluate(READY)
        except BrowserFailed as failed:
            # the page before this one is gone, or going
            if "context" in str(failed) or "navigated" in str(failed):
                return None
            raise


@contextmanager
def browser_tab() -> Iterator[Tab]:
    """The tab of a browser that ends with the `with`. Raises BrowserFailed if there is none."""
    program = installed_browser()
    if program is None:
        raise BrowserFailed("No chromium or chrome found.")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = ["--remote-debugging-port=0", "--remote-allow-origins=*", "about:blank"]
        command = [program, *QUIET, f"--user-data-dir={profile}", *options]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            yield first_tab(profile, process)
        finally:
            process.terminate()
            process.wait()


def first_tab(profile: str, process: subprocess.Popen) -> Tab:
    """The browser's tab, once the browser says at which port it listens. Raises BrowserFailed."""
    port_file = Path(profile, "DevToolsActivePort")
    patience = time.monotonic() + PATIENCE_SECONDS
    while not (port_file.exists() and port_file.read_text().strip()):
        if process.poll() is not None or time.monotonic() > patience:
            raise BrowserFailed(f"{process.args[0]} does not start.")
        time.sleep(0.05)
    port = port_file.read_text().split()[0]
    tabs = json.load(urlopen(f"http://127.0.0.1:{port}/json"))
    page = next(tab for tab in tabs if tab["type"] == "page")
    return Tab(page["webSocketDebuggerUrl"])
