"""Which operation a request means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from wirewright.contract import Router, SpecDocument

Make = Callable[..., SpecDocument]


def op(name: str) -> dict[str, Any]:
    return {"operationId": name, "responses": {}}


@pytest.fixture
def router(document: Make) -> Router:
    paths = {
        "/": {"get": op("root")},
        "/slots": {"get": op("list_slots"), "post": op("open_slot")},
        "/slots/orphans": {"get": op("orphans")},
        "/slots/{id}": {"get": op("get_slot"), "delete": op("drop_slot")},
        "/slots/{id}/": {"get": op("slot_folder")},
        "/files/{name}.json": {"get": op("json_file")},
        "/files/{name}": {"get": op("any_file")},
        "/range/{from}..{to}": {"get": op("range")},
        "/frontiers/{ref}/seal": {"post": op("seal")},
        "/frontiers/{ref}": {"get": op("frontier")},
        "/rpc?action=start": {"post": op("start")},
        "/rpc?action=stop": {"post": op("stop")},
        "/rpc": {"post": op("rpc")},
        "/caf%C3%A9/{x}": {"get": op("coffee")},
    }
    return Router(document(paths), wide={"seal": ["ref"], "frontier": ["ref"]})


@pytest.mark.parametrize(
    ("method", "path", "query", "operation", "values"),
    [
        ("GET", "/", "", "root", {}),
        ("GET", "/slots", "", "list_slots", {}),
        ("POST", "/slots", "", "open_slot", {}),
        ("GET", "/slots/orphans", "", "orphans", {}),
        ("DELETE", "/slots/orphans", "", "drop_slot", {"id": "orphans"}),
        ("GET", "/slots/7", "", "get_slot", {"id": "7"}),
        ("GET", "/slots/a%2Fb", "", "get_slot", {"id": "a%2Fb"}),
        ("GET", "/slots/7/", "", "slot_folder", {"id": "7"}),
        ("GET", "/files/a.b.json", "", "json_file", {"name": "a.b"}),
        ("GET", "/files/a.txt", "", "any_file", {"name": "a.txt"}),
        ("GET", "/range/1..9", "", "range", {"from": "1", "to": "9"}),
        ("POST", "/frontiers/a/b.c/seal", "", "seal", {"ref": "a/b.c"}),
        ("POST", "/frontiers/a/seal/seal", "", "seal", {"ref": "a/seal"}),
        ("GET", "/frontiers/a/seal", "", "frontier", {"ref": "a/seal"}),
        ("POST", "/rpc", "action=stop&x=1", "stop", {}),
        ("POST", "/rpc", "action=other", "rpc", {}),
        ("GET", "/caf%C3%A9/1", "", "coffee", {"x": "1"}),
    ],
)
def test_the_most_exact_operation_is_found(
    router: Router, method: str, path: str, query: str, operation: str, values: dict[str, str]
) -> None:
    match = router.match(method, path, query)
    assert match is not None
    assert (match.operation.id, match.path) == (operation, values)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nope"), ("PUT", "/slots"), ("GET", "/slots//"), ("POST", "/frontiers//seal")]
)
def test_what_the_spec_does_not_have_is_not_found(router: Router, method: str, path: str) -> None:
    assert router.match(method, path) is None


def test_the_methods_of_a_path_are_known(router: Router) -> None:
    assert router.allowed("/slots") == ["GET", "POST"]
    assert router.allowed("/nowhere") == []


def test_the_path_of_a_declared_server_may_stand_in_front(document: Make) -> None:
    servers = [{"url": "https://x.example/api/{v}", "variables": {"v": {"default": "v1"}}}, {"url": "/edge"}]
    router = Router(document({"/slots": {"get": op("list_slots")}}, servers=servers))
    found = [router.match("GET", path) for path in ("/slots", "/api/v1/slots", "/edge/slots")]
    assert [match.operation.id for match in found if match] == ["list_slots"] * 3
    assert router.match("GET", "/api/v2/slots") is None
