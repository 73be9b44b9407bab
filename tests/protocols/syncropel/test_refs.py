"""Canonical references: every combination of arguments, as the precedence says."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from syncropel import Ref
from syncropel.refs import merge_refs

FIRST_WINS = {
    "music_track": ("@music.track", {"isrc": "isrc", "spotify_id": "spotify", "apple_id": "apple"}),
    "ops_incident": ("@ops.incident", {"pagerduty": "pagerduty", "linear": "linear", "url": "url"}),
    "media_photo": ("@media.photo", {"sha256": "sha256", "url": "url"}),
    "media_video": ("@media.video", {"youtube": "youtube", "vimeo": "vimeo", "sha256": "sha256"}),
    "fin_transaction": ("@fin.transaction", {"stripe": "stripe", "plaid": "plaid", "iso20022": "iso20022"}),
    "research_paper": ("@research.paper", {"doi": "doi", "arxiv": "arxiv", "s2": "s2"}),
}

COMBINATIONS = [
    (name, given)
    for name, (_, schemes) in FIRST_WINS.items()
    for given in product([None, "", "X"], repeat=len(schemes))
]


@pytest.mark.parametrize(("name", "given"), COMBINATIONS, ids=str)
def test_the_first_identifier_given_is_used(name: str, given: tuple[str | None, ...]) -> None:
    kind, schemes = FIRST_WINS[name]
    arguments = dict(zip(schemes, given, strict=True))
    build = getattr(Ref, name)
    winners = [scheme for argument, scheme in schemes.items() if arguments[argument]]
    if winners:
        assert list(build(**arguments).items()) == [("kind", kind), ("id", f"{winners[0]}:X")]
    else:
        with pytest.raises(ValueError, match=rf"Ref\.{name} requires one of: {', '.join(schemes)}"):
            build(**arguments)


@pytest.mark.parametrize(("did", "email", "handle", "name"), list(product([None, "X"], repeat=4)))
def test_a_person(did: str | None, email: str | None, handle: str | None, name: str | None) -> None:
    expected = did or (email and "email:X") or (handle and name and "X:X")
    if expected:
        assert Ref.social_person(did=did, email=email, handle=handle, name=name) == {
            "kind": "@social.person",
            "id": expected,
        }
    else:
        with pytest.raises(ValueError, match=r"requires one of: did, email, or both handle\+name"):
            Ref.social_person(did=did, email=email, handle=handle, name=name)


@pytest.mark.parametrize(
    ("arguments", "id_"),
    [
        ({"path": "p", "repo": "o/r"}, "github:o/r:p"),
        ({"path": "p", "repo": "o/r", "git_url": "u"}, "github:o/r:p"),
        ({"path": "p", "git_url": "u"}, "git:u:p"),
    ],
)
def test_a_code_file(arguments: dict[str, str], id_: str) -> None:
    assert Ref.code_file(**arguments) == {"kind": "@code.file", "id": id_}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "id_"),
    [
        ({"doi": "d", "url": "u", "platform_id": "bad"}, "doi:d"),
        ({"url": "u", "platform_id": "bad"}, "url:u"),
        ({"platform_id": "gdocs:1"}, "gdocs:1"),
        ({"platform_id": ":"}, ":"),
    ],
)
def test_a_document(arguments: dict[str, str], id_: str) -> None:
    assert Ref.doc_text(**arguments) == {"kind": "@doc.text", "id": id_}


@pytest.mark.parametrize(
    ("call", "phrase"),
    [
        (lambda: Ref.code_file(path="", repo="o/r"), "requires a non-empty path"),
        (lambda: Ref.code_file(path="p"), r"requires one of: repo, git_url \(plus path\)"),
        (lambda: Ref.doc_text(platform_id="bad"), 'platform_id must be "<platform>:<id>"'),
        (lambda: Ref.doc_text(), "requires one of: doi, url, platform_id"),
        (lambda: Ref.cal_event(uid=""), "requires a non-empty uid"),
        (lambda: Ref.core_thread(id=""), "requires a non-empty id"),
    ],
)
def test_what_is_missing_is_said(call: Any, phrase: str) -> None:
    with pytest.raises(ValueError, match=phrase):
        call()


@pytest.mark.parametrize("call", [Ref.code_file, Ref.cal_event, Ref.core_thread])
def test_a_required_keyword_that_is_left_out_is_a_type_error(call: Any) -> None:
    with pytest.raises(TypeError):
        call()


def test_identifiers_are_taken_as_they_are() -> None:
    assert Ref.cal_event(uid=5)["id"] == "icalendar:5"  # type: ignore[arg-type]
    assert Ref.core_thread(id="th_abc") == {"kind": "@core.thread", "id": "thread:th_abc"}


def test_references_are_added_after_those_that_are_there_and_nothing_is_mutated() -> None:
    body, refs = {"_refs": [{"kind": "a", "id": "1"}], "x": 1}, [{"kind": "b", "id": "2"}]
    assert merge_refs(body, refs)["_refs"] == [{"kind": "a", "id": "1"}, {"kind": "b", "id": "2"}]
    assert (len(body["_refs"]), len(refs)) == (1, 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("refs", [None, []])
def test_without_references_no_key_is_made(refs: list[Any] | None) -> None:
    body = {"x": 1}
    merged = merge_refs(body, refs)
    assert merged == {"x": 1}
    assert merged is not body
