"""The sandbox's page in a browser: the main path of each protocol, and what must hold for all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from wirewright.protocols import find_protocol, names
from wirewright.sandbox import Sandbox

pytestmark = pytest.mark.browser
KETTLE = {
    "openapi": "3.1.0",
    "info": {"title": "<img src=x onerror=alert(1)>", "version": "1"},
    "paths": {
        "/boil/{degrees}": {
            "get": {
                "operationId": "boil",
                "summary": "</script><script>alert(1)</script>",
                "description": "Boils **water**.\n\n- one\n- `two`",
                "parameters": [
                    {
                        "name": "degrees",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "integer", "maximum": 100},
                        "example": 60,
                    }
                ],
                "responses": {
                    "200": {"description": "Warm.", "content": {"application/json": {"example": {"warm": True}}}}
                },
            }
        }
    },
}


SCROLLING = """async () => {
    const rows = document.querySelector(".rows");
    let last = performance.now(), longest = 0, going = true;
    const beat = () => {
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
        if (going) requestAnimationFrame(beat);
    };
    requestAnimationFrame(beat);
    for (let step = 0; step < 60; step += 1) {
        rows.scrollTop = step * 5000;
        await new Promise(requestAnimationFrame);
    }
    going = false;
    return longest;
}"""


def open_page(page: Any, sandbox: Sandbox) -> None:
    page.goto(sandbox.url)
    page.wait_for_selector("#live[data-state=on]")


@pytest.fixture
def kettle() -> Any:
    with Sandbox.from_spec(KETTLE, keep=20_000) as running:
        yield running


def test_a_person_tries_an_operation_and_sees_the_request_with_its_verdict(
    page: Any, kettle: Sandbox, shot: Any
) -> None:
    open_page(page, kettle)

    page.click(".operation")
    page.click("button.main")
    page.wait_for_selector("#answer-status")
    assert page.inner_text("#answer-status").startswith("200")
    page.fill("[name=degrees]", "101")
    page.click("button.main")
    page.click("#tab-traffic")
    page.wait_for_selector(".row.broken")
    page.click(".row.broken")
    page.wait_for_selector(".problems")

    assert "path.degrees" in page.inner_text(".problems")
    assert "maximum" in page.inner_text(".problems")
    shot("kettle-broken-request")


def test_what_a_spec_says_is_never_markup(page: Any, kettle: Sandbox) -> None:
    open_page(page, kettle)
    page.click(".operation")

    assert page.inner_text("h1") == "<img src=x onerror=alert(1)>"
    assert page.query_selector("main img, main script") is None


def test_requests_of_other_programs_appear_as_they_happen(page: Any, kettle: Sandbox) -> None:
    open_page(page, kettle)

    httpx.get(f"{kettle.url}/boil/30")

    page.wait_for_selector('text="/boil/30"')
    assert page.inner_text("#count") == "1"


def test_a_switch_makes_things_go_wrong_and_stops_it_again(page: Any, kettle: Sandbox) -> None:
    open_page(page, kettle)
    page.click("#tab-chaos")
    page.fill("#chaos-line", "status=503,seed=7")
    page.click("text=Apply")
    page.wait_for_selector("#chaos-count:not([hidden])")

    assert httpx.get(f"{kettle.url}/boil/30").status_code == 503

    page.click("text=Stop all")
    page.wait_for_selector("text=Nothing goes wrong on purpose.")
    assert httpx.get(f"{kettle.url}/boil/30").status_code == 200


def test_the_keyboard_is_enough(page: Any, kettle: Sandbox) -> None:
    open_page(page, kettle)
    httpx.get(f"{kettle.url}/boil/30")
    page.wait_for_selector(".row")

    page.focus("#tab-traffic")
    page.keyboard.press("ArrowRight")
    assert page.get_attribute("#tab-picture", "aria-selected") == "true"
    page.keyboard.press("ArrowLeft")
    page.focus(".rows")
    page.keyboard.press("ArrowDown")

    page.wait_for_selector(".detail h3")


def test_it_fits_a_phone_in_light_and_dark(browser: Any, kettle: Sandbox, shot: Any) -> None:
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme=scheme)
        page = context.new_page()
        open_page(page, kettle)
        page.click(".operation")
        wide = page.evaluate("document.documentElement.scrollWidth")
        page.screenshot(path=str(_shots() / f"phone-{scheme}.png"))
        context.close()
        assert wide <= 360


def _shots() -> Path:
    folder = Path(__file__).parents[2] / "artifacts" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_every_control_has_a_name(page: Any, kettle: Sandbox) -> None:
    open_page(page, kettle)
    page.click(".operation")
    for tab in ("try", "traffic", "picture", "chaos"):
        page.click(f"#tab-{tab}")

    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, textarea")]
            .filter((e) => !(e.labels?.length || e.textContent.trim() || e.getAttribute("aria-label")))
            .map((e) => e.outerHTML)"""
    )
    assert unnamed == []


def test_ten_thousand_requests_leave_it_quick(page: Any, kettle: Sandbox, shot: Any) -> None:
    with httpx.Client(base_url=kettle.url) as http:
        for number in range(10_000):
            http.get(f"/boil/{number % 100}")
        open_page(page, kettle)
        page.wait_for_selector("#count:text-is('10000')")
        assert page.locator(".row").count() < 60, "only the rows in sight are in the page"
        longest = page.evaluate(SCROLLING)
        shot("ten-thousand-requests")
        page.click(".row >> nth=5")
        page.wait_for_selector(".detail h3")
    assert longest < 250, "milliseconds between two frames"


# The protocols ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", names())
def test_the_quick_start_of_a_protocol_is_drawn(page: Any, shot: Any, name: str) -> None:
    protocol = find_protocol(name)
    demo = protocol.load_demo()
    assert demo is not None
    with Sandbox(name, verify=True, keep=20_000) as sandbox:
        open_page(page, sandbox)
        with ThreadPoolExecutor(1) as thread:  # the browser's driver keeps an event loop in this one
            thread.submit(lambda: list(demo(sandbox.url))).result()
        total = sandbox.requests.total
        page.wait_for_selector(f"#count:text-is('{total}')")
        shot(f"{name}-requests")
        page.click("#tab-picture")
        page.wait_for_selector(".drawing li, .drawing td, .drawing .node")
        shot(f"{name}-state")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "what is long scrolls by itself"
        if not page.locator(".operation:visible").count():
            page.click("#operation-list summary >> nth=0")
        page.click(".operation:visible >> nth=0")
        page.click("button.main")
        page.wait_for_selector("#answer-status")
        shot(f"{name}-try")
        assert sandbox.requests.broken_answers() == []
