"""Faults on demand: what may go wrong, when, and a seeded machine that decides it for each request.

A specification is a list of faults, separated by commas:

    latency=50ms±20ms   every answer waits 30 to 70 ms               latency=2s:10%     one in ten waits 2 s
    status=503:2%       2 % answer 503                               status=429x3@POST  the next three POSTs: 429
    reset=1%            the connection is reset before the answer    reset=mid:1%       in the middle of it
    drop=x2@POST        the next two POSTs: closed without an answer
    truncate=1%         the answer ends early, the connection closes truncate=100b:1%   after 100 bytes of body
    silence=1%          no answer, the connection stays open         silence=5s:1%      ... and closes after 5 s
    drip=10ms:5%        the body comes byte by byte, 10 ms apart     slice=3b           in pieces of 3 bytes
    bandwidth=10kb      bytes of body per second                     slow_close=1s      the end comes late
    duplicate=1%        the request is handled twice, a streamed event is sent twice
    html=1%             a gateway's HTML page with status 502        empty=1%           a 200 with nothing in it
    garble=1%           the body is cut and spoilt
    seed=7              the same decisions each time

`:P%` is the probability (default 100 %), `xN` the number of times, `@GET` or `@operation_id` which requests.
The socket-level faults are real ones: a reset is a TCP RST, silence is an open connection that says nothing.
"""

from __future__ import annotations

import random
import re
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast, get_args

import msgspec
from msgspec.structs import replace

Kind = Literal[
    "latency",
    "status",
    "reset",
    "drop",
    "truncate",
    "silence",
    "drip",
    "slice",
    "bandwidth",
    "slow_close",
    "duplicate",
    "html",
    "empty",
    "garble",
]
KINDS: frozenset[str] = frozenset(get_args(Kind))
_VALUE = {
    "latency": "seconds", "silence": "seconds", "drip": "seconds", "slow_close": "seconds",
    "truncate": "bytes", "slice": "bytes", "bandwidth": "bytes", "status": "status",
}  # fmt: skip
_NEEDS_VALUE = frozenset({"latency", "status", "drip", "slice", "bandwidth", "slow_close"})
_ENTRY = re.compile(r"(?P<kind>[a-z_]+)(?:=(?P<rest>.*))?")
_TAIL = re.compile(r"(?:@(?P<only>[^@:]+))?$")
_SECONDS = re.compile(r"([0-9.]+)(ms|s|)(?:(?:±|\+-|~)([0-9.]+)(ms|s|))?")
_BYTES = re.compile(r"([0-9]+)(b|kb|mb|)", re.IGNORECASE)


_Positive = Annotated[float, msgspec.Meta(ge=0)]


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One kind of fault. `value` is in seconds, bytes (per second for bandwidth) or a status; `spread` in seconds."""

    kind: Kind
    value: _Positive | None = None
    spread: _Positive = 0.0
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    times: Annotated[int, msgspec.Meta(ge=0)] | None = None
    only: str | None = None  # a method or an operationId
    mid: bool = False  # reset in the middle of the answer

    def to_json(self) -> dict[str, Any]:
        made: dict[str, Any] = msgspec.to_builtins(self)
        return made

    def meant_for(self, method: str, operation_id: str | None) -> bool:
        return self.only is None or self.only.upper() == method or self.only == operation_id


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes wrong with one request; the faults carry their exact numbers."""

    faults: tuple[Fault, ...] = ()
    latency: float = 0.0
    roll: float = 0.0  # 0..1, for where in an answer something happens

    def get(self, kind: Kind) -> Fault | None:
        return next((fault for fault in self.faults if fault.kind == kind), None)

    def __str__(self) -> str:
        return ",".join(fault.kind for fault in self.faults)


NO_PLAN = Plan()


def parse_faults(text: str) -> tuple[list[Fault], int | None]:
    """The faults and the seed of a specification. Raises ValueError that names the entry it cannot read."""
    faults: list[Fault] = []
    seed: int | None = None
    for entry in (piece.strip() for piece in text.split(",")):
        if not entry:
            continue
        if entry.startswith("seed="):
            seed = _whole(entry, entry.removeprefix("seed="))
        else:
            faults.append(_parse(entry))
    return faults, seed


def _whole(entry: str, text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"fault {entry!r}: {text!r} is not a whole number")
    return int(text)


def _parse(entry: str) -> Fault:
    kind, _, rest = entry.partition("=")
    if kind not in KINDS:
        raise ValueError(f"fault {entry!r}: {kind!r} is not one of {', '.join(sorted(KINDS))}, seed")
    rest, _, only = rest.partition("@")
    times: int | None = None
    if found := re.search(r"x([0-9]+)$", rest):
        times, rest = int(found[1]), rest[: found.start()]
    value, _, chance = rest.rpartition(":") if ":" in rest else ("", "", rest) if rest.endswith("%") else (rest, "", "")
    probability = _probability(entry, chance) if chance else 1.0
    fault = Fault(cast(Kind, kind), probability=probability, times=times, only=only or None)
    return _with_value(entry, fault, value)


def _probability(entry: str, text: str) -> float:
    try:
        number = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        number = -1
    if not 0 <= number <= 1:
        raise ValueError(f"fault {entry!r}: {text!r} is not a probability between 0% and 100%")
    return number


def _with_value(entry: str, fault: Fault, text: str) -> Fault:
    if not text:
        if fault.kind in _NEEDS_VALUE:
            raise ValueError(f"fault {entry!r}: {fault.kind} needs a value, such as {_EXAMPLES[fault.kind]}")
        return fault
    unit = _VALUE.get(fault.kind)
    if fault.kind == "reset" and text == "mid":
        return replace(fault, mid=True)
    if unit == "status" and re.fullmatch(r"[1-5][0-9]{2}", text):
        return replace(fault, value=int(text))
    if unit == "seconds" and (found := _SECONDS.fullmatch(text)):
        number, scale, spread, spread_scale = found.groups()
        return replace(fault, value=_seconds(number, scale), spread=_seconds(spread or "0", spread_scale or ""))
    if unit == "bytes" and (found := _BYTES.fullmatch(text)):
        size = int(found[1]) * {"": 1, "b": 1, "kb": 1000, "mb": 1_000_000}[found[2].lower()]
        if size > 0:
            return replace(fault, value=size)
    raise ValueError(f"fault {entry!r}: {text!r} is no value for {fault.kind}")


_EXAMPLES = {
    "latency": "latency=50ms",
    "status": "status=503",
    "drip": "drip=10ms",
    "slice": "slice=3b",
    "bandwidth": "bandwidth=10kb",
    "slow_close": "slow_close=1s",
}


def _seconds(number: str, scale: str) -> float:
    try:
        return float(number) / (1000 if scale == "ms" else 1)
    except ValueError:
        raise ValueError(f"{number!r} is not a number of seconds") from None


def fault_from_json(value: Any) -> Fault:
    """The counterpart of `Fault.to_json`. Raises ValueError (msgspec's ValidationError for the shape)."""
    fault = msgspec.convert(value, Fault)
    if fault.kind in _NEEDS_VALUE and fault.value is None:
        raise ValueError(f"{fault.kind} needs a value")
    return fault


class Faults:
    """Decides what goes wrong with each request: seeded, and with a log of its decisions."""

    def __init__(self, spec: str = "", seed: int | None = None) -> None:
        self.faults, own_seed = parse_faults(spec)
        self.seed = (
            own_seed if own_seed is not None else seed if seed is not None else random.SystemRandom().getrandbits(32)
        )
        self._random = random.Random(self.seed)  # noqa: S311 - reproducible on purpose
        self._lock = threading.Lock()  # tests add faults from their own thread
        self.log: deque[tuple[int, str]] = deque(maxlen=10_000)

    def add(self, spec: str) -> None:
        """Adds faults; a seed in the specification starts the decisions anew."""
        faults, seed = parse_faults(spec)
        self.extend(faults, seed)

    def extend(self, faults: Sequence[Fault], seed: int | None = None) -> None:
        """The same, for faults as values."""
        with self._lock:
            self.faults = [*self.faults, *faults]
            if seed is not None:
                self.seed = seed
                self._random = random.Random(seed)  # noqa: S311

    def clear(self) -> None:
        with self._lock:
            self.faults = []

    def fail_next(self, times: int = 1, kind: str = "drop", only: str | None = None) -> None:
        """The next `times` requests (of a method or operation) fail: `drop`, `reset`, `status=503`, `silence` ..."""
        self.add(f"{kind if '=' in kind else kind + '='}x{times}" + (f"@{only}" if only else ""))

    def plan(self, number: int, method: str, operation_id: str | None) -> Plan:
        """What goes wrong with the request of this number. Every fault that is meant for it draws once."""
        if not self.faults:
            return NO_PLAN
        with self._lock:
            plan = self._decide(method, operation_id)
        if plan.faults:
            self.log.append((number, str(plan)))
        return plan

    def _decide(self, method: str, operation_id: str | None) -> Plan:
        hits: list[Fault] = []
        latency = 0.0
        for index, fault in enumerate(self.faults):
            if fault.times == 0 or not fault.meant_for(method, operation_id):
                continue
            if fault.probability < 1 and self._random.random() >= fault.probability:
                continue
            if fault.times is not None:
                self.faults[index] = replace(fault, times=fault.times - 1)
            hits.append(fault)
            if fault.kind == "latency":
                latency += max(0.0, (fault.value or 0) + fault.spread * (2 * self._random.random() - 1))
        self.faults = [fault for fault in self.faults if fault.times != 0]
        return Plan(tuple(hits), latency, self._random.random()) if hits else NO_PLAN

    def to_json(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "faults": [fault.to_json() for fault in self.faults],
            "decided": list(self.log)[-100:],
        }
