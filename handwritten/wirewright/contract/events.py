"""Event streams against their spec."""

from __future__ import annotations

import re

from wirewright.contract.bodies import read_json
from wirewright.contract.document import MediaType
from wirewright.contract.problems import Problem
from wirewright.contract.schemas import type_names

_LINE_END = re.compile(rb"\r\n|\r|\n")


def check_event_stream(media_type: MediaType, body: bytes) -> list[Problem]:
    """Checks the data of each whole event of a recorded stream."""
    found: list[Problem] = []
    for number, (name, data) in enumerate(read_events(body)):
        found += check_event(media_type, name, data, f"event/{number}")
    return found


def check_event(media_type: MediaType, name: str, data: str, place: str) -> list[Problem]:
    """Checks one event: its name when the spec lists names, its data as JSON of the documented schema."""
    validators = media_type.event_validators
    if validators and name not in validators:
        return [Problem("schema", place, f"{name!r} is not a documented event ({', '.join(validators)})")]
    validator = validators[name] if validators else media_type.item_validator
    if validator is None:
        return []
    if is_text_event(media_type, name):
        return validator.problems(data, place)
    try:
        value = read_json(data.encode())
    except ValueError as error:
        return [] if validator.is_valid(data) else [Problem("malformed", place, f"the data is {error}")]
    return validator.problems(value, place)


def is_text_event(media_type: MediaType, name: str) -> bool:
    """Whether the data of an event is text as it is, rather than JSON: it is documented as a string."""
    named = media_type.declared.get("x-sse-events", {})
    return type_names(media_type.schemas, named.get(name, media_type.declared.get("itemSchema"))) == frozenset(
        ("string",)
    )


def read_events(body: bytes) -> list[tuple[str, str]]:
    """Name (default `message`) and data of each whole event, as the WHATWG text defines them."""
    events: list[tuple[str, str]] = []
    name, data = "", list[str]()
    lines = _LINE_END.split(body.removeprefix(b"\xef\xbb\xbf"))
    for raw in lines[:-1]:
        line = raw.decode("utf-8", "replace")
        if not line:
            if data:
                events.append((name or "message", "\n".join(data)))
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
    return events
