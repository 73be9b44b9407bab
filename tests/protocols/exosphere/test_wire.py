"""What is HTTP about the state manager (protocol sheet §1): keys, ids, redirects, shapes of errors, CORS."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import httpx
import pytest
from wirewright.sandbox import Sandbox

KEY = {"x-api-key": "sandbox-key"}
NS = "/v0/namespace/ns"
UNKNOWN = "64b000000000000000000001"

OPERATIONS = [
    ("GET", "/v0/namespaces"),
    ("PUT", f"{NS}/nodes/"),
    ("GET", f"{NS}/nodes/"),
    ("PUT", f"{NS}/graph/g"),
    ("GET", f"{NS}/graph/g"),
    ("GET", f"{NS}/graphs/"),
    ("POST", f"{NS}/graph/g/trigger"),
    ("POST", f"{NS}/states/enqueue"),
    ("POST", f"{NS}/state/{UNKNOWN}/executed"),
    ("POST", f"{NS}/state/{UNKNOWN}/errored"),
    ("POST", f"{NS}/state/{UNKNOWN}/prune"),
    ("POST", f"{NS}/state/{UNKNOWN}/re-enqueue-after"),
    ("POST", f"{NS}/state/{UNKNOWN}/manual-retry"),
    ("GET", f"{NS}/state/{UNKNOWN}/secrets"),
    ("GET", f"{NS}/runs/1/10"),
    ("GET", f"{NS}/states/run/r/graph"),
    ("GET", f"{NS}/graph/g/run/r/node/{UNKNOWN}"),
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One for all tests here: what they leave behind does not matter to the others."""
    with Sandbox("exosphere", verify=True, api_key=KEY["x-api-key"]) as running:
        yield running


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sandbox.url) as client:
        yield client


def test_health_needs_no_key(http: httpx.Client) -> None:
    answer = http.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"message": "OK"})


@pytest.mark.parametrize("headers", [{}, {"x-api-key": ""}, {"x-api-key": "wrong"}])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_everything_else_needs_the_key(http: httpx.Client, method: str, path: str, headers: dict[str, str]) -> None:
    answer = http.request(method, path, headers=headers, json={} if method != "GET" else None)
    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid API key"})
    assert "www-authenticate" not in answer.headers


@pytest.mark.parametrize(("method", "path"), [each for each in OPERATIONS if each[0] != "GET"])
@pytest.mark.parametrize("headers", [{}, KEY])
def test_json_that_is_none_is_told_before_the_key_is_looked_at(
    http: httpx.Client, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = http.request(method, path, headers={**headers, "content-type": "application/json"}, content="{no")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["type"] == "json_invalid"


def test_the_order_is_syntax_then_key_then_schema(http: httpx.Client) -> None:
    path = f"{NS}/states/enqueue"
    assert http.post(path, json={}).status_code == 401
    assert http.post(path, json={}, headers=KEY).status_code == 422


@pytest.mark.parametrize(
    "spelling",
    [
        "6F1C0F3E-6F0E-4A53-9A33-1F8FBB1F6F55",
        "6f1c0f3e6f0e4a539a331f8fbb1f6f55",
        "{6f1c0f3e-6f0e-4a53-9a33-1f8fbb1f6f55}",
        "urn:uuid:6f1c0f3e-6f0e-4a53-9a33-1f8fbb1f6f55",
    ],
)
def test_a_request_id_comes_back_as_it_was_sent(http: httpx.Client, spelling: str) -> None:
    answer = http.get("/v0/namespaces", headers={**KEY, "x-exosphere-request-id": spelling})
    assert answer.headers["x-exosphere-request-id"] == spelling


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 200),
        ("GET", f"{NS}/nodes", 307),
        ("GET", "/v0/namespaces", 401),
        ("GET", "/nope", 404),
        ("DELETE", "/v0/namespaces", 405),
        ("GET", f"{NS}/runs/x/1", 401),
    ],
)
def test_every_answer_has_a_request_id(http: httpx.Client, method: str, path: str, status: int) -> None:
    answer = http.request(method, path, headers={"x-exosphere-request-id": "no uuid"})
    assert answer.status_code == status
    assert uuid.UUID(answer.headers["x-exosphere-request-id"]).version == 4


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        (f"{NS}/nodes", f"{NS}/nodes/"),
        (f"{NS}/graphs?x=1", f"{NS}/graphs/?x=1"),
        ("/v0/namespaces/", "/v0/namespaces"),
        (f"{NS}/graph/g/", f"{NS}/graph/g"),
        ("/health/", "/health"),
    ],
)
def test_a_slash_too_many_or_too_few_is_redirected(
    http: httpx.Client, sandbox: Sandbox, asked: str, meant: str
) -> None:
    answer = http.get(asked)
    assert (answer.status_code, answer.headers["location"]) == (307, sandbox.url + meant)


def test_unknown_paths_and_methods(http: httpx.Client) -> None:
    assert (http.get("/nope").status_code, http.get("/nope").json()) == (404, {"detail": "Not Found"})
    answer = http.delete("/v0/namespaces")
    assert (answer.status_code, answer.json(), answer.headers["allow"]) == (
        405,
        {"detail": "Method Not Allowed"},
        "GET",
    )


PROBLEMS: list[tuple[str, Any, list[Any], str, str]] = [
    (f"{NS}/states/enqueue", {"nodes": "x", "batch_size": 1}, ["body", "nodes"], "list_type", "valid list"),
    (f"{NS}/states/enqueue", {"nodes": []}, ["body", "batch_size"], "missing", "Field required"),
    (f"{NS}/states/enqueue", {"nodes": [], "batch_size": 1.5}, ["body", "batch_size"], "int_from_float", "fractional"),
    (f"{NS}/graph/g/trigger", {"start_delay": -1}, ["body", "start_delay"], "greater_than_equal", "than or equal to 0"),
    (f"{NS}/graph/g/trigger", {"inputs": {"a": 1}}, ["body", "inputs", "a"], "string_type", "valid string"),
    (
        f"{NS}/state/x/re-enqueue-after",
        {"enqueue_after": 0},
        ["body", "enqueue_after"],
        "greater_than",
        "greater than 0",
    ),
    (f"{NS}/state/x/executed", {"outputs": [1]}, ["body", "outputs", 0], "dict_type", "valid dictionary"),
    (f"{NS}/state/x/errored", {"error": None}, ["body", "error"], "string_type", "valid string"),
    (f"{NS}/state/x/prune", {"data": []}, ["body", "data"], "dict_type", "valid dictionary"),
    (f"{NS}/state/x/manual-retry", {}, ["body", "fanout_id"], "missing", "Field required"),
]


@pytest.mark.parametrize(("path", "body", "place", "kind", "words"), PROBLEMS)
def test_a_body_that_breaks_its_schema(
    http: httpx.Client, path: str, body: Any, place: list[Any], kind: str, words: str
) -> None:
    answer = http.post(path, json=body, headers=KEY)
    assert answer.status_code == 422
    [problem] = answer.json()["detail"]
    assert (problem["loc"], problem["type"]) == (place, kind)
    assert words in problem["msg"]
    assert "url" not in problem


@pytest.mark.parametrize(
    ("content", "content_type", "kind"),
    [
        (b"", None, "missing"),
        (b"hello", "text/plain", "model_attributes_type"),
        (b"[]", "application/json", "model_attributes_type"),
    ],
)
def test_a_body_that_is_no_object(http: httpx.Client, content: bytes, content_type: str | None, kind: str) -> None:
    headers = {**KEY, **({"content-type": content_type} if content_type else {})}
    answer = http.post(f"{NS}/states/enqueue", content=content, headers=headers)
    assert answer.status_code == 422
    assert [(each["type"], each["loc"]) for each in answer.json()["detail"]] == [(kind, ["body"])]


GRAPH_PROBLEMS: list[tuple[dict[str, Any], list[Any], str]] = [
    ({"nodes": [{"node_name": " "}]}, ["body", "nodes", 0, "node_name"], "Value error, Node name cannot be empty"),
    ({"nodes": [{"identifier": " store "}]}, ["body", "nodes", 0, "identifier"], "reserved word 'store'"),
    (
        {"nodes": [{"next_nodes": ["b", " b", ""]}]},
        ["body", "nodes", 0, "next_nodes"],
        "Value error, Next node identifier b is not unique\nNext node identifier cannot be empty",
    ),
    ({"nodes": [{"unites": {"identifier": ""}}]}, ["body", "nodes", 0, "unites"], "Unites identifier cannot be empty"),
    (
        {"nodes": [{"unites": {"identifier": "b", "strategy": "SOME"}}]},
        ["body", "nodes", 0, "unites", "strategy"],
        "Input should be",
    ),
    ({"retry_policy": {"max_retries": -1}}, ["body", "retry_policy", "max_retries"], "greater than or equal to 0"),
    ({"retry_policy": {"max_delay": 0}}, ["body", "retry_policy", "max_delay"], "greater than 0"),
    (
        {"store_config": {"required_keys": ["a", " a ", "b.c", " "]}},
        ["body", "store_config", "required_keys"],
        "Value error, Key 'a' is duplicated\nKey 'b.c' cannot contain '.' character\n"
        "Key cannot be empty or contain only whitespace",
    ),
    ({"store_config": {"default_values": {"a": 1}}}, ["body", "store_config", "default_values", "a"], "valid string"),
    ({"triggers": [{"type": "CRON", "value": {}}]}, ["body", "triggers", 0, "expression"], "Field required"),
    (
        {"triggers": [{"type": "CRON", "value": {"expression": "no"}}]},
        ["body", "triggers", 0, "expression"],
        "Value error, Invalid cron expression",
    ),
    (
        {"triggers": [{"type": "WIND", "value": {"expression": "@daily"}}]},
        ["body", "triggers", 0, "type"],
        "Input should be 'CRON'",
    ),
]


@pytest.mark.parametrize(("members", "place", "words"), GRAPH_PROBLEMS)
def test_a_graph_that_breaks_its_schema(
    http: httpx.Client, node_use: Callable[..., Any], members: dict[str, Any], place: list[Any], words: str
) -> None:
    nodes = [node_use("a", text="x") | node for node in members.get("nodes", [{}])]
    answer = http.put(
        f"{NS}/graph/g",
        json={"secrets": {}, "nodes": nodes, **{k: v for k, v in members.items() if k != "nodes"}},
        headers=KEY,
    )
    assert answer.status_code == 422
    [problem] = answer.json()["detail"]
    assert problem["loc"] == place
    assert words in problem["msg"]


def test_numbers_are_lax(http: httpx.Client) -> None:
    assert http.post(f"{NS}/states/enqueue", json={"nodes": [], "batch_size": "3"}, headers=KEY).status_code == 200
    assert http.post(f"{NS}/states/enqueue", json={"nodes": [], "batch_size": 3.0}, headers=KEY).status_code == 200


@pytest.mark.parametrize(
    ("page", "size", "status"), [("x", "1", 422), ("1", "y", 422), ("0", "1", 422), ("1", "0", 200)]
)
def test_pages_are_numbers(http: httpx.Client, page: str, size: str, status: int) -> None:
    assert http.get(f"{NS}/runs/{page}/{size}", headers=KEY).status_code == status


def test_path_texts_are_decoded(http: httpx.Client) -> None:
    node = {"name": "N", "inputs_schema": {}, "outputs_schema": {}, "secrets": []}
    body = {"runtime_name": "rt", "nodes": [node]}
    http.put("/v0/namespace/my%20%C3%A4%25/nodes/", json=body, headers=KEY)
    assert "my ä%" in http.get("/v0/namespaces", headers=KEY).json()["namespaces"]


class TestCors:
    PREFLIGHT: ClassVar = {"origin": "http://localhost:3000", "access-control-request-method": "PUT"}

    def test_a_known_origin_may_ask(self, http: httpx.Client) -> None:
        answer = http.options(f"{NS}/nodes/", headers=self.PREFLIGHT)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
        assert answer.headers["access-control-allow-methods"] == "GET, POST, PUT, DELETE, OPTIONS, PATCH"
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert answer.headers["access-control-max-age"] == "600"
        assert "X-Exosphere-Request-ID" in answer.headers["access-control-allow-headers"]

    def test_another_one_may_not(self, http: httpx.Client) -> None:
        answer = http.options(f"{NS}/nodes/", headers={**self.PREFLIGHT, "origin": "http://evil.example"})
        assert (answer.status_code, answer.text) == (400, "Disallowed CORS origin")

    def test_answers_to_browsers_say_who_may_read_them(self, http: httpx.Client) -> None:
        answer = http.get("/health", headers={"origin": "http://localhost:3000"})
        assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
        assert answer.headers["access-control-expose-headers"] == "X-Exosphere-Request-ID"

    def test_the_environment_may_name_other_origins(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CORS_ORIGINS", " https://one.example , ,https://two.example")
        with Sandbox("exosphere") as sandbox:
            asked = {**self.PREFLIGHT, "origin": "https://two.example"}
            assert httpx.options(f"{sandbox.url}/health", headers=asked).status_code == 200
            assert httpx.options(f"{sandbox.url}/health", headers=self.PREFLIGHT).status_code == 400


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATE_MANAGER_SECRET", "mine")
    with Sandbox("exosphere") as sandbox:
        assert httpx.get(f"{sandbox.url}/v0/namespaces", headers={"x-api-key": "mine"}).status_code == 200
        assert httpx.get(f"{sandbox.url}/v0/namespaces", headers=KEY).status_code == 401


def test_the_original_answers_500_where_this_one_refuses() -> None:
    with Sandbox("exosphere", behaviour="original") as sandbox, httpx.Client(base_url=sandbox.url, headers=KEY) as http:
        for path in (f"{NS}/state/nonsense/secrets", f"{NS}/runs/0/1"):
            answer = http.get(path)
            assert (answer.status_code, answer.json()["success"]) == (500, False)
            assert answer.json()["detail"].startswith("internal server error")


def test_an_unknown_behaviour_is_refused() -> None:
    with pytest.raises(ValueError, match='behaviour is "fixed" or "original"'), Sandbox("exosphere", behaviour="odd"):
        pass


def test_data_in_a_file_outlives_the_server(tmp_path: Any, node_use: Callable[..., Any]) -> None:
    node = {"name": "N", "inputs_schema": {}, "outputs_schema": {}, "secrets": ["s"]}
    for start in (1, 2):
        with (
            Sandbox("exosphere", data=tmp_path / "exosphere.db") as sandbox,
            httpx.Client(base_url=sandbox.url, headers=KEY) as http,
        ):
            if start == 1:
                http.put(f"{NS}/nodes/", json={"runtime_name": "rt", "nodes": [node]})
                http.put(f"{NS}/graph/g", json={"secrets": {"s": "t"}, "nodes": [node_use("a", "N")]})
                http.post(f"{NS}/graph/g/trigger", json={})
            else:
                [state] = http.post(f"{NS}/states/enqueue", json={"nodes": ["N"], "batch_size": 9}).json()["states"]
                assert http.get(f"{NS}/state/{state['state_id']}/secrets").json() == {"secrets": {"s": "t"}}
                http.post("/_sandbox/reset")
                assert http.get("/v0/namespaces").json()["count"] == 0


def test_cron_and_claims_can_be_driven_by_hand(
    sandbox: Sandbox, http: httpx.Client, node_use: Callable[..., Any]
) -> None:
    http.headers.update(KEY)
    http.post("/_sandbox/reset")
    node = {"name": "N", "inputs_schema": {}, "outputs_schema": {}, "secrets": []}
    http.put(f"{NS}/nodes/", json={"runtime_name": "rt", "nodes": [node]})
    triggers = [{"type": "CRON", "value": {"expression": "0 0 1 1 *"}}]
    http.put(f"{NS}/graph/g", json={"secrets": {}, "nodes": [node_use("a", "N")], "triggers": triggers})
    assert http.post("/_sandbox/cron/tick").json() == {"fired": 0}
    assert http.post("/_sandbox/cron/tick", json={"at": "2100-01-01T00:00:00"}).json()["fired"] > 0
    claim = {"nodes": ["N"], "batch_size": 1}
    [state] = http.post(f"{NS}/states/enqueue", json=claim).json()["states"]
    assert http.post("/_sandbox/claims/release", json={"older_than": 60}).json() == {"released": 0}
    assert http.post("/_sandbox/claims/release").json() == {"released": 1}
    assert http.get("/_sandbox/state").json()["states"].keys() == {"CREATED"}
    assert state["state_id"]
