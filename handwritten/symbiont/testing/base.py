"""What the parts of the sandbox share: refusals in the runtime's words, times, and which profile a call is for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from wirewright.sandbox import Answer, Call, Refuse, Rules

from symbiont.testing.access import Doorkeeper, Holder
from symbiont.testing.keeping import Keeper

Json = dict[str, Any]
Profile = Literal["runtime", "sdk"]
T = TypeVar("T")
PLAIN = "text/plain; charset=utf-8"
EMPTY = Answer(200)


def missing(what: str) -> Refuse:
    """The thing is not there, in the words of what only the SDK knows."""
    return Refuse(404, code="NOT_FOUND", message=f"{what} not found")


def conflict(text: str) -> Refuse:
    return Refuse(409, code="CONFLICT", message=text)


def invalid(text: str) -> Refuse:
    return Refuse(400, code="INVALID_REQUEST", message=text)


def misshapen(text: str) -> Refuse:
    """The body is not of the type that is wanted, as the runtime's framework puts it."""
    return Refuse(422, code="validation_error", message=text)


def failed(code: str, message: str, status: int = 500) -> Refuse:
    """A refusal of the runtime's own handlers; most of its failures are 500."""
    return Refuse(status, code=code, message=message)


def need(table: Mapping[str, T], key: str, what: str) -> T:
    """The entry. Raises `Refuse(404)`."""
    found = table.get(key)
    if found is None:
        raise missing(what)
    return found


def given(body: Json, *names: str) -> Json:
    """Those members of a body that are there and not null."""
    return {name: body[name] for name in names if body.get(name) is not None}


def told(call: Call) -> Json:
    """The JSON body of a call to the control surface; empty when there is none."""
    return json.loads(call.raw_body) if call.raw_body else {}


class Base(Rules):
    """Times, profiles and who is calling."""

    profile: Profile
    doors: Doorkeeper
    keeper: Keeper

    def holder(self, call: Call) -> Holder:
        """Who calls; a stranger where nobody is asked."""
        return self.doors.admit(call.headers.get("authorization")) or Holder(frozenset())

    def for_sdk(self, call: Call) -> bool:
        """Whether the answer is for the original SDK; `x-sandbox-profile` overrides the sandbox's own profile."""
        return call.headers.get("x-sandbox-profile", self.profile) == "sdk"

    def stamp(self) -> str:
        """Now, as members that the runtime builds as text have it: RFC 3339 with `+00:00`."""
        return self.now().isoformat()

    def zulu(self) -> str:
        """Now, as members that are instants have it: RFC 3339 with `Z`."""
        return self.now().isoformat().replace("+00:00", "Z")

    def unix(self) -> float:
        return self.clock.time()
