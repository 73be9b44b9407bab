"""The HTTP Input listener: what other programs give agents to do (protocol sheet, section 4.7)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wirewright.contract.shapes import is_object
from wirewright.sandbox import Answer, Call, control, rule
from wirewright.signing import InvalidKeyError, Key, VerificationError, verify_jws

from symbiont.testing.agents import AgentRules
from symbiont.testing.base import Json, told
from symbiont.testing.loops import Limits, Loop
from symbiont.testing.reasoning import ReasoningRules
from symbiont.testing.script import MODEL, PROVIDER

WEBHOOK_AUTH = "Bearer symbiont-webhook"
DEFAULT_AGENT = "00000000-0000-4000-8000-000000000081"
MAX_BODY = 65_536
SLOTS = 10
MOST_ITERATIONS = 15
PREVIEW = 500
SYSTEM_PROMPT = 4096
LEAD_IN = "Handle this request:\n\n"
PRESETS = {
    "github": ("x-hub-signature-256", "sha256="),
    "stripe": ("stripe-signature", ""),
    "slack": ("x-slack-signature", "v0="),
    "custom": ("x-signature", ""),
}
LEEWAY, OLD_LEEWAY = 5.0, 30.0
TERMINATIONS = {"completed": "Completed", "max_iterations": "MaxIterations", "max_tokens": "MaxTokens"}
FAILURES = ("Internal server error", "Authentication error", "Configuration error")


@dataclass
class ListenerConfig:
    """How the listener is set up; `POST /_sandbox/http-input` changes it."""

    agent: str = DEFAULT_AGENT
    auth_header: str | None = WEBHOOK_AUTH
    max_body_bytes: int = MAX_BODY
    concurrency: int = SLOTS
    routing_rules: Sequence[Json] = ()
    webhook_verify: Mapping[str, str] | None = None
    agent_output_to_json: bool = True
    default_status: int = 200
    jwt_public_key: str | None = None  # PEM, Ed25519 or P-256
    termination: Any = None  # instead of the run's own reason, such as {"PolicyDenial": {"reason": "no"}}
    failure: str | None = None  # one of FAILURES, instead of an answer
    delay_seconds: float = 0.0
    busy: int = field(default=0, repr=False)


class HttpInputRules(ReasoningRules, AgentRules):
    """The listener, on its own port and on the sandbox's, too."""

    def setup_http_input(self, auth_header: str | None) -> None:
        self.input = ListenerConfig(auth_header=auth_header)

    @rule("invoke_webhook", "invoke_webhook_path", validate=False, wide=["path"])
    async def invoke_webhook(self, call: Call) -> Answer:
        """The checks in the listener's order; none of these failures has a body."""
        config = self.input
        if not self.input_allows(call):
            return Answer(401)
        if len(call.raw_body) > config.max_body_bytes:
            return Answer(413)
        if config.busy >= config.concurrency:
            return Answer(429)
        if not verified(config.webhook_verify, call):
            return Answer(401)
        try:
            payload = json.loads(call.raw_body)
        except ValueError:
            return Answer(400)
        config.busy += 1
        try:
            if config.delay_seconds:
                await self.clock.sleep(config.delay_seconds)
            return self.invoked(payload, routed(config, call, payload))
        finally:
            config.busy -= 1

    def input_allows(self, call: Call) -> bool:
        """The whole header is compared, else a JWT is verified. With neither configured, runtimes up to 1.18 take
        everybody, later ones nobody.
        """
        config, given = self.input, call.headers.get("authorization", "")
        if not config.auth_header and not config.jwt_public_key:
            return not self.modern
        if config.auth_header and hmac.compare_digest(given.encode(), config.auth_header.encode()):
            return True
        leeway = LEEWAY if self.modern else OLD_LEEWAY
        return bool(config.jwt_public_key) and good_jwt(given, str(config.jwt_public_key), self.unix() - leeway)

    @property
    def modern(self) -> bool:
        """Runtime 1.19: the governed loop."""
        return self.version != "1.10"

    def invoked(self, payload: Any, agent_id: str) -> Answer:
        config = self.input
        self.keeper.touch()
        if config.failure is not None:
            return Answer(500, {"error": config.failure, "timestamp": self.stamp()})
        if not config.agent_output_to_json:
            return Answer(config.default_status, "OK", media_type="text/plain")
        agent = self.agent_by_id(agent_id)
        named: Json = {"agent_id": agent_id, "latency_ms": 0, "timestamp": self.stamp()}
        if agent is not None and self.state_of(agent) == "Running" and not self.durable:
            answer = {"status": "execution_started", "message_id": self.uuid(), **named}
            return Answer(config.default_status, answer)
        return Answer(config.default_status, {**self.thought(agent_id, payload), **named})

    def thought(self, agent: str, payload: Any) -> Json:
        """The answer of an agent that was woken for it."""
        loop = self.make_loop(agent, prompt_of(payload), Limits(iterations=MOST_ITERATIONS))
        loop.run({})
        provider = PROVIDER.lower() if self.modern else PROVIDER
        answer: Json = {"status": "completed", "response": loop.output, "tool_runs": tool_runs(loop, self.modern)}
        answer |= {"model": MODEL, "provider": provider}
        if self.modern:
            reason = self.input.termination or TERMINATIONS.get(loop.reason, "Timeout")
            answer |= {"termination_reason": reason, "iterations": loop.iteration}
        return answer | self.recorded(loop) if self.durable else answer

    def recorded(self, loop: Loop) -> Json:
        """What runtime 1.21 adds, as far as SDK 1.16 knows it."""
        audit = {"run_id": loop.id, "path": f"runs/{loop.id}.jsonl", "public_key": "sandbox"}
        named: Json = {"audit": audit, "invocation_id": self.uuid(), "replayed": False}
        return {**named, "total_usage": loop.usage, "budget": {"max_iterations": MOST_ITERATIONS}}

    @control("POST", "/http-input")
    def configure_input(self, call: Call) -> Json:
        """Any members of the listener's configuration: `{"auth_header", "agent", "routing_rules", "failure", ...}`."""
        body = told(call)
        for name, value in body.items():
            if name in vars(self.input) and name != "busy":
                setattr(self.input, name, value)
        return {name: value for name, value in vars(self.input).items() if name not in {"busy", "webhook_verify"}}


def verified(wanted: Mapping[str, str] | None, call: Call) -> bool:
    """Whether the webhook's signature is right: HMAC-SHA256 of the body in hex, with the preset's prefix."""
    if wanted is None:
        return True
    header, prefix = PRESETS.get(wanted.get("provider", "custom"), PRESETS["custom"])
    given = call.headers.get(header, "")
    expected = hmac.new(wanted["secret"].encode(), call.raw_body, hashlib.sha256).hexdigest()
    shown = given.removeprefix(prefix).lower()
    return given.startswith(prefix) and hmac.compare_digest(shown.encode(), expected.encode())


def good_jwt(authorization: str, pem: str, now: float) -> bool:
    """Whether it is `Bearer` and a JWT of this key that has not expired; `aud` is not looked at."""
    if not authorization.startswith("Bearer "):
        return False
    try:
        message = verify_jws(authorization.removeprefix("Bearer "), Key.from_pem(pem))
        expires = json.loads(message.payload)["exp"]
    except (VerificationError, InvalidKeyError, ValueError, KeyError, TypeError):
        return False
    return isinstance(expires, int | float) and now < expires


def tool_runs(loop: Loop, modern: bool) -> list[Json]:
    """The tools of a run. Up to 1.18 refusals are not listed, and neither is the same use twice in one round."""
    runs: list[Json] = []
    listed: set[tuple[int, str, str]] = set()
    for iteration, wanted, seen in loop.uses:
        key = (iteration, wanted.name, wanted.arguments)
        if not modern and (seen.refused or key in listed):
            continue
        listed.add(key)
        name = f"toolclad:{wanted.name}" if modern and not seen.refused else wanted.name
        runs.append({"tool": name, "input": wanted.given, "output_preview": cut(seen.content, PREVIEW)})
    return runs


def routed(config: ListenerConfig, call: Call, payload: Any) -> str:
    """The agent of the first rule that matches, else the default one."""
    path = "/" + call.url.partition("://")[2].partition("/")[2].partition("?")[0]
    for routing in config.routing_rules:
        if _matches(routing["condition"], path, call.headers, payload):
            return str(routing["agent"])
    return config.agent


def _matches(condition: Json, path: str, headers: Mapping[str, str], payload: Any) -> bool:
    match condition:
        case {"PathPrefix": str(prefix)}:
            return path.startswith(prefix)
        case {"HeaderEquals": [str(name), str(value)]}:
            return headers.get(name.lower()) == value
        case {"JsonFieldEquals": [str(name), str(value)]}:
            return is_object(payload) and bool(payload.get(name) == value)
        case _:
            return False


def prompt_of(payload: Any) -> str:
    """What the agent is told: `prompt`, else `message`, else the whole of it; then the system prompt, cut off."""
    members: Json = payload if is_object(payload) else {}
    asked = [value for name in ("prompt", "message") if isinstance(value := members.get(name), str)]
    text = asked[0] if asked else LEAD_IN + json.dumps(payload, indent=2, ensure_ascii=False)
    extra = members.get("system_prompt")
    return f"{text}\n\n{cut(extra, SYSTEM_PROMPT)}" if isinstance(extra, str) and extra else text


def cut(text: str, size: int) -> str:
    """At most so many bytes of UTF-8, no character halved."""
    return text.encode()[:size].decode(errors="ignore")


__all__ = ["DEFAULT_AGENT", "FAILURES", "WEBHOOK_AUTH", "HttpInputRules", "cut", "prompt_of"]
