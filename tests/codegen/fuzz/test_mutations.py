"""Documents in which anything may be anything: code that parses comes out, or one error that names the place."""

from __future__ import annotations

import ast
import copy
import datetime as dt
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wirewright_codegen.errors import SpecError
from wirewright_codegen.pipeline import Target, preview
from wirewright_codegen.read import read_document

CODEGEN = Path(__file__).resolve().parents[1]
SEEDS = [
    *sorted(path for path in (CODEGEN / "golden" / "specs").glob("*.yaml") if "overlay" not in path.name),
    *sorted((CODEGEN / "hard" / "documents").glob("*.yaml")),
]
FLAVOURS = ("msgspec", "attrs", "pydantic")
VALUES: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**20, "", "x", "true", "$ref", "{x}", "#/components/schemas/A", [], {}, [None],
    [{}],
    [[]], ["a", "b"], {"a": 1}, {"": {}}, {"$ref": "#/components/schemas/Nope"}, {"$ref": 5},
    {"type": "string"},
]  # fmt: skip
KEYS = ("", "x y", "1", "$ref", "type", "items", "x-y")
Place = tuple[str | int, ...]


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Every place inside a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*at, key)
        yield from places(inner, (*at, key))


def mutate(document: Any, at: Place, dice: random.Random) -> None:
    """Put another value at a place, leave it out, or call it something else."""
    holder = document
    for step in at[:-1]:
        holder = holder[step]
    what = dice.random()
    if isinstance(holder, dict) and what < 0.15:
        del holder[at[-1]]
    elif isinstance(holder, dict) and what < 0.25:
        holder[dice.choice(KEYS)] = holder.pop(at[-1])
    else:
        holder[at[-1]] = copy.deepcopy(dice.choice(VALUES))


def generated(document: Any, folder: Path, number: int) -> None:
    """Generate the document, in one flavour; whatever is wrong with it is a `SpecError`."""
    source = folder / "spec.json"
    source.write_text(json.dumps(document), encoding="utf-8")
    flavour: Any = FLAVOURS[number % len(FLAVOURS)]
    try:
        files = preview(Target(source, "mutated", folder, flavour, cli=number % 2 == 0, allow_loss=True, cache=None))
    except SpecError as error:
        assert "Input should be" not in str(error), error
        return
    for path, code in files.items():
        if path.endswith((".py", ".pyi")):
            ast.parse(code, path)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.stem)
def test_anything_anywhere_is_code_or_an_error(seed: Path, tmp_path: Path) -> None:
    document = read_document(seed).root
    known = list(places(document))
    for number in range(3):
        dice = random.Random(f"{seed.name} {number} {dt.date.today().toordinal()}")
        mutated = copy.deepcopy(document)
        mutate(mutated, dice.choice(known), dice)
        generated(mutated, tmp_path, number)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: path.stem)
def test_anything_at_every_place(seed: Path, tmp_path: Path) -> None:
    document = read_document(seed).root
    for number, place in enumerate(places(document)):
        mutated = copy.deepcopy(document)
        mutate(mutated, place, random.Random(f"{seed.name} {number}"))
        generated(mutated, tmp_path, number)
