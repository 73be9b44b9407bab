"""The gateway and the identity provider as a sandbox: `Sandbox("neuron")`, `wirewright serve neuron`.

Beside the protocol, under `/_sandbox`:

    POST /tasks {"type", "input", "onBehalfOf"?, "inputSchema"?, "outputSchema"?, "metadata"?, "workflowId"?,
    "maxAttempts"?} GET  /tasks                       all tasks, without their histories; ?state=pending
    GET  /tasks/{id}                  one task with its history
    POST /tasks/{id}/cancel {"reason"?}
    GET  /neurons
    POST /neurons/{id}/disconnect {"reason"?, "reconnectable"?}
    POST /neurons/{id}/revoke {"capability", "reason"?}
    GET  /enrollments                 who waits for a credential
    POST /enrollments/{user_code}/approve, .../deny
    POST /clients/{client_id}/revoke, .../rotate
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, cast

from wirewright.sandbox import Answer, Call, Event, Events, Refuse, Rules, control, rule
from wirewright.sandbox.picture import Picture

from holokai_neuron_sdk.testing.gateway import Gateway, LeaseEndedError, NotRegisteredError, Policy
from holokai_neuron_sdk.testing.journal import Journal
from holokai_neuron_sdk.testing.moku import Moku, OAuthRefusal
from holokai_neuron_sdk.testing.picture import draw
from holokai_neuron_sdk.testing.records import FINAL, Neuron, NeuronKey, Task

ANYBODY = "anybody"
"""The caller behind every token that was not minted here."""
_TICK = 0.05
_TAKEN: dict[str, Any] = {"accepted": True}
_REPEATED: dict[str, Any] = {"accepted": True, "repeated": True}


class Stream:
    """The frames on their way to one event stream."""

    def __init__(self) -> None:
        self._frames: deque[dict[str, Any]] = deque()
        self._woken = asyncio.Event()
        self._closed = False

    def send(self, frame: dict[str, Any]) -> None:
        """Put a frame on the stream."""
        self._frames.append(frame)
        self._woken.set()

    def close(self) -> None:
        """End the stream after what is on it."""
        self._closed = True
        self._woken.set()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while True:
            while self._frames:
                frame = self._frames.popleft()
                yield Event(frame["type"], frame)
            if self._closed:
                return
            self._woken.clear()
            await self._woken.wait()


class NeuronRules(Rules):
    """One gateway with its tasks, and the identity provider beside it."""

    def setup(
        self,
        *,
        lease_ttl: float = 30.0,
        dead_after: float = 60.0,
        max_attempts: int = 5,
        strict_auth: bool = False,
        token_lifetime: float = 900.0,
        device_lifetime: float = 900.0,
        device_interval: float = 5.0,
        auto_approve: bool = False,
    ) -> None:
        """Times in seconds. `strict_auth` takes no tokens but those minted here; else any bearer token will do."""
        self.max_attempts = max_attempts
        self.strict_auth = strict_auth
        self._journal = Journal(self.data)
        policy = Policy(lease_ttl=lease_ttl, dead_after=dead_after)
        self.gateway = Gateway(lambda prefix: self.token(prefix, 16), policy, self._journal, self.clock.time())
        self.moku = Moku(
            self.token,
            token_lifetime=token_lifetime,
            device_lifetime=device_lifetime,
            interval=device_interval,
            auto_approve=auto_approve,
        )

    async def start(self) -> None:
        self.every(_TICK, lambda: self.gateway.tick(self.clock.time()))

    async def stop(self) -> None:
        for neuron in self.gateway.neurons.values():
            self.gateway.disconnect(neuron, "gateway stops", self.clock.time())
        self._journal.close()

    def erase(self) -> None:
        self._journal.erase()

    def state(self) -> dict[str, Any]:
        counts: dict[str, int] = {}
        for task in self.gateway.tasks.values():
            counts[task.state] = counts.get(task.state, 0) + 1
        return {"tasks": counts, "neurons": [neuron.to_json() for neuron in self.gateway.neurons.values()]}

    def picture(self) -> Picture:
        return draw(self.gateway)

    # The gateway.

    @rule("watch_neuron_events")
    def watch(self, call: Call) -> Events:
        key = self._key(call, call.query["neuronId"])
        stream = Stream()
        close = stream.close
        neuron = self.gateway.connect(key, stream.send, close, self.clock.time())

        async def follow() -> AsyncIterator[Event]:
            try:
                async for event in stream:
                    yield event
            finally:
                self.gateway.disconnected(neuron, close)

        return Events(follow())

    @rule("register_neuron")
    def register(self, call: Call) -> Answer:
        frame = call.body
        key = self._key(call, frame["neuronId"])
        types = [capability["type"] for capability in frame["capabilities"]]
        if len(set(types)) != len(types):
            self._reject(key, 400, "duplicate_capability", "each capability type may be offered once")
        if frame["protocolVersion"].partition(".")[0] != "1":
            self._reject(key, 400, "protocol_version", f"this gateway speaks version 1, not {frame['protocolVersion']}")
        try:
            self.gateway.register(key, frame["capabilities"], self.clock.time())
        except NotRegisteredError as error:
            raise Refuse(409, code="no_stream", message=str(error)) from error
        return Answer(200, _TAKEN)

    @rule("update_neuron_capability")
    def update_capability(self, call: Call) -> Answer:
        key = self._key(call, call.body["neuronId"])
        try:
            self.gateway.update_capability(key, call.body["capability"], self.clock.time())
        except NotRegisteredError as error:
            raise Refuse(404, code="not_registered", message=str(error)) from error
        return Answer(200, _TAKEN)

    @rule("send_neuron_heartbeat")
    def heartbeat(self, call: Call) -> Answer:
        key = self._key(call, call.body["neuronId"])
        try:
            self.gateway.heartbeat(key, [entry["leaseId"] for entry in call.body["inFlight"]], self.clock.time())
        except NotRegisteredError as error:
            raise Refuse(404, code="not_registered", message=str(error)) from error
        return Answer(200, _TAKEN)

    @rule("ack_lease")
    def ack(self, call: Call) -> Answer:
        caller = self._caller(call)
        try:
            new = self.gateway.ack(caller, call.body["leaseId"], call.body.get("output"), self.clock.time())
        except LeaseEndedError as error:
            raise Refuse(409, code="lease_ended", message=str(error)) from error
        return Answer(200, _TAKEN if new else _REPEATED)

    @rule("nack_lease")
    def nack(self, call: Call) -> Answer:
        caller = self._caller(call)
        try:
            new = self.gateway.nack(caller, call.body, self.clock.time())
        except LeaseEndedError as error:
            raise Refuse(409, code="lease_ended", message=str(error)) from error
        return Answer(200, _TAKEN if new else _REPEATED)

    @rule("report_lease_progress")
    def progress(self, call: Call) -> Answer:
        caller = self._caller(call)
        try:
            self.gateway.progress(caller, call.body, self.clock.time())
        except LeaseEndedError as error:
            raise Refuse(409, code="lease_ended", message=str(error)) from error
        return Answer(200, _TAKEN)

    # The identity provider.

    @rule("discover_oauth_endpoints")
    def metadata(self, call: Call) -> Answer:
        base = call.base_url
        return Answer(
            200,
            {
                "issuer": base,
                "token_endpoint": f"{base}/api/v1/auth/token",
                "device_authorization_endpoint": f"{base}/api/v1/auth/device",
                "grant_types_supported": ["client_credentials", "urn:ietf:params:oauth:grant-type:device_code"],
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            },
        )

    @rule("start_oauth_enrollment")
    def start_enrollment(self, call: Call) -> Answer:
        return Answer(200, self.moku.start(call.body, call.base_url, self.clock.time()))

    @rule("request_oauth_token")
    def request_token(self, call: Call) -> Answer:
        try:
            return Answer(200, self.moku.grant(call.body, self.clock.time()))
        except OAuthRefusal as refusal:
            return Answer(refusal.status, refusal.to_json())

    # Beside the protocol.

    @control("POST", "/tasks")
    def create_task(self, call: Call) -> Answer:
        body = _object(call)
        if not isinstance(body.get("type"), str):
            raise Refuse(400, code="bad_request", message="a task needs a type")
        return Answer(201, self.new_task(body).to_json())

    @control("GET", "/tasks")
    def list_tasks(self, call: Call) -> Answer:
        wanted = call.query.get("state")
        tasks = [task.to_json() for task in self.gateway.tasks.values() if wanted in (None, task.state)]
        return Answer(200, [{name: value for name, value in task.items() if name != "history"} for task in tasks])

    @control("GET", "/tasks/{id}")
    def show_task(self, call: Call) -> Answer:
        return Answer(200, self._task(call).to_json())

    @control("POST", "/tasks/{id}/cancel")
    def cancel_task(self, call: Call) -> Answer:
        task = self._task(call)
        self.gateway.cancel(task, str(_object(call).get("reason") or "cancelled by request"), self.clock.time())
        return Answer(200, task.to_json())

    @control("GET", "/neurons")
    def list_neurons(self, call: Call) -> Answer:
        return Answer(200, [neuron.to_json() for neuron in self.gateway.neurons.values()])

    @control("POST", "/neurons/{id}/disconnect")
    def disconnect_neuron(self, call: Call) -> Answer:
        body = _object(call)
        neuron = self._neuron(call)
        reason = str(body.get("reason") or "disconnected by request")
        self.gateway.disconnect(neuron, reason, self.clock.time(), reconnectable=body.get("reconnectable", True))
        return Answer(200, neuron.to_json())

    @control("POST", "/neurons/{id}/revoke")
    def revoke_capability(self, call: Call) -> Answer:
        body = _object(call)
        neuron = self._neuron(call)
        reason = str(body.get("reason") or "revoked by request")
        try:
            self.gateway.revoke(neuron, str(body.get("capability")), reason, self.clock.time())
        except NotRegisteredError as error:
            raise Refuse(404, code="not_registered", message=str(error)) from error
        return Answer(200, neuron.to_json())

    @control("GET", "/enrollments")
    def list_enrollments(self, call: Call) -> Answer:
        return Answer(200, [enrollment.to_json() for enrollment in self.moku.enrollments.values()])

    @control("POST", "/enrollments/{user_code}/approve")
    def approve(self, call: Call) -> Answer:
        return self._decide(call, approved=True)

    @control("POST", "/enrollments/{user_code}/deny")
    def deny(self, call: Call) -> Answer:
        return self._decide(call, approved=False)

    @control("POST", "/clients/{client_id}/revoke")
    def revoke_client(self, call: Call) -> Answer:
        self._client(call)
        self.moku.revoke(call.path["client_id"])
        return Answer(200, {"revoked": True})

    @control("POST", "/clients/{client_id}/rotate")
    def rotate_client(self, call: Call) -> Answer:
        self._client(call)
        return Answer(200, {"client_secret": self.moku.rotate(call.path["client_id"])})

    # For tests in the same process.

    def new_task(self, body: dict[str, Any]) -> Task:
        """Create a task from the body of `POST /_sandbox/tasks`."""
        task = Task(
            id=self.token("t-", 16),
            type=body["type"],
            input=body.get("input"),
            workflow_id=body.get("workflowId") or "w-sandbox",
            on_behalf_of=body.get("onBehalfOf"),
            input_schema=body.get("inputSchema"),
            output_schema=body.get("outputSchema"),
            metadata=body.get("metadata"),
            max_attempts=body.get("maxAttempts") or self.max_attempts,
        )
        return self.gateway.create(task, self.clock.time())

    def unfinished(self) -> int:
        """How many tasks are not done, failed or cancelled."""
        return sum(task.state not in FINAL for task in self.gateway.tasks.values())

    # Who calls, and about what.

    def _caller(self, call: Call) -> str:
        token = call.bearer
        if token is None:
            raise Refuse(401, code="unauthorized", message="a bearer token is needed")
        try:
            caller = self.moku.caller(token, self.clock.time())
        except OAuthRefusal as refusal:
            raise Refuse(401, code="unauthorized", message=refusal.description or refusal.error) from refusal
        if caller is None and self.strict_auth:
            raise Refuse(401, code="unauthorized", message="the token is unknown")
        return caller or ANYBODY

    def _key(self, call: Call, neuron_id: str) -> NeuronKey:
        return self._caller(call), neuron_id

    def _reject(self, key: NeuronKey, status: int, code: str, message: str) -> None:
        """Refuse a register: an error answer, and the end of the stream."""
        neuron = self.gateway.neurons.get(key)
        if neuron:
            self.gateway.disconnect(neuron, message, self.clock.time())
        raise Refuse(status, code=code, message=message)

    def _task(self, call: Call) -> Task:
        task = self.gateway.tasks.get(call.path["id"])
        if task is None:
            raise Refuse(404, code="not_found", message=f"there is no task {call.path['id']}")
        return task

    def _neuron(self, call: Call) -> Neuron:
        for neuron in self.gateway.neurons.values():
            if neuron.key[1] == call.path["id"]:
                return neuron
        raise Refuse(404, code="not_found", message=f"there is no neuron {call.path['id']}")

    def _client(self, call: Call) -> None:
        if call.path["client_id"] not in self.moku.clients:
            raise Refuse(404, code="not_found", message=f"there is no client {call.path['client_id']}")

    def _decide(self, call: Call, *, approved: bool) -> Answer:
        code = call.path["user_code"]
        if code not in self.moku.enrollments:
            raise Refuse(404, code="not_found", message=f"there is no enrollment {code}")
        return Answer(200, self.moku.decide(code, "approved" if approved else "denied").to_json())


def _object(call: Call) -> dict[str, Any]:
    """The body of a control request; empty when it is no object."""
    body: object = call.body
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}
