"""Versions, approvals and changelogs: the small values around a diff."""

from __future__ import annotations

import itertools
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from wirewright_codegen.canonical import canonicalise
from wirewright_codegen.diff import RULES, Approved, ApprovedError, Bump, compare
from wirewright_codegen.diff.approved import approve
from wirewright_codegen.diff.changelog import MARK, Release, changelog
from wirewright_codegen.diff.history import natural
from wirewright_codegen.diff.sources import split_revision
from wirewright_codegen.diff.table import NOT_COVERED
from wirewright_codegen.diff.versions import step_between
from wirewright_codegen.read import document_of

HOSTILE = "a`b``c\n# Heading\n<script>alert(1)</script> [x](http://evil.test) *b* _c_ | d"


@pytest.mark.parametrize(
    ("old", "new", "asked", "made", "least", "enough"),
    [
        ("1.4", "2.0", "major", "major", "2.0", True),
        ("1.4", "1.5", "major", "minor", "2.0", False),
        ("1.4.1", "1.5.0", "minor", "minor", "1.5.0", True),
        ("1.4.1", "1.4.2", "minor", "patch", "1.5.0", False),
        ("1.4", "1.4", "patch", "none", "1.4.1", False),
        ("1.4", "1.4", "none", "none", "1.4", True),
        ("0.12", "0.14", "major", "minor", "0.13", True),
        ("0.12.1", "0.12.2", "minor", "patch", "0.12.2", True),
        ("0.12.1", "0.12.2", "major", "patch", "0.13.0", False),
        ("v1.0", "v2", "major", "major", "2.0", True),
        ("2", "1", "patch", "none", "2.0.1", False),
        ("spring", "autumn", "major", None, None, False),
    ],
)
def test_the_step_between_versions(old: str, new: str, asked: str, made: Any, least: Any, enough: bool) -> None:
    step = step_between(old, new, Bump[asked])
    assert step.as_json() == {"asked": asked, "made": made, "least": least, "enough": enough}


def test_versions_are_ordered_as_people_order_them() -> None:
    assert sorted(["1.16", "1.9", "1.10", "v0", "0.14", "0.2"], key=natural) == [
        "v0",
        "0.2",
        "0.14",
        "1.9",
        "1.10",
        "1.16",
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("HEAD~1:specs/sbn/0.12", ("HEAD~1", "specs/sbn/0.12")),
        ("v1.0:./specs/a/", ("v1.0", "./specs/a")),
        ("https://a.test/openapi.yaml", None),
        ("-c:specs/a", None),
        ("C:\\specs", None),
        ("specs/a", None),
    ],
)
def test_a_revision_is_told_from_other_texts(text: str, found: Any) -> None:
    assert split_revision(text) == found


def document(version: str, text: str = "") -> Any:
    schema = {"type": "object", "properties": {"a": {"type": "string", "enum": ["x", text or "y"]}}}
    operation = {
        "operationId": f"get_{version.replace('.', '_')}",
        "tags": [text or "things"],
        "summary": text or "Get.",
        "responses": {"200": {"description": text, "content": {"application/json": {"schema": schema}}}},
    }
    value = {
        "openapi": "3.1.0",
        "info": {"title": text or "T", "version": version},
        "paths": {"/a": {"get": operation}},
    }
    return canonicalise(document_of(value)).document


def test_no_text_of_a_spec_gets_out_of_its_place_in_a_changelog() -> None:
    text = changelog(HOSTILE, [Release("1.0", document("1.0")), Release("2.0", document("2.0", HOSTILE))])
    blocks = MarkdownIt("commonmark").parse(text)
    tokens = [inner for block in blocks for inner in (block, *(block.children or ()))]
    headings = [blocks[index + 1].content for index, block in enumerate(blocks) if block.type == "heading_open"]
    assert [token.content.strip() for token in tokens if token.type.startswith("html")] == [MARK]
    assert not [token for token in tokens if token.type in ("link_open", "image")]
    assert [heading for heading in headings if heading.startswith(("2.0", "1.0"))] == ["2.0", "1.0"]
    assert {block.tag for block in blocks if block.type == "heading_open"} == {"h1", "h2", "h3"}
    assert not [heading for heading in headings if heading.startswith("Heading")]


def test_approving_twice_adds_once_and_keeps_what_people_wrote(tmp_path: Path) -> None:
    file = tmp_path / "approved.toml"
    changes = compare(document("1.0"), document("2.0", HOSTILE)).changes
    first = approve(file, changes[:2], 'because of "it"\n')
    file.write_text("# ours\n" + file.read_text())
    again = approve(file, changes[:3], "")
    assert (len(first), len(again)) == (2, 1)
    known = Approved.load(file)
    assert [change in known for change in changes[:4]] == [True, True, True, False]
    assert file.read_text().startswith("# ours\n")
    assert known.reasons[changes[0].fingerprint] == 'because of "it"\n'


@pytest.mark.parametrize("content", ["[[approved]]\n", "approved = 3", "[[approved", 'approved = ["x"]'])
def test_a_damaged_file_of_approvals_is_one_error(tmp_path: Path, content: str) -> None:
    file = tmp_path / "approved.toml"
    file.write_text(content)
    with pytest.raises(ApprovedError, match=r"approved\.toml"):
        Approved.load(file)


def oasdiff_checks() -> list[str]:
    """The ids of `oasdiff.txt`, written out."""
    lines = (Path(__file__).parent / "oasdiff.txt").read_text().splitlines()
    parts = [re.split(r"\{([^}]*)\}", line) for line in lines if line and not line.startswith("#")]
    choices = [[part.split(",") if index % 2 else [part] for index, part in enumerate(line)] for line in parts]
    return ["".join(chosen) for line in choices for chosen in itertools.product(*line)]


@pytest.mark.promise("Every check of oasdiff's catalogue has its answer on the page of checks")
def test_the_page_speaks_of_every_check_of_the_catalogue_and_of_no_other() -> None:
    checks = oasdiff_checks()
    assert len(checks) == len(set(checks)) > 500
    covered = {pattern for rule in RULES.values() for pattern in rule.covers}
    patterns = covered | set(NOT_COVERED)
    assert [check for check in checks if not any(fnmatchcase(check, pattern) for pattern in patterns)] == []
    assert [pattern for pattern in patterns if not any(fnmatchcase(check, pattern) for check in checks)] == []


def test_every_rule_is_complete_and_no_check_of_the_catalogue_is_both_covered_and_not() -> None:
    for rule in RULES.values():
        assert rule.effects, rule.id
        assert rule.text.format(subject="s", before="b", after="a")
        worst = max(effect.senders for effect in rule.effects.values()), max(e.receivers for e in rule.effects.values())
        assert rule.do or max(rule.clients([flow]) for flow in rule.effects) == 0 or max(worst) < 2, rule.id
    assert not set(NOT_COVERED) & {name for rule in RULES.values() for name in rule.covers} - {
        "api-security-component-oauth-scope-*"
    }
