"""Tables that a spec carries, as constants beside its flat calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from wirewright_codegen.calls import build
from wirewright_codegen.errors import SpecError
from wirewright_codegen.tables import render_tables

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "T", "version": "1"},
    "paths": {},
    "x-tables": {"states": {"$ref": "tables.yaml"}, "limits": {"MOST": 3}},
}


def executed(code: str) -> dict[str, Any]:
    """The constants of a module."""
    found: dict[str, Any] = {}
    exec(code, found)
    return found


def test_a_table_in_a_file_of_its_own_is_a_module(tmp_path: Path) -> None:
    (tmp_path / "openapi.yaml").write_text(yaml.safe_dump(DOCUMENT))
    (tmp_path / "tables.yaml").write_text("AFTER:\n  open: [closed]\n  closed: []\nNAMES: &n {a: 1.0}\nSAME: *n\n")

    files = build(str(tmp_path))
    states, limits = executed(files["states.py"]), executed(files["limits.py"])

    assert states["AFTER"] == {"open": ["closed"], "closed": []}
    assert states["NAMES"] == states["SAME"] == {"a": 1.0}
    assert limits["MOST"] == 3
    assert "NAMES: dict[str, float]" in files["states.py"]


def test_a_table_that_is_nowhere_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "openapi.yaml").write_text(yaml.safe_dump(DOCUMENT))

    with pytest.raises(SpecError):
        build(str(tmp_path))


@pytest.mark.parametrize("tables", ["text", ["a"], {"states": 1}, {"states": ["a"]}, {"s": {}, "S": {}}])
def test_what_is_no_table_is_an_error(tables: Any, tmp_path: Path) -> None:
    (tmp_path / "openapi.yaml").write_text(yaml.safe_dump(DOCUMENT | {"x-tables": tables}))

    with pytest.raises(SpecError, match="x-tables"):
        build(str(tmp_path))


def test_two_constants_of_one_name_are_an_error() -> None:
    with pytest.raises(SpecError, match="more than one would be called A_B"):
        render_tables({"x-tables": {"states": {"a b": 1, "A_B": 2}}})


def test_a_table_may_not_be_called_as_a_resource_is(tmp_path: Path) -> None:
    operation = {"tags": ["slots"], "operationId": "slots_list", "responses": {"200": {"description": ""}}}
    path = {"/slots": {"get": operation}}
    (tmp_path / "openapi.yaml").write_text(yaml.safe_dump(DOCUMENT | {"paths": path, "x-tables": {"slots": {"A": 1}}}))

    with pytest.raises(SpecError, match=r"slots\.py"):
        build(str(tmp_path))


@pytest.mark.parametrize("text", ['"""', "'); import os #", "\\", "\N{RIGHT-TO-LEFT OVERRIDE}", "{x}", "\n"])
def test_whatever_a_table_says_stays_text(text: str) -> None:
    files = render_tables({"x-tables": {f"t {text}": {f"NAME {text}": {text: [text, None, True]}}}})
    (code,) = files.values()
    (value,) = [value for name, value in executed(code).items() if name.startswith("NAME")]

    assert value == {text: [text, None, True]}
    assert all(name.removesuffix(".py").isidentifier() for name in files)
