"""What went over the wire, kept for tests and for people: the last exchanges with the verdict of the contract."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from wirewright.contract.masking import Masker, header_value
from wirewright.contract.problems import Problem

BODY_KEPT = 1024 * 1024  # bytes of a body that are remembered
_BODY_SHOWN = 64 * 1024
_BY_NAME = Masker()


@dataclass(slots=True, repr=False)
class Exchange:
    """A request and its answer, of each body at most 1 MiB. `status` is None while there is none, or a fault ate it.

    Its attributes are what was on the wire; its repr, and what JSON is made of it, have their secrets masked.
    """

    number: int
    at: float  # seconds since 1970, by the sandbox's clock
    method: str
    target: str  # path and query, as they were on the wire
    headers: list[tuple[str, str]]
    body: bytes
    operation: str | None = None
    request_problems: list[Problem] = field(default_factory=list[Problem])
    status: int | None = None
    answer_headers: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    answer_body: bytes = b""
    answer_problems: list[Problem] = field(default_factory=list[Problem])
    answered_by: str = ""  # rule, example, synthetic, error, fault
    faults: str = ""
    seconds: float = 0.0  # until the answer was ready to be sent, by the machine's clock
    masker: Masker = field(default=_BY_NAME, compare=False)

    def __repr__(self) -> str:
        problems = "; ".join(map(str, [*self.request_problems, *self.answer_problems]))
        line = f"{self.number} {self.method} {self.shown_target} {self.status}"
        return f"<Exchange {line}: {problems}>" if problems else f"<Exchange {line}>"

    @property
    def shown_target(self) -> str:
        """The target without secrets."""
        return self.masker.target(self.target)

    @property
    def kept(self) -> bool:
        """Whether both sides kept the contract."""
        return not self.request_problems and not self.answer_problems

    def header(self, name: str) -> str | None:
        """The value of a request header, by any case of its name."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def json(self) -> Any:
        """The request body as JSON. Raises msgspec.DecodeError."""
        import msgspec

        return msgspec.json.decode(self.body)

    def brief(self) -> dict[str, Any]:
        """A line about it, as JSON."""
        return {
            "number": self.number,
            "at": self.at,
            "method": self.method,
            "target": self.shown_target,
            "operation": self.operation,
            "status": self.status,
            "answered_by": self.answered_by,
            "faults": self.faults,
            "seconds": self.seconds,
            "kept": self.kept,
        }

    def to_json(self) -> dict[str, Any]:
        """For people and the control surface: secrets masked, bodies as text of at most 64 KiB."""
        return {
            **self.brief(),
            "headers": [list(pair) for pair in self.masker.headers(self.headers)],
            "body": self._text(self.body, self.headers),
            "answer_headers": [list(pair) for pair in self.masker.headers(self.answer_headers)],
            "answer_body": self._text(self.answer_body, self.answer_headers),
            "request_problems": [problem.to_json() for problem in self.request_problems],
            "answer_problems": [problem.to_json() for problem in self.answer_problems],
        }

    def _text(self, body: bytes, headers: list[tuple[str, str]]) -> str:
        masked = self.masker.body(body, header_value(headers, "content-type"))
        text = masked[:_BODY_SHOWN].decode("utf-8", "replace")
        return text if len(masked) <= _BODY_SHOWN else text + "..."


class Recording:
    """The last exchanges, oldest first; behaves as a read-only sequence."""

    def __init__(self, keep: int) -> None:
        self._kept: deque[Exchange] = deque(maxlen=keep)
        self._broken: deque[Exchange] = deque(maxlen=100)
        self.total = 0

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(list(self._kept))

    def __getitem__(self, index: int) -> Exchange:
        return self._kept[index]

    def add(self, exchange: Exchange) -> None:
        self.total += 1
        if len(self._kept) == self._kept.maxlen and self._kept and self._kept[0].answer_problems:
            self._broken.append(self._kept[0])
        self._kept.append(exchange)

    def clear(self) -> None:
        self._broken.extend(exchange for exchange in self._kept if exchange.answer_problems)
        self._kept.clear()
        self.total = 0

    def of(self, operation: str) -> list[Exchange]:
        """The exchanges of one operation."""
        return [exchange for exchange in self if exchange.operation == operation]

    def broken_answers(self) -> list[Exchange]:
        """The exchanges whose answer the spec does not allow, also (the last 100 of) those not kept any more."""
        return [*self._broken, *(exchange for exchange in self if exchange.answer_problems)]

    def broken(self) -> list[Exchange]:
        """The exchanges in which one side broke the contract."""
        return [exchange for exchange in self if not exchange.kept]
