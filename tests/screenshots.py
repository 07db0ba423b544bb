"""Draws the pictures of the README from a running demo: `python -m tests.screenshots ADDRESS E-MAIL PASSWORD`."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser import ARGUMENTS
from tests.mailhost.programs import program

IMAGES = Path(__file__).parents[1] / "docs" / "images"
WIDTH = 1280
PICTURES = {"sources": ("/sources/?tab=fixable", 1080), "ingestion": ("/ingestion/", 1415)}
"""By file name: the page, and how much of it in pixels."""


def main(address: str, email: str, password: str) -> None:
    """Log in as somebody of the demo organisation, and write each picture in the light scheme."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program("chromium"), args=ARGUMENTS)
        options = {"width": WIDTH, "height": 900}
        page = chromium.new_context(base_url=address, locale="en", color_scheme="light", viewport=options).new_page()
        page.goto("/accounts/login/")
        page.fill("input[name=login]", email)
        page.fill("input[name=password]", password)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(f"{address}/")
        for name, (path, height) in PICTURES.items():
            page.goto(path)
            page.wait_for_load_state("networkidle")
            clip = {"x": 0, "y": 0, "width": WIDTH, "height": height}
            page.screenshot(path=IMAGES / f"{name}.png", full_page=True, clip=clip)
        chromium.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
