"""Headless Chromium for page tests; skips with the reason where there is none."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_S = 20.0
needs_chromium = pytest.mark.skipif(
    not CHROMIUM, reason="Chromium is not installed (Debian: apt-get install chromium)"
)


expect.set_options(timeout=PATIENCE_S * 1000)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that speaks to nobody but the page."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def becomes(page: Page, expression: str, expected: object = True) -> None:
    """Assert that a JavaScript expression has this value, now or soon.

    A busy machine draws late, and the document may be on its way to another page.
    """
    found: object = None
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        try:
            found = page.evaluate(expression)
        except Error as error:
            found = error
        if found == expected:
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{expression} is {found!r} and not {expected!r}")
