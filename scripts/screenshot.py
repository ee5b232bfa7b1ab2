"""Pictures of a report to look at: python scripts/screenshot.py REPORT.html OUT.png [WIDTH HEIGHT]."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright


def main() -> None:
    """Render a page in the system's Chromium and save what fits the window."""
    page_path, picture = Path(sys.argv[1]).resolve(), sys.argv[2]
    width, height = (int(word) for word in (sys.argv[3:5] or ("1280", "1500")))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
        )
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(page_path.as_uri())
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    main()
