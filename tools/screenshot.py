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


def photograph(page: Path, picture: Path, dark: bool, width: int) -> list[str]:
    browser = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
    )
    if browser is None:
        sys.exit("No chromium or chrome found.")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        port_file = Path(profile, "DevToolsActivePort")
        chrome = subprocess.Popen(
            [
                browser,
                *QUIET,
                f"--user-data-dir={profile}",
                "--remote-debugging-port=0",
                "--remote-allow-origins=*",
                "about:blank",
            ],
            stderr=subprocess.DEVNULL,
        )
        try:
            while not (port_file.exists() and port_file.read_text().strip()):
                time.sleep(0.1)
            port = port_file.read_text().split()[0]
            tabs = json.load(urlopen(f"http://127.0.0.1:{port}/json"))
            tab = websocket.create_connection(
                next(t for t in tabs if t["type"] == "page")["webSocketDebuggerUrl"], timeout=60
            )
            asked, bad, count = {}, [], 0

            def note(message):
                params = message.get("params", {})
                if message.get("method") == "Network.requestWillBeSent":
                    url = asked[params["requestId"]] = params["request"]["url"]
                    if url.startswith(("http", "ws")):
                        bad.append(f"asks another host: {url}")
                if (
                    message.get("method") == "Network.loadingFailed"
                    and params["requestId"] in asked
                ):
                    bad.append(f"not found: {asked[params['requestId']]}")

            def call(method, **params):
                nonlocal count
                count += 1
                tab.send(json.dumps({"id": count, "method": method, "params": params}))
                while True:
                    message = json.loads(tab.recv())
                    note(message)
                    if message.get("id") == count:
                        return message.get("result", {})

            call("Page.enable")
            call("Network.enable")
            scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
            call("Emulation.setEmulatedMedia", features=[scheme])
            window = {"width": width, "deviceScaleFactor": 1, "mobile": False}
            call("Emulation.setDeviceMetricsOverride", height=900, **window)
            call("Page.navigate", url=page.resolve().as_uri())
            ready = (
                "document.readyState == 'complete' && (window.MathJax?.startup?.promise ?? true)"
            )
            time.sleep(0.5)
            call(
                "Runtime.evaluate", expression=f"(async () => await ({ready}))()", awaitPromise=True
            )
            time.sleep(1.5)  # fonts, and scripts that start when the page is idle
            height = int(call("Page.getLayoutMetrics")["cssContentSize"]["height"])
            # a window as high as the page: a picture beyond the window's edge comes out shifted
            call("Emulation.setDeviceMetricsOverride", height=height, **window)
            time.sleep(0.5)
            shot = call("Page.captureScreenshot", format="png")
            picture.write_bytes(base64.b64decode(shot["data"]))
            return bad
        finally:
            chrome.terminate()
            chrome.wait()


if __name__ == "__main__":
    cli = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    cli.add_argument("page", type=Path)
    cli.add_argument("picture", type=Path)
    cli.add_argument("--dark", action="store_true")
    cli.add_argument("--width", type=int, default=1280)
    args = cli.parse_args()
    complaints = photograph(args.page, args.picture, args.dark, args.width)
    sys.exit("\n".join(complaints) or None)
