"""What the clients promise: errors, retries, sign-in, answers, life. Both clients, unless one is named."""

from __future__ import annotations

import asyncio
import gc
import json
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError
from symbiont import AsyncClient, Client
from symbiont import models as m
from symbiont.auth import AuthUser, JWTHandler, TokenType
from symbiont.config import AuthConfig, ClientConfig
from symbiont.exceptions import (
    APIError,
    AuthenticationError,
    AuthenticationExpiredError,
    ConfigurationError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ReconciledInvocationError,
    SymbiontError,
    TokenRefreshError,
)
from wirewright.errors import TransportError
from wirewright.sandbox import Sandbox

SECRET = "s" * 32
HEALTH = {"status": "healthy", "uptime_seconds": 5, "timestamp": "2026-01-01T00:00:00.123456789Z", "version": "1.19.0"}


@pytest.fixture(params=["sync", "async"])
def call(request: pytest.FixtureRequest, client: Client, async_client: AsyncClient) -> Callable[..., Any]:
    """`await call("area.method", ...)` on either client."""
    face: Any = client if request.param == "sync" else async_client

    async def called(name: str, *args: Any, **kwargs: Any) -> Any:
        target = face
        for part in name.split("."):
            target = getattr(target, part)
        found = target(*args, **kwargs)
        return await found if request.param == "async" else found

    called.face = face  # type: ignore[attr-defined]
    return called


# Errors -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (401, "", AuthenticationError, "Authentication failed - check your credentials"),
        (401, "Token EXPIRED", AuthenticationExpiredError, "Authentication token has expired"),
        (403, '{"code": "ADMIN_REQUIRED"}', PermissionDeniedError, "Insufficient permissions for this operation"),
        (404, "nope", NotFoundError, "Resource not found"),
        (429, "", RateLimitError, "Rate limit exceeded - too many requests"),
        (405, "", APIError, "API request failed with status 405"),
        (409, '{"code": "already_resolved"}', APIError, "API request failed with status 409"),
        (422, "bad", APIError, "API request failed with status 422"),
        (500, '{"error": "x", "code": "y", "details": null}', APIError, "API request failed with status 500"),
        (304, "", APIError, "API request failed with status 304"),
    ],
)
async def test_a_refusal_is_the_error_of_its_status(
    status: int, body: str, kind: type[SymbiontError], message: str, call: Any, runtime: Any, no_waiting: list[float]
) -> None:
    runtime.answers((status, body.encode()))

    with pytest.raises(SymbiontError) as caught:
        await call("schedules.list_schedules")

    assert type(caught.value) is kind
    assert str(caught.value) == message
    assert (caught.value.status_code, caught.value.response_text) == (status, body)  # type: ignore[attr-defined]
    assert (len(runtime.requests), no_waiting) == (1, [])


async def test_a_403_says_what_was_missing(call: Any, runtime: Any) -> None:
    runtime.answers((403, {"error": "…", "code": "AGENT_SCOPE_DENIED", "details": None}))

    with pytest.raises(PermissionDeniedError) as caught:
        await call("get_agent_history", "a")

    assert caught.value.required_permission == "AGENT_SCOPE_DENIED"


@pytest.mark.parametrize(
    ("name", "body", "resolution"),
    [
        ("execute_agent", {"resolution": {"by": "me"}}, {"by": "me"}),
        ("execute_agent", {"state": "conflict"}, None),
        ("delete_agent", {"resolution": {"by": "me"}}, {"by": "me"}),
    ],
)
async def test_a_reconciled_invocation_is_an_error_of_its_own(
    name: str, body: Any, resolution: Any, call: Any, runtime: Any
) -> None:
    runtime.answers((409, body))

    with pytest.raises(ReconciledInvocationError) as caught:
        await call(name, "a")

    assert caught.value.resolution == resolution
    assert str(caught.value) == "Invocation was reconciled by an operator; no work repeated"


# Retries ------------------------------------------------------------------------------------------------------------


async def test_a_connection_that_fails_is_tried_again_after_1_2_and_4_seconds(
    call: Any, runtime: Any, refused: TransportError, no_waiting: list[float]
) -> None:
    runtime.answers(refused, refused, refused, HEALTH)

    assert (await call("health_check")).status == "healthy"
    assert no_waiting == [1.0, 2.0, 4.0]


async def test_so_is_a_post_that_may_have_arrived(call: Any, runtime: Any, lost: TransportError) -> None:
    runtime.answers(lost, {"id": "a", "status": "scheduled"})

    assert await call("create_agent", {"name": "n", "dsl": "agent n {}"}) == {"id": "a", "status": "scheduled"}
    assert len(runtime.requests) == 2


async def test_in_the_end_it_is_an_api_error_without_status(call: Any, runtime: Any, refused: TransportError) -> None:
    runtime.answers(refused)

    with pytest.raises(APIError, match="Request failed after 4 attempts") as caught:
        await call("health_check")

    assert caught.value.status_code is None
    assert isinstance(caught.value.__cause__, TransportError)
    assert len(runtime.requests) == 4


@pytest.mark.parametrize(("retries", "attempts"), [(0, 1), (1, 2), (5, 6)])
def test_max_retries_counts_what_comes_after_the_first(
    retries: int, attempts: int, make: Any, runtime: Any, refused: TransportError
) -> None:
    runtime.answers(refused)

    with pytest.raises(APIError):
        make(max_retries=retries).health_check()

    assert len(runtime.requests) == attempts


def test_a_status_is_tried_again_where_the_settings_say_so(make: Any, runtime: Any) -> None:
    runtime.answers((503, b""), HEALTH)
    config = ClientConfig(retry_statuses=frozenset({503}))

    assert make(config).health_check().version == "1.19.0"


def test_the_timeout_is_that_of_every_phase(make: Any, runtime: Any) -> None:
    runtime.answers([])

    make(timeout=0.5).list_agents()

    assert runtime.last.timeout.read == runtime.last.timeout.connect == 0.5


async def test_executing_carries_a_key_that_stays_over_retries(call: Any, runtime: Any, lost: TransportError) -> None:
    runtime.answers(lost, lost, {"execution_id": "e", "status": "execution_started"})

    await call("execute_agent", "a")

    keys = {request.headers["idempotency-key"] for request in runtime.requests}
    assert (len(runtime.requests), len(keys), len(keys.pop())) == (3, 1, 36)


# Answers ------------------------------------------------------------------------------------------------------------


async def test_an_answer_becomes_its_model(call: Any, runtime: Any) -> None:
    runtime.answers({**HEALTH, "new": 1})

    health = await call("health_check")

    assert isinstance(health, m.HealthResponse)
    assert health.timestamp.microsecond == 123456


@pytest.mark.parametrize("state", [member.value for member in m.AgentState])
async def test_states_of_runtimes_and_of_older_sdks_are_known(state: str, call: Any, runtime: Any) -> None:
    usage = {"memory_bytes": None, "cpu_percent": None, "active_tasks": 1}
    runtime.answers({"agent_id": "a", "state": state, "last_activity": "2026-01-01T00:00:00Z", "resource_usage": usage})

    assert (await call("get_agent_status", "a")).state.value == state


@pytest.mark.parametrize(
    ("body", "figures"),
    [
        (
            {"agents": {"total": 3, "running": 1, "idle": 2, "error": 0},
             "system": {"uptime_seconds": 9, "memory_usage": 7, "cpu_usage": 1.5}},
            (9, 7, 1.5, 1, 3, None, 2),
        ),
        (
            {"uptime_seconds": 9, "memory_usage_bytes": 7, "memory_usage_percent": 0.1, "cpu_usage_percent": 1.5,
             "disk_usage_bytes": 1, "disk_usage_percent": 0.1, "active_agents": 1, "total_agents": 3,
             "secrets_count": 4, "mcp_connections": 0, "vector_db_items": 0},
            (9, 7, 1.5, 1, 3, 4, None),
        ),
    ],
    ids=["nested", "flat"],
)  # fmt: skip
async def test_figures_are_read_in_both_forms(body: Any, figures: Any, call: Any, runtime: Any) -> None:
    runtime.answers(body)

    found = await call("get_metrics")

    assert figures == (
        found.uptime_seconds, found.memory_usage_bytes, found.cpu_usage_percent, found.active_agents,
        found.total_agents, found.secrets_count, found.idle_agents,
    )  # fmt: skip


async def test_a_schedule_with_fields_of_tomorrow_is_read(call: Any, runtime: Any) -> None:
    runtime.answers({"job_id": "j", "history": [{"run_id": "r", "started_at": "t", "status": "Running", "new": 1}]})

    found = await call("schedules.get_schedule_history", "j")

    assert (found.job_id, found.history[0].run_id, found.history[0].completed_at) == ("j", "r", None)


async def test_what_is_missing_and_may_not_be_is_a_type_error(call: Any, runtime: Any) -> None:
    runtime.answers({"job_id": "j"})

    with pytest.raises(TypeError, match="deleted"):
        await call("schedules.delete_schedule", "j")


@pytest.mark.parametrize(
    ("name", "args", "value"),
    [
        ("delete_agent", ["a"], {}),
        ("reasoning.cancel_loop", ["a", "l"], None),
        ("channels.remove_mapping", ["c", "u"], None),
        ("send_heartbeat", ["a", m.AgentState.RUNNING], None),
        ("approvals.approve", ["0123456789abcdef"], None),
        ("check_liveness", [], None),
    ],
)
async def test_an_empty_answer_is_fine_where_nothing_was_promised(
    name: str, args: list[Any], value: Any, call: Any, runtime: Any
) -> None:
    runtime.answers((200, b""))

    assert await call(name, *args) == value


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "answered nothing"), (b"<html>", "not JSON"), (b"[1", "not JSON")],
)
async def test_an_answer_that_is_none_is_an_api_error(content: bytes, message: str, call: Any, runtime: Any) -> None:
    runtime.answers((200, content))

    with pytest.raises(APIError, match=message):
        await call("health_check")


@pytest.mark.parametrize(("name", "args"), [("schedules.list_schedules", []), ("list_mcp_servers", [])])
async def test_anything_else_in_an_array_is_an_api_error_too(
    name: str, args: list[Any], call: Any, runtime: Any
) -> None:
    runtime.answers([1, None])

    with pytest.raises((APIError, ValidationError)):
        await call(name, *args)


@pytest.mark.parametrize(("name", "args"), [("schedules.list_schedules", []), ("list_mcp_servers", [])])
async def test_an_object_where_an_array_was_expected_is_an_api_error(
    name: str, args: list[Any], call: Any, runtime: Any
) -> None:
    runtime.answers({"unexpected": True})

    with pytest.raises(APIError, match="something else than an array"):
        await call(name, *args)


def test_a_strict_client_refuses_what_does_not_fit_and_a_lenient_one_takes_it(make: Any, runtime: Any) -> None:
    runtime.answers({"status": "healthy", "uptime_seconds": "soon"})

    with pytest.raises(ValidationError):
        make().health_check()
    found = make(validation_mode="lenient").health_check()

    assert (found.status, found.uptime_seconds, found.version) == ("healthy", "soon", None)


def test_so_are_schedules(make: Any, runtime: Any) -> None:
    runtime.answers([{"job_id": "j"}])

    with pytest.raises(TypeError):
        make().schedules.list_schedules()
    [found] = make(validation_mode="lenient").schedules.list_schedules()

    assert (found.job_id, found.enabled) == ("j", None)


# Bodies -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (
            "add_knowledge_item",
            {"id": "k", "content": "c",
             "metadata": {"source": "s", "source_type": "code", "timestamp": "2026-01-01T00:00:00Z"}},
        ),
        ("search_memory", {"agent_id": "a", "time_range": {"start": "2026-01-01T00:00:00Z"}}),
    ],
)  # fmt: skip
async def test_moments_in_a_body_are_text(name: str, body: Any, call: Any, runtime: Any) -> None:
    runtime.answers({"memories": [], "total_count": 0, "search_time_ms": 1.0})

    await call(name, body)

    assert "2026-01-01T00:00:00Z" in json.dumps(runtime.body)


async def test_an_agent_of_the_runtime_is_sent_as_it_is(call: Any, runtime: Any) -> None:
    from symbiont_api.v1_16.models import CreateAgentRequest

    await call("create_agent", {"name": "n", "dsl": "agent n {}", "capabilities": ["read"]})
    assert runtime.body == {"name": "n", "dsl": "agent n {}", "capabilities": ["read"]}
    await call("create_agent", CreateAgentRequest(name="n", dsl="x"))
    assert runtime.body == {"name": "n", "dsl": "x"}


async def test_a_body_that_is_no_such_model_is_not_sent(call: Any, runtime: Any) -> None:
    with pytest.raises(ValidationError):
        await call("store_secret", {"agent_id": "a"})

    assert runtime.requests == []


def test_a_models_own_instance_and_a_mapping_send_the_same(client: Client, runtime: Any) -> None:
    fields = {"agent_id": "a", "secret_name": "n"}
    runtime.answers({**fields, "created_at": "2026-01-01T00:00:00Z"})

    client.store_secret(fields)
    first = runtime.body
    client.store_secret(m.SecretRequest(agent_id="a", secret_name="n"))

    assert first == runtime.body == {**fields, "secret_value": None, "description": None}


# Signing in ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def handler() -> JWTHandler:
    return JWTHandler(AuthConfig(jwt_secret_key=SECRET))


@pytest.fixture
def signed_in(make: Any) -> Client:
    client: Client = make({"auth": {"jwt_secret_key": SECRET}})
    return client


def test_a_token_of_ones_own_takes_the_place_of_the_key(signed_in: Client, handler: JWTHandler, runtime: Any) -> None:
    token = handler.generate_token("u1", ["user"]).token
    runtime.answers([])

    found = signed_in.authenticate_jwt(token)
    signed_in.list_agents()

    assert (found["user_id"], found["roles"], found["authenticated"]) == ("u1", ["user"], True)
    assert runtime.last.headers["authorization"] == f"Bearer {token}"
    assert signed_in.get_user_roles() == ["user"]
    assert signed_in.validate_permissions("write")
    assert not signed_in.validate_permissions("delete")


def test_a_token_of_somebody_else_is_refused(signed_in: Client) -> None:
    with pytest.raises(AuthenticationError):
        signed_in.authenticate_jwt("a.b.c")
    assert signed_in.get_user_roles() == []
    assert not signed_in.validate_permissions("read")


def test_a_401_makes_a_new_token_where_there_is_a_refresh_token(
    signed_in: Client, handler: JWTHandler, runtime: Any
) -> None:
    signed_in._current_tokens["refresh"] = handler.generate_token("u1", token_type=TokenType.REFRESH).token
    runtime.answers((401, b""), [])

    assert signed_in.list_agents() == []

    first, second = (request.headers["authorization"] for request in runtime.requests)
    assert first == "Bearer sandbox-token"
    assert handler.decode_token(second.removeprefix("Bearer "))["sub"] == "u1"  # type: ignore[index]


def test_a_server_that_always_says_401_is_not_asked_for_ever(
    signed_in: Client, handler: JWTHandler, runtime: Any
) -> None:
    signed_in._current_tokens["refresh"] = handler.generate_token("u1", token_type=TokenType.REFRESH).token
    runtime.answers((401, b""))

    with pytest.raises(AuthenticationError):
        signed_in.list_agents()

    assert len(runtime.requests) == 2


def test_without_a_refresh_token_there_is_nothing_to_refresh(signed_in: Client) -> None:
    with pytest.raises(TokenRefreshError):
        signed_in.refresh_token()


def test_without_a_secret_only_local_tokens_are_missing(client: Client, runtime: Any) -> None:
    runtime.answers([])

    assert client.list_agents() == []
    with pytest.raises(ConfigurationError) as caught:
        client.authenticate_jwt("x")
    assert caught.value.config_key == "auth.jwt_secret_key"


def test_who_wants_the_old_check_asks_for_it(make: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^Configuration validation failed: auth\.jwt_secret_key: ") as caught:
        make(require_jwt_secret=True)
    assert caught.value.config_key == "auth.jwt_secret_key"


def test_an_api_key_is_a_user_without_a_network(client: Client) -> None:
    user = client.auth_manager.authenticate_with_api_key("abc")

    assert isinstance(user, AuthUser)
    assert user.user_id == "ba7816bf8f01cfea"


# Life ---------------------------------------------------------------------------------------------------------------


def test_connections_close_with_the_client_and_open_again(make: Any, runtime: Any) -> None:
    runtime.answers([])
    with make() as client:
        client.list_agents()
        transport = client._transport_option
    assert transport.closed == 1

    client.list_agents()

    assert len(runtime.requests) == 2


async def test_so_do_those_of_the_async_client(async_client: AsyncClient, runtime: Any) -> None:
    runtime.answers([])
    async with async_client:
        await async_client.list_agents()
        transport = async_client._transport_option

    assert transport.closed == 1


def test_settings_that_change_are_used_at_once(client: Client, runtime: Any) -> None:
    runtime.answers([])
    client.list_agents()

    client.config.base_url = "http://other.test/api/v1"
    client.list_agents()

    assert runtime.last.url == "http://other.test/api/v1/agents"


def test_the_generated_api_is_there_as_well(client: Client, runtime: Any) -> None:
    runtime.answers([{"id": "6f1c0f3e-6f0e-4a53-9a33-1f8fbb1f6f55", "name": "n", "state": "Running"}])

    [agent] = client.api.agents.list()

    assert agent.name == "n"
    assert runtime.last.url == "http://runtime.test/api/v1/agents"
    assert runtime.last.headers["authorization"] == "Bearer sandbox-token"


async def test_a_review_is_waited_for(call: Any, runtime: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = {"name": "t", "description": "d", "schema": {"properties": {}}, "provider": {"name": "p"}}
    session = {"review_id": "r", "tool": tool, "state": {"type": "x"}, "submitted_by": "me",
               "submitted_at": "2026-01-01T00:00:00Z"}  # fmt: skip
    paused: list[float] = []

    async def later(seconds: float) -> None:
        paused.append(seconds)

    is_async = isinstance(call.face, AsyncClient)
    monkeypatch.setattr(call.face, "_pause", later if is_async else paused.append)
    runtime.answers(*({**session, "status": status} for status in ("submitted", "analyzing", "approved")))

    found = await call("wait_for_review_completion", "r")

    assert (found.status, paused) == (m.ReviewStatus.APPROVED, [5.0, 5.0])
    runtime.answers({**session, "status": "submitted"})
    with pytest.raises(TimeoutError):
        await call("wait_for_review_completion", "r", timeout=1)


@pytest.mark.parametrize("key", ["key\n", "k\0", "a\r\nX-Evil: 1"])
async def test_a_key_that_no_header_can_hold_is_a_configuration_error(key: str, make: Any, runtime: Any) -> None:
    client = AsyncClient(api_key=key, base_url="http://h/api/v1", transport=make()._transport_option)
    for call in (make(api_key=key).list_agents, client.list_agents):
        with pytest.raises(ConfigurationError) as caught:
            await (call() or asyncio.sleep(0))

        assert caught.value.config_key == "api_key"
        assert key not in str(caught.value)
    assert runtime.requests == []


def test_a_client_that_nobody_closes_leaves_no_connection_open(sandbox: Sandbox) -> None:
    client = Client(api_key="sandbox-token", base_url=f"{sandbox.url}/api/v1")
    client.health_check()

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        del client
        gc.collect()

    assert [str(each.message) for each in told if each.category is ResourceWarning] == []
