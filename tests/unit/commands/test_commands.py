"""A command line made from a table: what commands take, run and show."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner
from wirewright.calls import Call, Face, Operation, Request, whole
from wirewright.commands.lazy import lazy_group
from wirewright.commands.output import pick
from wirewright.commands.program import Program
from wirewright.commands.takes import taken

Run = Callable[..., Result]


class RefusedError(RuntimeError):
    """What the server says no to."""


def _find(term: str, *, limit: int = 50, tags: Sequence[str] | None = None, deep: bool = False) -> Request[Any]:
    """Find things.

    Args:
        limit: At most this many.
        tags: Only with these.
    """
    query = {"term": term, "limit": limit, "tags": tags, "deep": deep}
    return Request(Operation("find", "GET", "/things"), query=query)


class Things(Face):
    """An area of a client."""

    find = Call(_find, whole)


class Transport:
    """Answers with what it was asked."""

    def perform(self, request: Request[Any], read: Any) -> Any:
        if request.query["term"] == "forbidden":
            raise RefusedError("no")
        items = [{"id": "t1", "name": "one", "weight": 1.23456}, {"id": "", "name": "two", "weight": None}]
        return {"items": items, "asked": request.query}


@contextmanager
def _client(config: Any) -> Iterator[Any]:
    yield SimpleNamespace(things=Things(Transport()))


def _double(client: Any, number: int, *, note: str | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Double a number."""
    return {"twice": number * 2, "note": note}, {"was": number}


def _said(config: Any) -> dict[str, Any]:
    """Say the settings."""
    return {"format": config.output_format}


TABLE: dict[str, Any] = {
    "things": {
        "help": "Things.",
        "commands": {
            "find": {
                "call": "things.find",
                "takes": "term --limit|-l --tags, --deep/--flat",
                "rows": "number=# id name weight=weight:.2f",
                "at": "items",
                "quiet": "id",
                "said": "{count} of {term}",
            },
            "inner asked": {
                "call": "things.find",
                "takes": "term --limit --tags,",
                "facts": {"Limit*": "asked.limit", "Tags": "asked.tags:,", "Items": "#items", "Term": "$term"},
            },
            "save": {"call": "things.find", "takes": "term --out>", "document": "out", "said": "Saved to {out}"},
            "drop": {
                "call": "things.find",
                "takes": "term",
                "asks": "Drop {term}?",
                "facts": {},
                "quiet": "asked.term",
            },
        },
    },
    "own": {
        "help": "What takes more than a call.",
        "commands": {
            "double": {
                "call": "numbers:double",
                "takes": "number --note",
                "facts": {"Twice": "twice", "Was": "$was", "Note": "note?(none)"},
                "quiet": "$was",
            },
            "said": {"call": "numbers:said", "facts": {"Format": "format"}},
        },
    },
    "again": {"help": "The same.", "same": "own"},
}


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Program:
    """A program with two groups, and a third that is like the second."""
    numbers = ModuleType("home_of_numbers.numbers")
    vars(numbers).update(double=_double, said=_said)
    monkeypatch.setitem(sys.modules, "home_of_numbers", ModuleType("home_of_numbers"))
    monkeypatch.setitem(sys.modules, "home_of_numbers.numbers", numbers)
    return Program(TABLE, "home_of_numbers", {"": _client}, lambda name: Things, (RefusedError,), {"limit": 1})


@pytest.fixture
def run(program: Program) -> Run:
    """Runs a line with an output format."""

    def invoke(*words: str, form: str = "table", **options: Any) -> Result:
        app = typer.Typer(cls=lazy_group({name: group["help"] for name, group in TABLE.items()}, program.app))

        @app.callback()
        def settings(ctx: typer.Context) -> None:
            ctx.obj = SimpleNamespace(output_format=form)

        return CliRunner().invoke(app, words, **options)

    return invoke


def test_a_list_is_a_table_json_or_ids(run: Run) -> None:
    shown, quiet = run("things", "find", "x"), run("things", "find", "x", form="quiet")
    whole_answer = json.loads(run("things", "find", "x", form="json").stdout)

    assert "> 2 of x" in shown.stderr
    assert [word in shown.stderr for word in ("NUMBER", "1.23", "two")] == [True, True, True]
    assert quiet.stdout == "t1"
    assert whole_answer["asked"] == {"term": "x", "limit": 50, "tags": None, "deep": False}


def test_arguments_have_the_types_defaults_and_help_of_the_call(run: Run) -> None:
    answer = json.loads(run("things", "find", "x", "-l", "3", "--tags", "a, b,", "--deep", form="json").stdout)
    help = run("things", "find", "--help").stdout

    assert answer["asked"] == {"term": "x", "limit": 3, "tags": ["a", "b"], "deep": True}
    assert "Find things." in help
    assert "At most this many." in help
    assert "[default: 50; x>=1]" in help
    assert run("things", "find", "x", "--limit", "0").exit_code == 2


def test_facts_are_lines_and_what_was_given_can_be_among_them(run: Run) -> None:
    result = run("things", "inner", "asked", "x", "--limit", "7", "--tags", "a,b")

    assert result.stdout.splitlines() == ["  Tags   a, b", "  Items  2", "  Term   x"]
    assert result.stderr == "  Limit  7\n"


def test_a_document_goes_to_a_file_or_to_stdout(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "things.json"
    printed, saved = run("things", "save", "x"), run("things", "save", "x", "--out", str(file))

    assert json.loads(printed.stdout) == json.loads(file.read_text())
    assert (saved.stdout, saved.stderr) == ("", f"> Saved to {file}\n")
    assert run("things", "save", "x", "--out", str(file), form="quiet").stdout == str(file)


@pytest.mark.parametrize(("words", "typed", "exit_code"), [((), "n\n", 1), ((), "y\n", 0), (("--yes",), "", 0)])
def test_what_asks_can_be_declined(words: tuple[str, ...], typed: str, exit_code: int, run: Run) -> None:
    assert run("things", "drop", "x", *words, input=typed).exit_code == exit_code


def test_a_function_is_given_the_client_and_may_add_values(run: Run) -> None:
    assert run("own", "double", "4", "--note", "n").stdout.splitlines() == ["  Twice  8", "  Was    4", "  Note   n"]
    assert run("own", "double", "4", form="quiet").stdout == "4"
    assert run("own", "said").stdout == "  Format  table\n"


def test_a_group_may_be_the_same_as_another(run: Run) -> None:
    assert run("again", "double", "4").stdout == run("own", "double", "4").stdout


def test_a_refusal_is_one_line(run: Run) -> None:
    result = run("things", "find", "forbidden")

    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "! no\n")


def test_a_command_that_is_like_another_has_its_keys(program: Program) -> None:
    row = program.row({"as": "things find", "said": "other"})

    assert (row["call"], row["said"]) == ("things.find", "other")


@pytest.mark.parametrize("brief", ["--", "a b!c", "--?"])
def test_what_is_no_argument_is_refused(brief: str) -> None:
    with pytest.raises(ValueError, match="is no argument in brief"):
        taken(brief, _find, {})


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a", 1),
        ("none|a", 1),
        ("b.c", "deep"),
        ("none?default", "default"),
        ("none", None),
        ("#list", 2),
        ("#none", 0),
        ("list:,", "x, y"),
        ("half:.3f", "0.500"),
        ("none|=text", "text"),
        ("yes:.1f", True),
    ],
)
def test_places_in_an_answer(path: str, found: object) -> None:
    value = {"a": 1, "b": {"c": "deep"}, "list": ["x", "y"], "half": 0.5, "none": None, "yes": True}

    assert pick(value, path) == found
