"""The reasoning loop: think, ask the policies, act, observe, until the work is done or a limit is reached."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from symbiont.testing.base import Json
from symbiont.testing.policies import Verdict
from symbiont.testing.script import Model, ToolUse, Turn

MOST_ITERATIONS = 500  # whatever was asked for: a loop of the sandbox must end


@dataclass(frozen=True, slots=True)
class Observation:
    """What a tool answered, or why it was not used."""

    source: str
    content: str
    is_error: bool = False
    refused: bool = False  # nothing was executed

    def to_json(self) -> Json:
        return {"source": self.source, "content": self.content, "is_error": self.is_error, "metadata": {}}


@dataclass(frozen=True)
class Limits:
    iterations: int = 10
    tokens: int = 100_000
    timeout_ms: int = 300_000

    @classmethod
    def of(cls, config: Json) -> Limits:
        return cls(
            min(config.get("max_iterations", cls.iterations), MOST_ITERATIONS),
            config.get("max_total_tokens", cls.tokens),
            config.get("timeout_ms", cls.timeout_ms),
        )


@dataclass
class Loop:
    """One loop and what it did so far. The surroundings are functions: policies, tools, and the journal."""

    id: str
    agent: str
    told: str
    limits: Limits
    model: Model
    decide: Callable[[Json], Verdict]
    use: Callable[[ToolUse], Observation]
    write: Callable[[int, Json], None]
    started_at: str
    iteration: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    elapsed_ms: int = 0
    denied: int = 0
    used: int = 0
    output: str = ""
    phase: str = "started"
    reason: str = "completed"
    observations: list[Observation] = field(default_factory=list[Observation])
    uses: list[tuple[int, ToolUse, Observation]] = field(default_factory=list[tuple[int, ToolUse, Observation]])

    def __getstate__(self) -> Json:
        """What a file keeps of a loop that has ended: all but its surroundings."""
        return {name: value for name, value in vars(self).items() if name not in {"decide", "use", "write"}}

    @property
    def usage(self) -> Json:
        total = self.prompt_tokens + self.completion_tokens
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": total,
        }

    def run(self, config: Json) -> None:
        """To its end; the journal has it all then."""
        self.write(0, {"type": "started", "agent_id": self.agent, "config": config})
        ended, limit = False, self._limit()
        while not ended and limit is None:
            ended = self._iterate()
            limit = self._limit()
        self.reason = "completed" if ended else str(limit)
        self.phase = "terminated"
        event = {"type": "terminated", "reason": self.termination, "iterations": self.iteration}
        self.write(self.iteration, event | {"total_usage": self.usage, "duration_ms": self.elapsed_ms})

    def _limit(self) -> str | None:
        """The limit that is reached, if one is."""
        if self.iteration >= self.limits.iterations:
            return "max_iterations"
        if self.prompt_tokens + self.completion_tokens >= self.limits.tokens:
            return "max_tokens"
        return "timeout" if self.elapsed_ms >= self.limits.timeout_ms else None

    def _iterate(self) -> bool:
        """One round; whether it was the last, as the work is done."""
        self.iteration += 1
        self.phase = "reasoning"
        seen = [observation.content for observation in self.observations]
        turn = self.model.turn(self.told, self.iteration, seen)
        self._count(turn, seen)
        actions = proposed(turn)
        event = {"type": "reasoning_complete", "iteration": self.iteration, "actions": actions, "usage": self.usage}
        self.write(self.iteration, event)
        verdicts = [self.decide(action) for action in actions]
        denied = sum(not verdict.allowed for verdict in verdicts)
        self.denied += denied
        counted = {"action_count": len(actions), "denied_count": denied}
        self.write(self.iteration, {"type": "policy_evaluated", "iteration": self.iteration, **counted})
        if turn.uses:
            self._act(turn.uses, verdicts)
            return False
        if not verdicts[0].allowed:
            self.observations.append(denial("policy", verdicts[0]))
            return False
        self.output = turn.content
        return True

    def _count(self, turn: Turn, seen: Sequence[str]) -> None:
        self.prompt_tokens += len(self.told.split()) + sum(len(text.split()) for text in seen)
        self.completion_tokens += turn.tokens
        self.elapsed_ms += turn.milliseconds

    def _act(self, uses: Sequence[ToolUse], verdicts: Sequence[Verdict]) -> None:
        """The tools that may be used are; what the others got is an observation, too."""
        self.phase = "acting"
        allowed = [use for use, verdict in zip(uses, verdicts, strict=True) if verdict.allowed]
        found = [
            self.use(use) if verdict.allowed else denial(use.name, verdict)
            for use, verdict in zip(uses, verdicts, strict=True)
        ]
        self.uses += [(self.iteration, use, seen) for use, seen in zip(uses, found, strict=True)]
        self.used += len(allowed)
        event: Json = {"type": "tools_dispatched", "iteration": self.iteration, "tool_count": len(allowed)}
        self.write(self.iteration, event | {"duration_ms": 0})
        self.observations += found
        event = {"type": "observations_collected", "iteration": self.iteration, "observation_count": len(found)}
        self.write(self.iteration, event)

    @property
    def termination(self) -> Json:
        return {"type": self.reason, "reason": None, "message": None}

    def result(self) -> Json:
        return {
            "output": self.output,
            "iterations": self.iteration,
            "total_usage": self.usage,
            "termination_reason": self.termination,
            "duration_ms": self.elapsed_ms,
        }

    def state(self) -> Json:
        return {
            "agent_id": self.agent,
            "iteration": self.iteration,
            "total_usage": self.usage,
            "pending_observations": [],
            "started_at": self.started_at,
            "current_phase": self.phase,
            "metadata": {},
        }

    def diagnostics(self) -> Json:
        return {
            "loop_id": self.id,
            "iterations": self.iteration,
            "tools_used": self.used,
            "denied": self.denied,
            "observations": [observation.to_json() for observation in self.observations],
            "termination": self.reason,
        }


def denial(source: str, verdict: Verdict) -> Observation:
    return Observation(source, f"[Policy denied] {verdict.reason}", is_error=True, refused=True)


def proposed(turn: Turn) -> list[Json]:
    """What the model wants, in the form of `ProposedAction`."""
    if turn.uses:
        return [
            {"type": "tool_call", "call_id": use.id, "name": use.name, "arguments": use.arguments} for use in turn.uses
        ]
    if turn.terminate:
        return [{"type": "terminate", "reason": "done", "output": turn.content}]
    return [{"type": "respond", "content": turn.content}]


__all__ = ["Limits", "Loop", "Observation", "proposed"]
