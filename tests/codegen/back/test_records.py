"""Records that a spec declares, as dataclasses that read answers leniently."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest
from wirewright_codegen.errors import SpecError
from wirewright_codegen.records import render_records

FIELDS = {
    "id": "text",
    "name": 'text = ""',
    "state": "text? = unknown",
    "opened_at": "moment?",
    "count": "number?",
    "live": "flag? = true",
    "score": "float?",
    "tags": "texts?",
    "more": "object?",
    "hash": "str? @anchor.hash",
    "owner": "str? @owner_id|ownerId",
    "createdBy": "str?",
    "parts": "Part*?",
}
RECORDS: dict[str, Any] = {
    "Part": {"description": "A part.", "fields": {"key": "required", "size": "int"}},
    "Thing": {"description": 'A "thing".', "fields": FIELDS},
    "Whole": {"fields": {"first": "Part", "same": "Part @first|."}},
}


def loaded(records: dict[str, Any]) -> ModuleType:
    """The module that is emitted."""
    (code,) = render_records({"x-records": {"records": records}}).values()
    module = ModuleType("emitted_records")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    exec(code, vars(module))
    return module


def test_an_answer_is_read_field_by_field() -> None:
    thing = loaded(RECORDS).Thing.from_dict(
        {
            "id": 7,
            "opened_at": "2026-01-01T00:00:00Z",
            "count": "3",
            "live": False,
            "tags": ["a"],
            "anchor": {"hash": "h"},
            "ownerId": "me",
            "createdBy": "you",
            "parts": [{"key": "k", "size": 1}],
            "unknown": 1,
        }
    )

    assert (thing.id, thing.count, thing.live, thing.tags) == ("7", 3, False, ["a"])
    assert thing.opened_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert (thing.hash, thing.owner, thing.created_by) == ("h", "me", "you")
    assert [(part.key, part.size) for part in thing.parts] == [("k", 1)]


def test_what_is_missing_reads_as_declared() -> None:
    thing = loaded(RECORDS).Thing.from_dict({"opened_at": "soon", "anchor": "none"})

    assert (thing.id, thing.name, thing.state, thing.count, thing.live) == ("None", "", "unknown", 0, True)
    assert (thing.opened_at, thing.score, thing.tags, thing.more, thing.hash) == (None, None, [], {}, None)


def test_optional_fields_may_be_left_out_of_the_constructor() -> None:
    thing = loaded(RECORDS).Thing("1", "n")

    assert (thing.state, thing.live, thing.parts) == ("unknown", True, [])


def test_words_are_an_enumeration() -> None:
    module = loaded({"State": {"description": "What it does.", "words": ["open", "half-open", "GEC_HEALTH"]}})

    assert [(word.name, word.value) for word in module.State] == [
        ("OPEN", "open"),
        ("HALF_OPEN", "half-open"),
        ("GEC_HEALTH", "GEC_HEALTH"),
    ]
    assert module.State.OPEN == "open"


def test_a_required_text_must_be_there() -> None:
    with pytest.raises(KeyError, match="key"):
        loaded(RECORDS).Part.from_dict({})


def test_a_record_may_stand_inside_another_or_for_the_whole_answer() -> None:
    whole = loaded(RECORDS).Whole.from_dict({"first": {"key": "k"}, "key": "other"})

    assert (whole.first.key, whole.same.key) == ("k", "k")


@pytest.mark.parametrize(
    "records",
    [
        {"T": {"fields": {"a b": "text", "a_b": "text"}}},
        {"t": {"fields": {}}, "T": {"fields": {}}},
        {"T": {"words": ["a b", "a-b"]}},
    ],
)
def test_two_things_of_one_name_are_refused(records: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="more than one would be called"):
        render_records({"x-records": {"records": records}})


@pytest.mark.parametrize("said", [1, {}, {"fields": ["id"]}])
def test_what_is_no_record_is_refused(said: Any) -> None:
    with pytest.raises(SpecError, match="T: a record is an object with fields"):
        render_records({"x-records": {"records": {"T": said}}})


@pytest.mark.parametrize("how", ["nothing", "text =", "text @", "text; import os", "Other*", ""])
def test_what_is_no_field_is_refused(how: str) -> None:
    with pytest.raises(SpecError, match=r"T\.f"):
        render_records({"x-records": {"records": {"T": {"fields": {"f": how}}}}})
