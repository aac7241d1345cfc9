"""Photograph a whole page of the built book.

Usage: screenshot.py page.html picture.png [--dark] [--width 1280].

Also says what went wrong in the page: errors, files that it asked for in vain or from another
host; exits with 1 if there are any.
"""

import argparse
import base64
import sys
import time
from pathlib import Path

from browser import BrowserFailed, Tab, browser_tab

# fonts, and scripts that start when the page is idle
SETTLING_SECONDS = 0.5


def photograph(tab: Tab, page: Path, picture: Path, dark: bool, width: int) -> list[str]:
    """Writes the picture; returns what the page complained of."""
    tab.prefer("dark" if dark else "light")
    tab.resize(width)
    tab.open(page)
    time.sleep(SETTLING_SECONDS)
    height = int(tab.call("Page.getLayoutMetrics")["cssContentSize"]["height"])
    # a picture beyond the window's edge comes out shifted
    tab.resize(width, height)
    time.sleep(SETTLING_SECONDS)
    shot = tab.call("Page.captureScreenshot", format="png")
    picture.write_bytes(base64.b64decode(shot["data"]))
    return tab.complaints


def main() -> None:
    cli = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    cli.add_argument("page", type=Path)
    cli.add_argument("picture", type=Path)
    cli.add_argument("--dark", action="store_true")
    cli.add_argument("--width", type=int, default=1280)
    args = cli.parse_args()
    if not args.page.is_file():
        sys.exit(f"page: found no file {args.page}; allowed: a page of the built book")
    try:
        with browser_tab() as tab:
            complaints = photograph(tab, args.page, args.picture, args.dark, args.width)
    except BrowserFailed as failed:
        sys.exit(str(failed))
    sys.exit("\n".join(complaints) or None)


if __name__ == "__main__":
    main()
