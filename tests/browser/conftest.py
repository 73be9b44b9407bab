"""A real Chromium, without a window. What it saw is kept under `artifacts/screenshots`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright: nox -s browser")

SHOTS = Path(__file__).parents[2] / "artifacts" / "screenshots"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    found = os.environ.get("WIREWRIGHT_TEST_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("needs Chromium on the path, or named by WIREWRIGHT_TEST_BROWSER")
    with playwright.sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def page(browser: object) -> Iterator[object]:
    """A page on which any error of its own fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    made = context.new_page()
    made.set_default_timeout(10_000)
    errors: list[str] = []
    made.on("pageerror", lambda error: errors.append(str(error)))
    made.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    made.errors = errors
    yield made
    context.close()
    assert [error for error in errors if "Failed to load resource" not in error] == []


@pytest.fixture
def shot(page: object, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Keeps what the page shows."""

    def keep(name: str) -> None:
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{name}.png", full_page=False)

    return keep
