"""The chat's WebSocket (protocol sheet, section 4.6)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from wirewright.contract.shapes import is_object
from wirewright.sandbox import Answer, Call, Socket, SocketClosedError, rule, socket

from symbiont.testing.base import PLAIN, Json
from symbiont.testing.loops import Limits, Observation
from symbiont.testing.policies import Verdict
from symbiont.testing.reasoning import ReasoningRules
from symbiont.testing.script import ToolUse

PONG_EVERY = 30.0
CHAT_AGENT = "chat"


class ChatRules(ReasoningRules):
    """Everybody talks to the same model, under the policies of the agent `chat`."""

    @rule("open_chat")
    def refuse_plain(self, call: Call) -> Answer:
        """What comes without an upgrade."""
        return Answer(400, "Connection header did not include 'upgrade'", media_type=PLAIN)

    @socket("open_chat")
    async def chat(self, call: Call, talk: Socket) -> None:
        ticking = self.spawn(self._tick(talk))
        try:
            async for frame in talk.frames():
                await self._hear(talk, frame)
        finally:
            ticking.cancel()

    async def _tick(self, talk: Socket) -> None:
        """A Pong at once, and every 30 s."""
        try:
            while True:
                await talk.send({"type": "Pong"})
                await self.clock.sleep(PONG_EVERY)
        except SocketClosedError:
            return

    async def _hear(self, talk: Socket, frame: str | bytes) -> None:
        try:
            told = read_frame(frame)
        except ValueError as error:
            await talk.send({"type": "Error", "request_id": None, "code": "PARSE_ERROR", "message": str(error)})
            return
        if told["type"] == "Ping":
            await talk.send({"type": "Pong"})
            return
        self.keeper.touch()
        for answer in self.answers(told["content"]):
            await talk.send(answer)
            await asyncio.sleep(0)

    def answers(self, content: str) -> list[Json]:
        """The frames that answer one message, in order."""
        request = self.uuid()
        frames: list[Json] = []
        loop = self.make_loop(CHAT_AGENT, content, Limits())
        decide, use, verdicts = loop.decide, loop.use, list[Verdict]()

        def judge(action: Json) -> Verdict:
            verdicts.append(decide(action))
            return verdicts[-1]

        def watch(_: int, event: Json) -> None:
            if event["type"] == "policy_evaluated":
                frames.append({"type": "PolicyDecision", "request_id": request, **_summary(verdicts)})
                verdicts.clear()

        def start(wanted: ToolUse) -> Observation:
            named = {"call_id": wanted.id, "tool_name": wanted.name, "arguments": wanted.arguments}
            frames.append({"type": "ToolCallStarted", "request_id": request, **named})
            return use(wanted)

        loop.decide, loop.use, loop.write = judge, start, watch
        loop.run({})
        if loop.reason == "completed":
            frames.append({"type": "ChatChunk", "request_id": request, "content": loop.output, "done": True})
        else:
            message = f"the loop ended: {loop.reason}"
            frames.append({"type": "Error", "request_id": request, "code": "LOOP_ERROR", "message": message})
        return frames


def _summary(verdicts: list[Verdict]) -> Json:
    denied = [verdict.reason or "" for verdict in verdicts if not verdict.allowed]
    reason = "; ".join(denied) or "All actions permitted"
    return {
        "action": f"{len(verdicts)} actions",
        "decision": "partial_deny" if denied else "allow",
        "reason": reason,
    }


def read_frame(frame: str | bytes) -> Json:
    """A client's frame. Raises ValueError with what is wrong."""
    read: Any = json.loads(frame)
    if not is_object(read) or "type" not in read:
        raise ValueError("missing field `type`")
    kind = read["type"]
    if kind not in {"ChatSend", "Ping"}:
        raise ValueError(f"unknown variant `{kind}`, expected `ChatSend` or `Ping`")
    for name in ("id", "content") if kind == "ChatSend" else ():
        if not isinstance(read.get(name), str):
            raise ValueError(f"missing field `{name}`")
    return read
