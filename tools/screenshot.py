"""Photograph a whole page of the built book.

Usage: screenshot.py page.html picture.png [--dark] [--width 1280].

Also says which files the page asked for in vain or from another host; exits with 1 if there are
any.
"""

import argparse
import base64
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import websocket

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


BROWSERS = ("chromium", "chromium-browser", "google-chrome")
READY = "document.readyState == 'complete' && (window.MathJax?.startup?.promise ?? true)"


class Tab:
    """One tab of a browser, spoken to over its debugging port; it notes what the page asks for."""

    def __init__(self, address: str):
        self.socket = websocket.create_connection(address, timeout=60)
        self.count = 0
        self.asked: dict[str, str] = {}
        self.complaints: list[str] = []

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Asks the browser to do something and returns its answer."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        self.socket.send(json.dumps(message))
        while True:
            answer = json.loads(self.socket.recv())
            self.note(answer)
            if answer.get("id") == self.count:
                return answer.get("result", {})

    def note(self, message: dict[str, Any]) -> None:
        """Keeps a complaint if the page asks another host, or asks for a file in vain."""
        what = message.get("params", {})
        if message.get("method") == "Network.requestWillBeSent":
            address = what["request"]["url"]
            self.asked[what["requestId"]] = address
            if address.startswith(("http", "ws")):
                self.complaints.append(f"asks another host: {address}")
        if message.get("method") == "Network.loadingFailed" and what["requestId"] in self.asked:
            self.complaints.append(f"not found: {self.asked[what['requestId']]}")


def start_browser(profile: str) -> subprocess.Popen:
    """A browser without a window. Ends the program if there is none."""
    found = [path for path in map(shutil.which, BROWSERS) if path]
    if not found:
        sys.exit("No chromium or chrome found.")
    options = ["--remote-debugging-port=0", "--remote-allow-origins=*", "about:blank"]
    command = [found[0], *QUIET, f"--user-data-dir={profile}", *options]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def open_tab(profile: str) -> Tab:
    """The browser's tab, once the browser says at which port it listens."""
    port_file = Path(profile, "DevToolsActivePort")
    while not (port_file.exists() and port_file.read_text().strip()):
        time.sleep(0.1)
    port = port_file.read_text().split()[0]
    tabs = json.load(urlopen(f"http://127.0.0.1:{port}/json"))
    page = next(tab for tab in tabs if tab["type"] == "page")
    return Tab(page["webSocketDebuggerUrl"])


def show(tab: Tab, page: Path, dark: bool, width: int) -> None:
    """Opens the page in a window as high as the page, and waits until it is drawn."""
    tab.call("Page.enable")
    tab.call("Network.enable")
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    tab.call("Emulation.setEmulatedMedia", features=[scheme])
    window = {"width": width, "deviceScaleFactor": 1, "mobile": False}
    tab.call("Emulation.setDeviceMetricsOverride", height=900, **window)
    tab.call("Page.navigate", url=page.resolve().as_uri())
    time.sleep(0.5)
    tab.call("Runtime.evaluate", expression=f"(async () => await ({READY}))()", awaitPromise=True)
    time.sleep(1.5)  # fonts, and scripts that start when the page is idle
    height = int(tab.call("Page.getLayoutMetrics")["cssContentSize"]["height"])
    # a picture beyond the window's edge comes out shifted
    tab.call("Emulation.setDeviceMetricsOverride", height=height, **window)
    time.sleep(0.5)


def photograph(page: Path, picture: Path, dark: bool, width: int) -> list[str]:
    """Writes the picture; returns a complaint for each file that the page should not ask for."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = start_browser(profile)
        try:
            tab = open_tab(profile)
            show(tab, page, dark, width)
            shot = tab.call("Page.captureScreenshot", format="png")
            picture.write_bytes(base64.b64decode(shot["data"]))
            return tab.complaints
        finally:
            browser.terminate()
            browser.wait()


def main() -> None:
    cli = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    cli.add_argument("page", type=Path)
    cli.add_argument("picture", type=Path)
    cli.add_argument("--dark", action="store_true")
    cli.add_argument("--width", type=int, default=1280)
    args = cli.parse_args()
    complaints = photograph(args.page, args.picture, args.dark, args.width)
    sys.exit("\n".join(complaints) or None)


if __name__ == "__main__":
    main()
