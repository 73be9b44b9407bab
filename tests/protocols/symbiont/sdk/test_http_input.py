"""Calling the HTTP Input listener (protocol sheet, section 4.7)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from symbiont import AsyncHttpInputClient, HttpInputClient
from symbiont import models as m
from symbiont.exceptions import APIError, AuthenticationError

COMMON = {"agent_id": "a", "latency_ms": 3, "timestamp": "2026-01-01T00:00:00Z"}
STARTED = {**COMMON, "status": "execution_started", "message_id": "m"}
COMPLETED = {
    **COMMON,
    "status": "completed",
    "response": "r",
    "model": "gpt-4o",
    "provider": "openai",
    "tool_runs": [{"tool": "toolclad:nmap", "input": None, "output_preview": "o"}],
    "termination_reason": {"PolicyDenial": {"reason": "no"}},
    "audit": {"run_id": "r", "path": "/p", "public_key": "k"},
}


@pytest.fixture
def listener(make: Any) -> HttpInputClient:
    return HttpInputClient("http://runtime.test:8081/", "Bearer web-hook", transport=make()._transport_option)


@pytest.mark.parametrize(
    ("body", "kind"), [(STARTED, m.WebhookExecutionStartedResponse), (COMPLETED, m.WebhookCompletedResponse)]
)
def test_both_answers_are_told_apart(body: Any, kind: Any, listener: HttpInputClient, runtime: Any) -> None:
    runtime.answers(body)

    found = listener.invoke({"prompt": "scan", "target": "10.0.0.1"})

    assert isinstance(found, kind)
    assert found.status == body["status"]
    assert runtime.asked == ["POST /webhook"]
    assert runtime.body == {"prompt": "scan", "target": "10.0.0.1"}
    assert runtime.last.headers["authorization"] == "Bearer web-hook"


def test_a_path_is_for_routing(listener: HttpInputClient, runtime: Any) -> None:
    runtime.answers(COMPLETED)

    listener.invoke(m.WebhookInvocationRequest(message="hi"), path="/reporter")

    assert runtime.asked == ["POST /webhook/reporter"]


@pytest.mark.parametrize(
    ("url", "target"),
    [("http://h", "/webhook/x"), ("http://h/webhook/", "/webhook/x"), ("http://h/gate/hooks", "/gate/hooks/x")],
)
def test_the_listener_may_have_a_path_of_its_own(url: str, target: str, make: Any, runtime: Any) -> None:
    runtime.answers(COMPLETED)
    listener = HttpInputClient(url, transport=make()._transport_option)

    listener.invoke({}, path="x")
    listener.invoke({})

    assert runtime.asked == [f"POST {target}", f"POST {target.removesuffix('/x')}"]


@pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationError), (413, APIError), (500, APIError)])
def test_refusals_are_our_errors_and_nothing_is_sent_twice(
    status: int, kind: type[Exception], listener: HttpInputClient, runtime: Any, refused: Exception
) -> None:
    runtime.answers((status, b""))
    with pytest.raises(kind):
        listener.invoke({})
    runtime.answers(refused)
    with pytest.raises(APIError):
        listener.invoke({})

    assert len(runtime.requests) == 2


def test_a_system_prompt_has_4096_characters_at_most(listener: HttpInputClient) -> None:
    with pytest.raises(ValidationError):
        listener.invoke({"system_prompt": "x" * 4097})


async def test_the_async_one(runtime: Any, async_client: Any) -> None:
    runtime.answers(STARTED)

    async with AsyncHttpInputClient("http://runtime.test:8081", transport=async_client._transport_option) as listener:
        found = await listener.invoke({"message": "hi"})

    assert found.status == "execution_started"
    assert "authorization" not in runtime.last.headers
    assert "Bearer" not in repr(HttpInputClient(auth_header="Bearer x"))
