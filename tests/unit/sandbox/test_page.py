"""The sandbox's page: which files it is, who gets it, and what the control surface tells it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files

import httpx
import pytest
from wirewright.sandbox import Call, Rules, Sandbox, rule
from wirewright.sandbox.page import FILES
from wirewright.sandbox.picture import MOST_ITEMS, Graph, Item, Lane, Lanes, Node, Picture, Table

SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "Kettle", "version": "1"},
    "paths": {
        "/boil": {
            "post": {
                "operationId": "boil",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "required": ["degrees"],
                                "properties": {"degrees": {"type": "integer", "maximum": 100}},
                            }
                        }
                    },
                },
                "responses": {"200": {"description": "Warm."}, "400": {"description": "No."}},
            }
        }
    },
}


class Kettle(Rules):
    def setup(self) -> None:
        self.boiled: list[int] = []

    @rule("boil")
    def boil(self, call: Call) -> None:
        self.boiled.append(call.body["degrees"])

    def credentials(self) -> dict[str, str]:
        return {"Key": "made-up"}

    def picture(self) -> Picture:
        lane = Lane("water", [Item(str(degrees), tone="busy") for degrees in self.boiled])
        graph = Graph("Parts", [Node("a", "plug"), Node("b", "pot")], [("a", "b")])
        return [Lanes("Pots", [lane]), graph, Table("Log", ["degrees"], [[str(d)] for d in self.boiled])]


@pytest.fixture
def kettle() -> Iterator[Sandbox]:
    with Sandbox.from_spec(SPEC, rules=Kettle) as running:
        yield running


@pytest.fixture
def http(kettle: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=kettle.url) as client:
        yield client


def boil(http: httpx.Client, degrees: int) -> httpx.Response:
    return http.post("/boil", json={"degrees": degrees})


def test_a_browser_gets_the_page_at_the_root(http: httpx.Client, kettle: Sandbox) -> None:
    answer = http.get("/", headers={"accept": "text/html,*/*;q=0.8"})

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1" in answer.text
    assert kettle.requests.total == 0, "looking at the page is no request of the protocol"


def test_a_program_does_not(http: httpx.Client) -> None:
    assert http.get("/").status_code == 404


def test_an_operation_of_the_spec_at_the_root_goes_first() -> None:
    spec = {**SPEC, "paths": {"/": {"get": {"operationId": "root", "responses": {"204": {"description": "-"}}}}}}

    with Sandbox.from_spec(spec) as sandbox:
        assert httpx.get(sandbox.url, headers={"accept": "text/html"}).status_code == 204
        assert httpx.get(f"{sandbox.url}/_sandbox/page").status_code == 200


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_served_with_a_policy_that_allows_nothing_from_outside(http: httpx.Client, name: str) -> None:
    answer = http.get(f"/_sandbox/page/{name}")

    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_list_of_files_is_what_the_package_holds() -> None:
    held = {entry.name for entry in files("wirewright.sandbox.page").iterdir() if not entry.name.startswith("__")}

    assert held == set(FILES)


def test_no_file_names_another_host() -> None:
    for name in FILES:
        text = (files("wirewright.sandbox.page") / name).read_text(encoding="utf-8")
        hosts = set(re.findall(r"https?://([\w.-]+)", text))
        assert hosts <= {"www.w3.org", "example.com"}, name


def test_no_script_makes_markup_of_text() -> None:
    for name in FILES:
        text = (files("wirewright.sandbox.page") / name).read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), name


@pytest.mark.parametrize("name", ["../__init__.py", "__init__.py", "%2e%2e%2fsurface.py", "style.css/x", "none.js"])
def test_no_other_file_is(http: httpx.Client, name: str) -> None:
    assert http.get(f"/_sandbox/page/{name}").status_code == 404


# What the page asks for ---------------------------------------------------------------------------------------------


def test_requests_in_brief_leave_out_what_is_long(http: httpx.Client) -> None:
    boil(http, 60)
    boil(http, 101)

    brief = http.get("/_sandbox/requests?brief=1").json()["requests"]

    assert [(each["number"], each["operation"], each["status"], each["kept"]) for each in brief] == [
        (1, "boil", 200, True),
        (2, "boil", 400, False),
    ]
    assert not {"body", "headers", "request_problems"} & brief[0].keys()


def test_one_request_is_told_whole_with_what_it_broke(http: httpx.Client) -> None:
    boil(http, 101)

    whole = http.get("/_sandbox/requests/1").json()

    assert json.loads(whole["body"]) == {"degrees": 101}
    assert whole["request_problems"][0]["place"] == "body/degrees"
    assert whole["checked"] is False


def test_a_request_that_is_not_remembered_says_so(http: httpx.Client) -> None:
    answer = http.get("/_sandbox/requests/9")

    assert (answer.status_code, answer.json()["error"]) == (404, "request 9 is not remembered")


def test_live_requests_come_in_brief_when_asked(http: httpx.Client, kettle: Sandbox) -> None:
    with http.stream("GET", "/_sandbox/requests/live?brief=1") as live:
        lines = live.iter_lines()
        boil(http, 50)
        data = next(line for line in lines if line.startswith("data:"))

    assert json.loads(data.removeprefix("data:")).keys() == kettle.requests[0].brief().keys()


def test_the_state_is_told_as_drawings(http: httpx.Client) -> None:
    boil(http, 50)

    lanes, graph, table = http.get("/_sandbox/picture").json()

    assert lanes == {
        "kind": "lanes",
        "title": "Pots",
        "lanes": [{"name": "water", "items": [{"label": "50", "tone": "busy"}]}],
    }
    assert (graph["kind"], graph["edges"]) == ("graph", [["a", "b"]])
    assert (table["columns"], table["rows"]) == (["degrees"], [["50"]])


def test_what_is_long_is_cut_to_the_newest(http: httpx.Client) -> None:
    for degrees in range(MOST_ITEMS + 5):
        boil(http, degrees)

    lane = http.get("/_sandbox/picture").json()[0]["lanes"][0]

    assert (len(lane["items"]), lane["hidden"], lane["items"][-1]["label"]) == (MOST_ITEMS, 5, str(MOST_ITEMS + 4))


def test_rules_without_a_picture_have_an_empty_one() -> None:
    with Sandbox.from_spec(SPEC) as sandbox:
        assert httpx.get(f"{sandbox.url}/_sandbox/picture").json() == []


def test_forms_are_given_the_keys_that_the_sandbox_made_up(http: httpx.Client) -> None:
    assert http.get("/_sandbox").json()["credentials"] == {"Key": "made-up"}


# Other pages in the same browser ------------------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["https://example.com", "null", "http://127.0.0.1:1"])
def test_pages_of_other_origins_are_refused(http: httpx.Client, kettle: Sandbox, origin: str) -> None:
    boil(http, 50)

    answer = http.post("/_sandbox/reset", headers={"origin": origin})

    assert answer.status_code == 403
    assert kettle.rules.boiled == [50]


def test_the_page_itself_may(http: httpx.Client, kettle: Sandbox) -> None:
    boil(http, 50)

    assert http.post("/_sandbox/reset", headers={"origin": kettle.url}).json() == {"reset": True}
    assert kettle.rules.boiled == []
