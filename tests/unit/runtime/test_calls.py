"""Flat calls, as classes that people patch, wrap and subclass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import mock

from wirewright.calls import Call, Face, Operation, Reply, Request, Steps, flow

_CLOSE = Operation("close", "POST", "/slots/{slot}/close")


def _close(slot: str) -> Request[Any]:
    return Request(_CLOSE, path={"slot": slot})


class Gateway(Face):
    close = Call(_close, lambda reply: reply.status)

    @flow
    def close_both(self, first: str, second: str) -> Steps[list[int]]:
        return [(yield lambda: self.close(first)), (yield lambda: self.close(second))]


class Server:
    """Answers with a number that counts the requests."""

    def __init__(self) -> None:
        self.paths: list[Any] = []

    def perform(self, request: Request[Any], read: Callable[[Reply], Any]) -> Any:
        self.paths.append(request.path)
        return read(Reply(200 + len(self.paths), {}, b""))


def test_a_call_can_be_made_on_the_class():
    gateway = Gateway(Server())

    assert Gateway.close(gateway, "a") == 201
    assert Gateway.close_both(gateway, "b", "c") == [202, 203]


def test_a_subclass_may_wrap_a_call():
    class Loud(Gateway):
        def close(self, slot: str) -> str:
            return f"closed with {super().close(slot)}"

    assert Loud(Server()).close("a") == "closed with 201"


def test_mocks_made_from_the_class_can_be_called():
    stand_in = mock.create_autospec(Gateway, instance=True)
    stand_in.close.return_value = 7

    assert stand_in.close("a") == 7
