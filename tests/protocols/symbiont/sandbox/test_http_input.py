"""The HTTP Input listener (protocol sheet, section 4.7)."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import Any

import httpx
import pytest
from symbiont.testing.http_input import DEFAULT_AGENT, WEBHOOK_AUTH, cut, prompt_of
from symbiont.testing.rules import SANDBOX_TOKEN
from wirewright.sandbox import Sandbox
from wirewright.signing import Key, sign_jwt

BODY = b'{"prompt": "hello"}'


def invoke(runtime: Any, content: bytes = BODY, path: str = "/webhook", **headers: str) -> Any:
    return runtime.http.post(path, content=content, headers={"authorization": WEBHOOK_AUTH, **headers})


def configure(runtime: Any, **members: Any) -> None:
    runtime.ok("POST", "/_sandbox/http-input", members)


def test_an_agent_that_does_not_run_is_woken_and_answers(runtime: Any) -> None:
    done = invoke(runtime).json()
    assert (done["status"], done["response"], done["agent_id"]) == ("completed", "You said: hello", DEFAULT_AGENT)
    assert (done["termination_reason"], done["iterations"], done["provider"]) == ("Completed", 1, "openai")


def test_an_agent_that_runs_is_told(runtime: Any) -> None:
    agent = runtime.agent()
    configure(runtime, agent=agent)
    runtime.clock.advance(1)
    told = invoke(runtime).json()
    assert (told["status"], told["agent_id"]) == ("execution_started", agent)
    assert told.keys() == {"status", "agent_id", "message_id", "latency_ms", "timestamp"}


def test_runtime_1_10_answers_less_and_names_providers_otherwise(start: Any) -> None:
    done = invoke(start("1.10")).json()
    assert done["provider"] == "OpenAI"
    assert "termination_reason" not in done


@pytest.mark.parametrize(("version", "names"), [("1.10", ["echo"]), ("1.16", ["toolclad:echo", "none"])])
def test_the_tools_that_were_used_are_listed(start: Any, version: str, names: list[str]) -> None:
    runtime = start(version)
    runs = invoke(runtime, b'{"message": "use echo {\\"text\\": \\"x\\"}\\nuse none"}').json()["tool_runs"]
    assert [run["tool"] for run in runs] == names
    assert runs[0]["input"] == {"text": "x"}


def test_a_use_that_breaks_the_manifest_keeps_the_bare_name(runtime: Any) -> None:
    (run,) = invoke(runtime, b'{"prompt": "use echo {}"}').json()["tool_runs"]
    assert run["tool"] == "echo"
    assert run["output_preview"].startswith("[Schema validation failed]")


@pytest.mark.parametrize(
    ("settings", "request_", "status"),
    [
        ({}, {"authorization": "Bearer wrong"}, 401),
        ({"auth_header": None}, {}, 401),  # from runtime 1.19 on
        ({"max_body_bytes": 5}, {}, 413),
        ({"concurrency": 0}, {}, 429),
        ({"webhook_verify": {"provider": "github", "secret": "s"}}, {}, 401),
        ({}, {"content": b"{"}, 400),
        # In this order: the first failure counts.
        ({"max_body_bytes": 5}, {"authorization": "no"}, 401),
        ({"concurrency": 0, "max_body_bytes": 5}, {}, 413),
        ({"concurrency": 0, "webhook_verify": {"provider": "github", "secret": "s"}}, {}, 429),
        ({"webhook_verify": {"provider": "github", "secret": "s"}}, {"content": b"{"}, 401),
    ],
)
def test_refusals_have_no_body(runtime: Any, settings: Any, request_: Any, status: int) -> None:
    configure(runtime, **settings)
    answer = invoke(runtime, **request_)
    assert (answer.status_code, answer.content) == (status, b"")


def test_without_configured_auth_runtime_1_10_takes_everybody(start: Any) -> None:
    runtime = start("1.10", http_input_auth=None)
    assert runtime.http.post("/webhook", content=BODY).status_code == 200


@pytest.mark.parametrize(
    ("provider", "header", "prefix"),
    [
        ("github", "x-hub-signature-256", "sha256="),
        ("stripe", "stripe-signature", ""),
        ("slack", "x-slack-signature", "v0="),
        ("other", "x-signature", ""),
    ],
)
def test_webhook_signatures(runtime: Any, provider: str, header: str, prefix: str) -> None:
    configure(runtime, webhook_verify={"provider": provider, "secret": "topsecret"})
    digest = hmac.new(b"topsecret", BODY, hashlib.sha256).hexdigest()
    assert invoke(runtime, **{header: prefix + digest.upper()}).status_code == 200
    assert invoke(runtime, **{header: prefix + digest[:-1] + "0" * 2}).status_code == 401
    if prefix:
        assert invoke(runtime, **{header: digest}).status_code == 401  # the runtime wants the prefix


@pytest.mark.parametrize(
    ("path", "headers", "content", "agent"),
    [
        ("/webhook/special/1", {}, BODY, "by-path"),
        ("/webhook", {"x-team": "blue"}, BODY, "by-header"),
        ("/webhook", {}, b'{"kind": "pr"}', "by-field"),
        ("/webhook", {}, b'{"kind": 7}', DEFAULT_AGENT),
        ("/webhook", {}, b"[]", DEFAULT_AGENT),
    ],
)
def test_the_first_rule_that_matches_routes(runtime: Any, path: str, headers: Any, content: bytes, agent: str) -> None:
    rules = [
        {"condition": {"PathPrefix": "/webhook/special"}, "agent": "by-path"},
        {"condition": {"HeaderEquals": ["X-Team", "blue"]}, "agent": "by-header"},
        {"condition": {"JsonFieldEquals": ["kind", "pr"]}, "agent": "by-field"},
    ]
    configure(runtime, routing_rules=rules)
    assert invoke(runtime, content, path, **headers).json()["agent_id"] == agent


TWICE = b'{"prompt": "use echo {\\"text\\": \\"x\\"}\\nuse echo {\\"text\\": \\"x\\"}"}'


@pytest.mark.parametrize(("version", "count"), [("1.10", 1), ("1.16", 2)])
def test_the_same_use_twice_is_listed_once_by_old_runtimes(start: Any, version: str, count: int) -> None:
    assert len(invoke(start(version), TWICE).json()["tool_runs"]) == count


@pytest.mark.parametrize(("version", "tools"), [("1.10", []), ("1.16", ["echo"])])
def test_what_policies_deny_is_listed_by_new_runtimes(start: Any, version: str, tools: list[str]) -> None:
    runtime = start(version)
    policy = {"name": "no", "source": 'forbid(principal, action, resource == Tool::"echo");'}
    path = f"agents/{DEFAULT_AGENT}/reasoning/cedar"
    runtime.ok("POST", path, policy, headers={"x-sandbox-profile": "sdk"})
    runs = invoke(runtime, b'{"prompt": "use echo {\\"text\\": \\"x\\"}"}').json()["tool_runs"]
    assert [run["tool"] for run in runs] == tools
    assert all(run["output_preview"].startswith("[Policy denied]") for run in runs)


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
@pytest.mark.parametrize(
    ("version", "late", "claims", "status"),
    [
        ("1.16", -4, {}, 200),
        ("1.16", -6, {}, 401),
        ("1.10", -29, {}, 200),
        ("1.10", -31, {}, 401),
        ("1.16", 60, {"aud": "somebody"}, 200),
        ("1.16", None, {}, 401),
    ],
)
def test_a_jwt_opens_the_listener(
    start: Any, algorithm: str, version: str, late: int | None, claims: Any, status: int
) -> None:
    key = Key.generate(algorithm)
    runtime = start(version)
    configure(runtime, auth_header=None, jwt_public_key=key.as_pem().decode())
    expires = {} if late is None else {"exp": runtime.clock.time() + late}
    token = sign_jwt({**claims, **expires}, key)
    assert invoke(runtime, authorization=f"Bearer {token}").status_code == status
    assert invoke(runtime, authorization=f"Bearer {sign_jwt(claims, Key.generate(algorithm))}").status_code == 401
    assert invoke(runtime, authorization=token).status_code == 401


def test_a_run_may_end_for_any_reason(runtime: Any) -> None:
    configure(runtime, termination={"PolicyDenial": {"reason": "no"}})
    assert invoke(runtime).json()["termination_reason"] == {"PolicyDenial": {"reason": "no"}}


def test_runtime_1_21_always_answers_with_its_record(start: Any) -> None:
    runtime = start(durable=True)
    agent = runtime.agent()
    configure(runtime, agent=agent)
    runtime.clock.advance(1)
    done = invoke(runtime).json()
    assert (done["status"], done["replayed"], done["audit"].keys()) == (
        "completed",
        False,
        {"run_id", "path", "public_key"},
    )
    assert runtime.ok("GET", f"agents/{agent}/status")["resource_usage"]["memory_bytes"] is None


def test_answers_can_be_text_or_failures(runtime: Any) -> None:
    configure(runtime, agent_output_to_json=False)
    assert invoke(runtime).text == "OK"
    configure(runtime, failure="Configuration error")
    answer = invoke(runtime)
    assert (answer.status_code, answer.json()["error"]) == (500, "Configuration error")


def test_what_the_agent_is_told() -> None:
    assert prompt_of({"prompt": "a", "message": "b"}) == "a"
    assert prompt_of({"prompt": 7, "message": "b"}) == "b"
    assert '"x": 1' in prompt_of({"x": 1})
    assert prompt_of({"prompt": "a", "system_prompt": "s" * 5000}).endswith("\n\n" + "s" * 4096)


def test_text_is_cut_between_characters() -> None:
    assert cut("aé", 2) == "a"
    assert cut("aé", 3) == "aé"


async def test_a_slot_is_taken_for_as_long_as_the_agent_works() -> None:
    async with Sandbox("symbiont", verify=True) as sandbox:
        sandbox.rules.input.concurrency = 1
        sandbox.rules.input.delay_seconds = 0.05
        async with httpx.AsyncClient(base_url=sandbox.url, headers={"authorization": WEBHOOK_AUTH}) as client:
            answers = await asyncio.gather(*(client.post("/webhook", json={"prompt": "x"}) for _ in range(3)))
            assert sorted(answer.status_code for answer in answers) == [200, 429, 429]
            assert (await client.post("/webhook", json={"prompt": "x"})).status_code == 200


async def test_the_listener_has_a_port_of_its_own_with_nothing_else_on_it() -> None:
    async with Sandbox("symbiont", http_input_port=0) as sandbox:
        port = sandbox.rules.port
        async with httpx.AsyncClient(headers={"authorization": WEBHOOK_AUTH}) as client:
            assert (await client.post(port.url, json={"prompt": "x"})).json()["status"] == "completed"
            assert (await client.post(port.url + "/a/b", json={"prompt": "x"})).status_code == 200
            assert (await client.get(port.url)).status_code == 405
            home = port.url.removesuffix("/webhook")
            for path in ("/webhooks", "/api/v1/health", "/"):
                assert (await client.post(home + path, json={})).status_code == 404
            await sandbox.app.reset()
            assert (await client.post(sandbox.rules.port.url, json={"prompt": "x"})).status_code == 200
    assert SANDBOX_TOKEN not in port.url
