"""The model behind chat, webhooks and reasoning loops: it does what its script says, and else what the text asks for.

A line `use <tool> <JSON object>` in what it is told makes it use that tool. When there is nothing left to use, it
answers `You said: ...` and what the tools told it. A script replaces all that, turn by turn.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_USE = re.compile(r"^\s*use\s+([\w.:-]+)\s*(\{.*\})?\s*$", re.IGNORECASE | re.MULTILINE)
MODEL, PROVIDER = "sandbox-model", "OpenAI"


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool that the model wants to use; `arguments` is JSON as text."""

    id: str
    name: str
    arguments: str

    @property
    def given(self) -> Any:
        """The arguments as a value; the text itself where it is no JSON."""
        try:
            return json.loads(self.arguments)
        except ValueError:
            return self.arguments


@dataclass(frozen=True, slots=True)
class Turn:
    """What the model says once: tools to use, or an answer that ends the work."""

    content: str
    uses: tuple[ToolUse, ...]
    milliseconds: int = 0
    terminate: bool = False

    @property
    def tokens(self) -> int:
        return len(self.content.split()) + sum(2 + len(use.arguments.split()) for use in self.uses)


class Model:
    """Answers turns. The script counts before anything else."""

    def __init__(self) -> None:
        self.script: deque[Mapping[str, Any]] = deque()

    def load(self, turns: Sequence[Mapping[str, Any]]) -> None:
        """Turns as `{"content", "tool_calls": [{"name", "arguments"}], "milliseconds", "terminate"}`."""
        self.script = deque(turns)

    def turn(self, told: str, iteration: int, seen: Sequence[str]) -> Turn:
        """The next turn of a loop that was told this and has seen these observations."""
        if self.script:
            return _scripted(self.script.popleft(), iteration)
        if iteration == 1 and (uses := [_use(found, index) for index, found in enumerate(_USE.finditer(told), 1)]):
            return Turn("", tuple(uses))
        return Turn("\n".join([f"You said: {told}", *seen]), ())


def _use(found: re.Match[str], index: int) -> ToolUse:
    return ToolUse(f"call-{index}", found[1], found[2] or "{}")


def _scripted(turn: Mapping[str, Any], iteration: int) -> Turn:
    uses: list[ToolUse] = []
    for index, call in enumerate(turn.get("tool_calls", ()), 1):
        arguments = call.get("arguments", {})
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        uses.append(ToolUse(call.get("id", f"call-{iteration}-{index}"), call["name"], text))
    content, elapsed = str(turn.get("content", "")), int(turn.get("milliseconds", 0))
    return Turn(content, tuple(uses), elapsed, bool(turn.get("terminate")))
