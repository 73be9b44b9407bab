"""The classes are true: generated clients of both sides meet the other side's sandbox.

A program of the old side sends what it used to send and reads what it used to read: with the old client it meets the
new sandbox, and, as its author takes the new client, with that one too. A program of the new side meets the old
sandbox. What is called breaking breaks one of them; what is called compatible breaks none.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from wirewright import codecs
from wirewright.auth import ApiKey
from wirewright.client import Client
from wirewright.retry import RetryPolicy
from wirewright.sandbox import Sandbox
from wirewright_codegen.pipeline import Target, generate

CODEC = codecs.get("msgspec")


@dataclass
class Side:
    """One version: its generated client and its server."""

    package: ModuleType
    sandbox: Sandbox

    @property
    def models(self) -> Any:
        return self.package.models

    def client(self, server: Side, *, key: bool = False) -> Any:
        """This side's client, talking to a server."""
        auth = ApiKey("x-key", "k") if key else None
        client = Client(
            server.sandbox.url, transport=server.sandbox.transport(), auth=auth, retry=RetryPolicy(attempts=1)
        )
        return self.package.Api(client=client)


@pytest.fixture(scope="module")
def sides(documents: tuple[Any, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Side, Side]]:
    """The old and the new side of all cases."""
    out = tmp_path_factory.mktemp("sides")
    sys.path.insert(0, str(out))
    made: list[Side] = []
    for name, document in zip(("diff_was_api", "diff_now_api"), documents, strict=True):
        spec = out / f"{name}.json"
        spec.write_bytes(msgspec.json.encode(document))
        result = generate(Target(spec, name, out, cache=None), verify=False)
        assert result.ok, result.account.losses
        sandbox = Sandbox.from_spec(document, serve=False, security=True)
        made.append(Side(importlib.import_module(name), sandbox.__enter__()))
    yield made[0], made[1]
    for side in made:
        side.sandbox.close()
    sys.path.remove(str(out))


def breaks(*programs: Callable[[], Any]) -> list[str]:
    """Why programs fail; empty when all work."""
    reasons: list[str] = []
    for program in programs:
        try:
            program()
        except Exception as error:
            reasons.append(f"{type(error).__name__}: {error}")
    return reasons


def built_from(value: Any, models: Any) -> Any:
    """What the code that made `value` makes with another version's models: same classes, same keywords."""
    if isinstance(value, msgspec.Struct):
        given = {name: getattr(value, name) for name in value.__struct_fields__}
        known = {name: built_from(item, models) for name, item in given.items() if item is not msgspec.UNSET}
        return getattr(models, type(value).__name__)(**known)
    if isinstance(value, dict):
        return {key: built_from(item, models) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(built_from(item, models) for item in value)
    return value


def read_like(before: Any, now: Any, place: str = "value") -> None:
    """Read from `now` everything that a program read from `before`; AssertionError where it cannot."""
    if isinstance(before, msgspec.Struct):
        for name in before.__struct_fields__:
            was = getattr(before, name)
            if was is not msgspec.UNSET:
                is_ = getattr(now, name)
                assert is_ is not msgspec.UNSET, f"{place}.{name} is gone"
                read_like(was, is_, f"{place}.{name}")
    elif isinstance(before, (list, tuple)):
        assert isinstance(now, (list, tuple)), f"{place} is no list"
        if isinstance(before, tuple):
            assert len(before) == len(now), f"{place} has another length"
        for was, is_ in zip(before, now, strict=False):
            read_like(was, is_, place + "[]")
    elif isinstance(before, dict):
        assert isinstance(now, dict), f"{place} is no map"
        for was in before.values():
            for is_ in now.values():
                read_like(was, is_, place + ".*")
    elif before is not None:
        fitting = (int, float) if isinstance(before, float) else type(before)
        assert isinstance(now, fitting), f"{place} is {now!r}"


def is_typed_like(wanted: Any, found: Any) -> None:
    """Where a program expects an object of a class, there is one."""
    if isinstance(wanted, msgspec.Struct):
        assert isinstance(found, msgspec.Struct), f"{found!r} is no {type(wanted).__name__}"
        for name in set(wanted.__struct_fields__) & set(found.__struct_fields__):
            if msgspec.UNSET not in (getattr(wanted, name), getattr(found, name)):
                is_typed_like(getattr(wanted, name), getattr(found, name))


def of_sent(case: Any, was: Side, now: Side) -> tuple[list[str], list[str]]:
    """A message that clients send: how old senders fare, how old receivers do."""
    name, resource = f"case_{case.number}", f"r{case.number}"

    def body(side: Side, message: Any) -> Any:
        import typing

        function = getattr(getattr(side.package.operations, resource), name)
        module = sys.modules[function.__module__]
        hints = typing.get_type_hints(function, {**vars(module), "m": side.models, "UnsetType": msgspec.UnsetType})
        return CODEC.convert(message, hints["body"])

    def send(client: Side, server: Side, value: Any) -> None:
        getattr(getattr(client.client(server), resource), name)(value)

    senders = breaks(
        lambda: send(was, now, body(was, case.row["was"])),
        lambda: send(now, now, built_from(body(was, case.row["was"]), now.models)),
    )
    return senders, breaks(lambda: send(now, was, body(now, case.row["now"])))


def of_received(case: Any, was: Side, now: Side) -> tuple[list[str], list[str]]:
    """A message that clients receive: how old senders fare, how old receivers do."""

    def get(client: Side, server: Side) -> Any:
        return getattr(getattr(client.client(server), f"r{case.number}"), f"case_{case.number}")()

    before = get(was, was)
    receivers = breaks(
        lambda: read_like(before, get(was, now)),
        lambda: read_like(before, get(now, now)),
        lambda: built_from(before, now.models) if "type-renamed" in case.rules else None,
    )
    wanted = get(now, now)
    return breaks(lambda: is_typed_like(wanted, get(now, was))), receivers


def of_call(case: Any, was: Side, now: Side) -> tuple[list[str] | None, list[str] | None]:
    """A call: how callers fare, and how servers do."""

    def program(side: Side, arguments: Any, declared: Any) -> Callable[[Side, Side], Any]:
        tag = (declared.get("tags") or [f"r{case.number}"])[0]
        name = declared.get("x-method") or declared.get("operationId", "case")
        key = bool(case.row.get("was_key" if declared is case.before else "now_key"))

        def run(client: Side, server: Side) -> Any:
            return getattr(getattr(client.client(server, key=key), tag), f"{name}_{case.number}")(**arguments)

        return run

    senders = receivers = None
    if "was" in case.row and case.before is not None:
        old = program(was, case.row["was"], case.before)
        before = old(was, was)
        senders = breaks(lambda: read_like(before, old(was, now)), lambda: read_like(before, old(now, now)))
    if "now" in case.row and case.after is not None:
        new = program(now, case.row["now"], case.after)
        receivers = breaks(lambda: new(now, was))
    return senders, receivers


def agrees(said: str, broken: list[str] | None) -> bool:
    return broken is None or said == "risky" or bool(broken) == (said == "breaking")


@pytest.mark.promise("What a diff calls breaking breaks a generated client; what it calls compatible breaks none")
def test_what_is_breaking_breaks_and_what_is_compatible_does_not(case: Any, sides: tuple[Side, Side]) -> None:
    was, now = sides
    answers = case.row.get("class") and "response" in str([*case.rules, *(case.before or {}), *(case.after or {})])
    if "class" not in case.row:
        senders, receivers = (of_sent if case.sent else of_received)(case, was, now)
    else:
        callers, servers = of_call(case, was, now)
        senders, receivers = (servers, callers) if answers else (callers, servers)
    assert agrees(case.senders, senders), f"senders: said {case.senders}, found {senders}"
    assert agrees(case.receivers, receivers), f"receivers: said {case.receivers}, found {receivers}"


def test_most_pairs_are_run(all_cases: list[Any]) -> None:
    run = [case for case in all_cases if "was" in case.row or "now" in case.row]
    assert len(run) >= 150


def test_generated_sides_are_apart(sides: tuple[Side, Side]) -> None:
    assert Path(str(sides[0].package.__file__)) != Path(str(sides[1].package.__file__))
