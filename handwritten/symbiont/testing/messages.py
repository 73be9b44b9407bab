"""Messages between agents, and actions that wait for a person (protocol sheet, sections 4.3, 4.4 and 19.3)."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from wirewright.sandbox import Answer, Call, Refuse, control, rule

from symbiont.testing.agents import AgentRules, as_uuid
from symbiont.testing.base import EMPTY, Json, failed, misshapen, told

MOST_WAITING = 10_000
LARGEST = 1024 * 1024
TTL, LONGEST_TTL = 300, 3600
HOLD_SECONDS = 900


@dataclass
class Message:
    id: str
    sender: str
    recipient: str | None
    topic: str | None
    payload: str
    sent: float
    ttl: int
    status: str = "pending"

    @property
    def until(self) -> float:
        """From when on it is too old, in seconds since 1970."""
        return self.sent + self.ttl

    def envelope(self) -> Json:
        return {
            "message_id": self.id,
            "sender": self.sender,
            "recipient": self.recipient,
            "topic": self.topic,
            "payload": self.payload,
            "message_type": "publish" if self.topic else "direct",
            "timestamp_secs": int(self.sent),
            "ttl_seconds": self.ttl,
        }


class MessageRules(AgentRules):
    """A bus with a queue for every agent; in profile `runtime`, as in a stock one, without any."""

    def setup_messages(self) -> None:
        self.messages: dict[str, Message] = {}
        self.pending: list[tuple[Message, bool]] = []
        self.queues: dict[str, deque[Message]] = {}
        self.soonest = math.inf  # when the first message that waits may be too old
        self.held: dict[str, Json] = {}

    def settle_messages(self) -> None:
        """What was sent arrives; what is too old is dropped."""
        for message, has_queue in self.pending:
            queue = self.queues.setdefault(message.recipient or "", deque())
            if message.topic:
                message.status = "delivered"
            elif has_queue and message.recipient in self.agents and len(queue) < MOST_WAITING:
                queue.append(message)
                message.status = "delivered"
                self.soonest = min(self.soonest, message.until)
            else:
                message.status = "failed"
        self.pending.clear()
        if self.soonest <= self.unix():
            self._drop_old(self.unix())

    def _drop_old(self, now: float) -> None:
        for name, queue in self.queues.items():
            for message in queue:
                message.status = "failed" if message.until <= now else message.status
            self.queues[name] = deque(message for message in queue if message.until > now)
        waiting = [message.until for queue in self.queues.values() for message in queue]
        self.soonest = min(waiting, default=math.inf)

    @rule("send_message")
    def send_message(self, call: Call) -> Json:
        body: Json = call.body
        self.check_pin(body.get("agentpin_jwt"), body["sender"])
        if as_uuid(body["sender"]) is None:
            raise misshapen("sender is not a UUID")
        if len(body["payload"].encode()) > LARGEST:
            raise failed("SEND_MESSAGE_FAILED", f"Communication error: message is larger than {LARGEST} bytes")
        wanted = body.get("ttl_seconds")
        ttl = min(max(1, TTL if wanted is None else wanted), LONGEST_TTL)
        topic = body.get("topic")
        recipient = None if topic else call.path["agent_id"]
        message = Message(self.uuid(), body["sender"], recipient, topic, body["payload"], self.unix(), ttl)
        self.messages[message.id] = message
        self.pending.append((message, self.for_sdk(call)))
        return {"message_id": message.id, "status": "pending"}

    @rule("receive_messages")
    def receive_messages(self, call: Call) -> Json:
        identity = call.path["agent_id"]
        if identity not in self.agents or not self.for_sdk(call):
            raise failed("AGENT_NOT_FOUND", "Agent not found", 404)
        queue = self.queues.pop(identity, deque())
        return {"messages": [message.envelope() for message in queue]}

    @rule("get_message_status")
    def get_message_status(self, call: Call) -> Json:
        identity = as_uuid(call.path["message_id"])
        if identity is None:
            raise failed("INVALID_MESSAGE_ID", "Communication error: invalid message id", 400)
        message = self.messages.get(identity)
        if message is None:
            raise failed("MESSAGE_STATUS_FAILED", "Communication error: message not found", 404)
        return {"message_id": identity, "status": message.status}

    # Approvals ------------------------------------------------------------------------------------------------------

    @rule("list_approvals")
    def list_approvals(self, call: Call) -> Any:
        return [action for action in self.held.values() if self._is_pending(action)]

    @rule("approve_held_action")
    def approve_held_action(self, call: Call) -> Answer:
        return self._resolve(call, "approved")

    @rule("deny_held_action")
    def deny_held_action(self, call: Call) -> Answer:
        return self._resolve(call, "denied")

    def _resolve(self, call: Call, status: str) -> Answer:
        action = self.held.get(call.path["action_id"])
        if action is None:
            raise Refuse(404, {"error": "No such held action", "code": "not_found", "details": None})
        if not self._is_pending(action):
            body = {"error": "The action was resolved before", "code": "already_resolved", "details": None}
            raise Refuse(409, body)
        action["status"] = status
        return EMPTY

    def _is_pending(self, action: Json) -> bool:
        if action["status"] == "pending" and datetime.fromisoformat(action["expires_at"]) <= self.now():
            action["status"] = "expired"
        return bool(action["status"] == "pending")

    def hold(self, agent: str, kind: str, summary: str, reason: str, *, seconds: float = HOLD_SECONDS) -> Json:
        """Something that an agent wants to do waits for a person."""
        until = datetime.fromtimestamp(self.unix() + seconds, UTC).isoformat().replace("+00:00", "Z")
        action: Json = {"id": self.token(length=16), "agent_id": agent, "kind": kind, "summary": summary}
        action |= {"reason": reason, "context_snapshot": None, "created_at": self.zulu(), "expires_at": until}
        action["status"] = "pending"
        self.held[action["id"]] = action
        return action

    @control("POST", "/approvals")
    def hold_action(self, call: Call) -> Json:
        """Hold an action: `{"agent_id", "kind", "summary", "reason", "seconds", "context_snapshot"}`, all optional."""
        body = told(call)
        action = self.hold(
            body.get("agent_id", "agent-1"),
            body.get("kind", "tool_call"),
            body.get("summary", "an action"),
            body.get("reason", "high risk"),
            seconds=body.get("seconds", HOLD_SECONDS),
        )
        action["context_snapshot"] = body.get("context_snapshot")
        return action
