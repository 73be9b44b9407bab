"""The places where programs put doubles of their own (protocol sheet, section 1)."""

from __future__ import annotations

import sys
import types
from typing import Any
from unittest.mock import AsyncMock, MagicMock, Mock, patch

import pytest
from symbiont import Client
from symbiont.channels import ChannelClient
from symbiont.client import requests
from symbiont.exceptions import APIError, AuthenticationError, PermissionDeniedError, ReconciledInvocationError
from symbiont.schedules import AsyncScheduleClient, ScheduleClient
from wirewright.sandbox import Sandbox

HEALTH = {"status": "healthy", "uptime_seconds": 5, "timestamp": "2026-01-01T00:00:00Z", "version": "1.19.0"}


def answer(status: int = 200, body: Any = None) -> Mock:
    return Mock(status_code=status, json=Mock(return_value=body), text=str(body))


def test_requests_request_may_be_replaced() -> None:
    client = Client(api_key="key", base_url="http://h/api/v1", timeout=5)

    with patch("symbiont.client.requests.request") as double:
        double.return_value = answer(body=HEALTH)
        health = client.health_check()

    assert health.version == "1.19.0"
    double.assert_called_once_with("GET", "http://h/api/v1/health", headers={"Authorization": "Bearer key"}, timeout=5)


def test_so_may_the_request_of_the_library_of_that_name(monkeypatch: pytest.MonkeyPatch) -> None:
    library = types.ModuleType("requests")
    library.request = double = MagicMock(return_value=answer(body={"a": 1}))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "requests", library)
    client = Client(api_key="key", base_url="http://h/api/v1/")

    found = client._request("GET", "/api/v1/agents", headers={"X-Own": "1"})

    assert found is double.return_value
    headers = {"Authorization": "Bearer key", "X-Own": "1"}
    double.assert_called_once_with("GET", "http://h/api/v1/agents", headers=headers, timeout=30)


def test_the_library_itself_is_not_asked(client: Client, runtime: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    library = types.ModuleType("requests")
    library.request = MagicMock(__module__="requests.api")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "requests", library)
    runtime.answers([])

    assert client.list_agents() == []
    library.request.assert_not_called()  # type: ignore[attr-defined]


def test_it_is_asked_with_json_and_params() -> None:
    client = Client(base_url="http://h/api/v1")

    with patch(
        "symbiont.client.requests.request", return_value=answer(body={"sessions": [], "pagination": {}})
    ) as double:
        client.list_review_sessions(page=2, status="approved")
        client.add_communication_rule({"from_agent": "a"})

    first, second = double.call_args_list
    assert first.args == ("GET", "http://h/api/v1/tool-review/sessions")
    assert first.kwargs == {"headers": {}, "timeout": 30, "params": {"page": 2, "limit": 20, "status": "approved"}}
    assert second.args == ("POST", "http://h/api/v1/communication/rules")
    assert second.kwargs == {"headers": {}, "timeout": 30, "json": {"from_agent": "a"}}


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthenticationError), (403, PermissionDeniedError), (418, APIError)]
)
def test_its_statuses_are_our_errors(status: int, kind: type[Exception]) -> None:
    with (
        patch("symbiont.client.requests.request", return_value=answer(status, "why")),
        pytest.raises(kind) as caught,
    ):
        Client(api_key="k").health_check()

    assert caught.value.response_text == "why"  # type: ignore[attr-defined]


def test_its_json_says_how_an_operator_settled_an_invocation() -> None:
    told = answer(409, {"resolution": {"outcome": "Failed"}})
    told.text = "{}"

    with (
        patch("symbiont.client.requests.request", return_value=told) as double,
        pytest.raises(ReconciledInvocationError) as caught,
    ):
        Client(api_key="k").execute_agent("agent-1", idempotency_key="mine")

    assert caught.value.resolution == {"outcome": "Failed"}
    assert double.call_args.kwargs["headers"] == {"Authorization": "Bearer k", "Idempotency-Key": "mine"}


@pytest.mark.parametrize(
    "failure", [requests.RequestException("a"), requests.exceptions.ConnectionError("b"), ConnectionResetError("c")]
)
def test_its_failures_are_tried_again(failure: Exception, no_waiting: list[float]) -> None:
    with patch("symbiont.client.requests.request", side_effect=[failure, failure, answer(body=HEALTH)]) as double:
        assert Client(api_key="k").health_check().status == "healthy"

    assert (double.call_count, no_waiting) == (3, [1.0, 2.0])


def test_a_spy_sees_what_is_really_sent(sandbox: Sandbox) -> None:
    client = Client(api_key="sandbox-token", base_url=f"{sandbox.url}/api/v1")

    with patch("symbiont.client.requests.request", wraps=requests.request) as spy:
        assert client.health_check().status == "healthy"
        assert isinstance(client.list_agents(), list)
        with pytest.raises(AuthenticationError):
            Client(api_key="wrong", base_url=f"{sandbox.url}/api/v1").list_agents()

    assert spy.call_count == 3


def test_sending_by_hand_reaches_what_has_no_method(client: Client, runtime: Any) -> None:
    runtime.answers({"ok": True})

    found = client._request("POST", "/api/v1/some/{thing}", json={"a": 1}, params={"b": 2, "c": None}, timeout=3)

    assert (found.status_code, found.json(), found.ok) == (200, {"ok": True}, True)
    assert runtime.asked == ["POST /api/v1/some/%7Bthing%7D?b=2"]
    assert runtime.last.timeout.read == 3


def test_a_subclass_may_look_at_every_request(runtime: Any, make: Any) -> None:
    seen: list[str] = []

    class Watching(Client):
        def _request(self, method: str, endpoint: str, **kwargs: Any) -> Any:
            seen.append(f"{method} {endpoint}")
            return super()._request(method, endpoint, **kwargs)

    runtime.answers([])
    watching = Watching(api_key="k", transport=make()._transport_option)
    watching.list_agents()
    watching.schedules.list_schedules()

    assert seen == ["GET agents", "GET /schedules"]


def test_sub_clients_work_with_any_parent() -> None:
    parent = MagicMock()
    parent._request.return_value.json.return_value = [
        {"id": "c", "name": "n", "platform": "slack", "status": "running"}
    ]

    [found] = ChannelClient(parent).list_channels()

    assert found.name == "n"
    parent._request.assert_called_once_with("GET", "/channels", json=None, params=None)


async def test_so_do_async_ones() -> None:
    parent = MagicMock(_request=AsyncMock())
    parent._request.return_value.json = Mock(return_value={"job_id": "j", "deleted": True})

    assert (await AsyncScheduleClient(parent).delete_schedule("j")).deleted


def test_a_method_may_be_replaced_on_one_client(client: Client) -> None:
    with patch.object(client, "health_check", return_value="fine"):
        assert client.health_check() == "fine"

    with patch.object(ScheduleClient, "list_schedules", lambda self: []):
        assert ScheduleClient(MagicMock()).list_schedules() == []
