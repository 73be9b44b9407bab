"""The sandbox's rules together: who may call, in which profile, and how the runtime's front refuses (sheet, 19)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wirewright.contract.document import SpecDocument
from wirewright.contract.problems import Problem
from wirewright.contract.routing import Router
from wirewright.contract.shapes import is_object
from wirewright.sandbox import Answer, Call, control
from wirewright.sandbox.picture import Picture

from symbiont.testing.access import Bucket, Doorkeeper, Holder, cors_headers, is_preflight
from symbiont.testing.agents import as_uuid
from symbiont.testing.base import PLAIN, Base, Json, Profile, failed, told
from symbiont.testing.channels import ChannelRules
from symbiont.testing.chat import ChatRules
from symbiont.testing.drawing import draw_agents, draw_held, draw_jobs, draw_minds
from symbiont.testing.endpoints import EndpointRules
from symbiont.testing.gate import GateRules
from symbiont.testing.http_input import WEBHOOK_AUTH, HttpInputRules
from symbiont.testing.http_input_servers import HttpInputServerRules
from symbiont.testing.keeping import Keeper
from symbiont.testing.knowledge import KnowledgeRules
from symbiont.testing.lifecycle import Pace
from symbiont.testing.listener import ListenerPort
from symbiont.testing.memory import MemoryRules
from symbiont.testing.pins import offline_verifier
from symbiont.testing.reviews import ReviewRules
from symbiont.testing.secrets import SecretRules
from symbiont.testing.system import SystemRules

SANDBOX_TOKEN = "symbiont-sandbox-token"  # noqa: S105 - the sandbox's own, for tests
LARGEST_BODY, LARGEST_MESSAGE = 2 * 1024 * 1024, 262_144
FRONT = frozenset({"not_found", "method_not_allowed", "unauthorized", "too_many_requests"})
DOUBLED = "/api/v1/api/v1/"
KEPT = (
    "random", "agents", "aliases", "history", "runs", "reconciled", "scheduler", "refused", "messages", "pending",
    "queues", "soonest", "held", "channels", "outcomes", "minds", "model", "reviews", "signing_key", "secrets",
    "backend", "servers", "broken", "items", "collections", "endpoints", "deployments", "listeners", "memories", "gate",
)  # fmt: skip
"""What a file keeps (`--data`): all but what the options say, API keys and the listener's settings among it."""
SECURITY_HEADERS = {
    "strict-transport-security": "max-age=63072000; includeSubDomains; preload",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "content-security-policy": "default-src 'self'; frame-ancestors 'none'",
}


class SymbiontRules(
    SystemRules,
    ChannelRules,
    HttpInputRules,
    ChatRules,
    ReviewRules,
    SecretRules,
    KnowledgeRules,
    EndpointRules,
    HttpInputServerRules,
    MemoryRules,
    GateRules,
    Base,
):
    """One state of a runtime.

    `profile`: `sdk` answers what the original SDKs can read, also where no runtime has a route; `runtime` answers as
    a stock community runtime does. Who may call: `token`, `keys` (by key the agents that it is good for, None for all)
    and `open`; `expired` is the body of a 401, such as "token expired". `rate_limit`: 100 requests a minute.
    `waiting`, `running`: seconds that an agent is queued and then runs. `list_ids`: agents are listed by id alone
    (profile `sdk`). `durable`: as runtime 1.21, with idempotency keys. `docs`: the runtime's own document and
    AGENTS.md are served. `tools`: a folder of `*.clad.toml` manifests. `http_input_port`: a port for the HTTP Input
    listener, 0 for a free one; `http_input_auth`: the `Authorization` it wants. `agentpin`: a discovery document; who
    acts must show a credential that verifies with it. `verifier`: the same by a function, which answers the subject of
    a credential or raises ValueError.
    """

    def setup(
        self,
        *,
        profile: Profile | str = "sdk",
        token: str = SANDBOX_TOKEN,
        keys: Mapping[str, Sequence[str] | None] | None = None,
        open: bool = False,
        expired: str = "",
        rate_limit: bool = False,
        waiting: float = 1.0,
        running: float = 2.0,
        list_ids: bool = False,
        durable: bool = False,
        docs: bool = False,
        tools: str | None = None,
        http_input_port: int | None = None,
        http_input_auth: str | None = WEBHOOK_AUTH,
        agentpin: str | None = None,
        verifier: Callable[[str], str] | None = None,
    ) -> None:
        if profile not in {"runtime", "sdk"}:
            raise ValueError(f"the profile is runtime or sdk, not {profile!r}")
        self.profile = "sdk" if profile == "sdk" else "runtime"
        self.token_text, self.expired = token, expired
        self.doors = Doorkeeper(token, keys or {}, open=open)
        self.bucket = Bucket() if rate_limit else None
        self.http_input_port = http_input_port
        self.port: ListenerPort | None = None
        self.setup_system(docs=docs)
        if agentpin is not None:
            verifier = offline_verifier(Path(agentpin), self.unix)
        pace = Pace(waiting, running, self.started)
        self.setup_agents(pace, list_ids=list_ids, durable=durable, verifier=verifier)
        self.setup_schedules()
        self.setup_messages()
        self.setup_channels()
        self.setup_tools(tools)
        self.setup_reasoning()
        self.setup_http_input(http_input_auth)
        self.setup_reviews()
        self.setup_secrets()
        self.setup_knowledge()
        self.setup_endpoints()
        self.setup_http_input_servers()
        self.setup_memory()
        self.setup_gate()
        self.keeper = Keeper(self.data, self, KEPT)
        self.keeper.load()

    async def start(self) -> None:
        if self.http_input_port is not None:
            self.port = ListenerPort(self.invoke_webhook, self.clock, port=self.http_input_port)
            await self.port.start()

    async def stop(self) -> None:
        self.keeper.save()
        if self.port is not None:
            await self.port.stop()

    def erase(self) -> None:
        self.keeper.erase()

    # The front ------------------------------------------------------------------------------------------------------

    def headers(self, call: Call) -> Mapping[str, str]:
        return SECURITY_HEADERS | cors_headers(call)

    def before(self, call: Call) -> Answer | None:
        operation = call.operation
        if operation is None:
            return None
        self.keeper.touch()
        self.scheduler.settle(self.now())
        self.settle_messages()
        if not self.for_sdk(call) and (refusal := self.unserved(call)):
            return refusal
        if self.bucket is not None and not self.bucket.take(self.unix()):
            return Answer(429)
        access = str(operation.declared.get("x-access", "any"))
        if access in {"public", "http_input"} or self.is_open_document(operation.id):
            return None
        holder = self.caller(call)
        if holder is None:
            return Answer(401, self.expired, media_type=PLAIN) if self.expired else Answer(401)
        return self.bad_id(call) or self.too_large(call) or self.out_of_scope(call, access, holder)

    def is_open_document(self, operation: str) -> bool:
        """Runtime 1.10 shows its own document to everybody."""
        return operation == "get_api_document" and self.version == "1.10"

    def unserved(self, call: Call) -> Answer | None:
        """What a runtime answers where only the SDK knows an operation: 404, or 405 where others are at home."""
        operation = call.operation
        path = urlsplit(call.url).path
        if operation is None or (operation.declared.get("x-authority") == "runtime" and not path.startswith(DOUBLED)):
            return None
        allowed = self.runtime_routes.allowed(path)
        return Answer(405, headers={"allow": ", ".join(allowed)}) if allowed else Answer(404)

    @cached_property
    def runtime_routes(self) -> Router:
        """The runtime's own operations alone."""
        raw = self.document.raw
        paths: Json = {path: {} for path in raw["paths"]}
        for operation in self.document.operations:
            if operation.declared.get("x-authority") == "runtime":
                paths[operation.path][operation.method.lower()] = operation.declared
        servers = [server for server in raw.get("servers", ()) if not urlsplit(str(server["url"])).path.strip("/")]
        return Router(SpecDocument({**raw, "paths": paths, "servers": servers}))

    def caller(self, call: Call) -> Holder | None:
        if call.operation is not None and call.operation.id == "open_chat":
            return self.doors.admit_token(call.query.get("token"))
        return self.doors.admit(call.headers.get("authorization"))

    def bad_id(self, call: Call) -> Answer | None:
        """An agent's id that is no UUID is 400 on the runtime's own routes; ids of the SDK's making are translated."""
        operation, given = call.operation, call.path.get("agent_id")
        if operation is None or given is None or operation.declared.get("x-authority") != "runtime":
            return None
        known = self.aliases.get(given) if self.for_sdk(call) else None
        identity = known or as_uuid(given)
        if identity is None:
            message = f"Invalid URL: Cannot parse `id` with value `{given}`: UUID parsing failed"
            return Answer(400, message, media_type=PLAIN)
        call.path["agent_id"] = identity
        return None

    def too_large(self, call: Call) -> Answer | None:
        messaging = call.operation is not None and call.operation.id == "send_message"
        limit = LARGEST_MESSAGE if messaging else LARGEST_BODY
        return Answer(413, "length limit exceeded", media_type=PLAIN) if len(call.raw_body) > limit else None

    def out_of_scope(self, call: Call, access: str, holder: Holder) -> Answer | None:
        """Scopes exist from runtime 1.11 on."""
        if holder.admin or self.version == "1.10" or access in {"any", "filtered"}:
            return None
        body: Json = call.body if is_object(call.body) else {}
        acting = {
            "agent": call.path.get("agent_id"),
            "agent_in_body": body.get("agent_id"),
            "sender": body.get("sender"),
        }
        agent = acting.get(access)
        if agent is not None and holder.may_use(str(agent)):
            return None
        if access in {"agent", "sender", "message"} or agent is not None:
            raise failed("AGENT_SCOPE_DENIED", "API key is not scoped for this agent", 403)
        raise failed("ADMIN_REQUIRED", "Admin privileges required", 403)

    def error(self, status: int, code: str, message: str, problems: Sequence[Problem], *, call: Call | None) -> Answer:
        """Handlers refuse in JSON, the framework in plain text, and what is in front of both without a word."""
        if call is not None and is_preflight(call):
            return Answer(200)
        if code == "method_not_allowed" and call is not None and not self.for_sdk(call):
            allowed = self.runtime_routes.allowed(urlsplit(call.url).path)
            return Answer(405, headers={"allow": ", ".join(allowed)}) if allowed else Answer(404)
        if code in FRONT or (code == "injected_fault" and status in {401, 404, 405, 429}):
            return Answer(status)
        if code == "validation_error":
            return unreadable(status, message, problems)
        return Answer(status, {"error": message, "code": code, "details": None})

    # Of the sandbox itself ------------------------------------------------------------------------------------------

    def credentials(self) -> Mapping[str, str]:
        return {"bearer": self.token_text, "chatToken": self.token_text, "httpInput": self.input.auth_header or ""}

    def channel_count(self, call: Call) -> int:
        return len(self.channels) if self.for_sdk(call) else 0

    def sdk_numbers(self) -> Json:
        connected = sum(server.status == "connected" for server in self.servers.values())
        points = sum(len(collection.points) for collection in self.collections.values())
        return {"secrets_count": len(self.secrets), "mcp_connections": connected, "vector_db_items": points}

    @control("POST", "/keys")
    def add_key(self, call: Call) -> Json:
        """`{"key": "id.secret", "agents": [...]}`: an API key, good for these agents; for all without `agents`."""
        body = told(call)
        self.doors.add(body["key"], body.get("agents"))
        return {"agents": body.get("agents")}

    def picture(self) -> Picture:
        self.scheduler.settle(self.now())
        lines = defaultdict[str, list[Json]](list)
        for owner, line in self.history:
            lines[owner].append(line)
        agents = [(each.name, self.state_of(each), lines[each.id]) for each in self.agents.values()]
        jobs, held = self.scheduler.jobs.values(), self.held.values()
        return [draw_agents(agents), draw_jobs(jobs), draw_minds(self.minds), draw_held(held)]

    def state(self) -> Any:
        self.scheduler.settle(self.now())
        self.settle_messages()
        return {
            "profile": self.profile,
            "agents": {agent.id: {"name": agent.name, "state": self.state_of(agent)} for agent in self.agents.values()},
            "schedules": {job.id: job.status for job in self.scheduler.jobs.values()},
            "channels": {channel.id: channel.status for channel in self.channels.values()},
            "messages": {message.id: message.status for message in self.messages.values()},
            "held": list(self.held.values()),
            "journals": {agent: len(mind.journal) for agent, mind in self.minds.items()},
            "http_input": self.port.url if self.port else None,
        }


def unreadable(status: int, message: str, problems: Sequence[Problem]) -> Answer:
    """As the runtime's framework puts it: 400 for broken JSON and bad paths, 415 for no JSON, 422 for another shape."""
    kinds = {problem.kind for problem in problems}
    if any(not problem.place.startswith("body") for problem in problems):
        return Answer(400, f"Failed to deserialize query string: {message}", media_type=PLAIN)
    if "media_type" in kinds or any(problem.kind == "missing" and problem.place == "body" for problem in problems):
        return Answer(415, "Expected request with `Content-Type: application/json`", media_type=PLAIN)
    if "malformed" in kinds:
        return Answer(400, f"Failed to parse the request body as JSON: {message}", media_type=PLAIN)
    return Answer(422, f"Failed to deserialize the JSON body into the target type: {message}", media_type=PLAIN)
