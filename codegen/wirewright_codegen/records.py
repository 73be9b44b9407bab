"""Records of an SDK as dataclasses: what its users hold, read leniently from whatever the server answers.

    x-records:
      records: {$ref: "tables/records.yaml"}

    Slot:                                   # in tables/records.yaml
      description: A slot, open or closed.
      fields:
        id: text                            # required; missing reads as "None"
        state: text = unknown               # what a missing one reads as
        opened_at: moment?                  # `?`: the field has a default, so it may be left out of the constructor
        blocks: Block*                      # an array of records
        hash: str? @anchor.hash             # read from another place

    State:
      description: What a slot is doing.
      words: [open, closed]                 # a `StrEnum`

Kinds: `text`, `required` (text that must be there), `number`, `flag`, `moment`, `object`, `strings` and `numbers` (by
name), `objects`, `texts`, another record, and `str`, `int`, `float`, `list`, `json` (an object), which are taken as
they are and may be null.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from wirewright_codegen.canonical.head import RECORDS
from wirewright_codegen.errors import SpecError
from wirewright_codegen.naming import class_name, identifier
from wirewright_codegen.read.values import is_list, is_map
from wirewright_codegen.tables import distinct, members_of
from wirewright_codegen.text import docstring, literal

_FIELD = re.compile(
    r"(?P<kind>\w+)(?P<many>\*)?(?P<optional>\?)?(?: = (?P<default>[^@]*?))?(?: @(?P<place>\S+))?", re.ASCII
)


class _Kind(NamedTuple):
    annotation: str
    reader: str
    empty: str


_KINDS = {
    "text": _Kind("str", "text", '""'),
    "required": _Kind("str", "required", '""'),
    "number": _Kind("int", "number", "0"),
    "flag": _Kind("bool", "flag", "False"),
    "moment": _Kind("datetime | None", "moment", "None"),
    "object": _Kind("Mapping[str, Any]", "mapping", "dict[str, Any]"),
    "strings": _Kind("dict[str, str]", "mapping", "dict[str, str]"),
    "numbers": _Kind("dict[str, float]", "mapping", "dict[str, float]"),
    "objects": _Kind("list[dict[str, Any]]", "items", "list[dict[str, Any]]"),
    "texts": _Kind("list[str]", "items", "list[str]"),
    "str": _Kind("str | None", "raw", "None"),
    "int": _Kind("int | None", "raw", "None"),
    "float": _Kind("float | None", "raw", "None"),
    "json": _Kind("Mapping[str, Any] | None", "raw", "None"),
    "list": _Kind("list[str] | None", "raw", "None"),
}


def render_records(document: Mapping[str, Any]) -> dict[str, str]:
    """The modules of a document's records, by file name. Raises SpecError."""
    return {f"{identifier(name)}.py": _module(name, records) for name, records in members_of(document, RECORDS)}


def _module(name: str, records: Mapping[str, Any]) -> str:
    names = [class_name(each) for each in records]
    distinct(name, names)
    classes = [_class(each, said, set(names)) for each, said in zip(names, records.values(), strict=True)]
    body = "\n\n\n".join(classes)
    records_here = "(Record):" in body
    readers = sorted({*re.findall(r"metadata=(\w+)\(", body), "Record"})
    lines = [
        docstring(f"{name.replace('_', ' ').capitalize()}: what answers are read as."),
        "from __future__ import annotations\n",
        "from collections.abc import Mapping" if "Mapping[" in body else "",
        f"from dataclasses import dataclass{', field' if 'field(' in body else ''}" if records_here else "",
        "from datetime import datetime" if "datetime" in body else "",
        "from enum import StrEnum" if "(StrEnum):" in body else "",
        "from typing import Any\n" if "Any" in body else "",
        f"from wirewright.records import {', '.join(readers)}\n\n" if records_here else "\n",
        body,
    ]
    return "\n".join(line for line in lines if line) + "\n"


def _class(name: str, said: Any, known: set[str]) -> str:
    if is_map(said) and is_list(said.get("words")):
        return _words(name, said, [str(word) for word in said["words"]])
    if not is_map(said) or not is_map(said.get("fields")):
        raise SpecError(f"{name}: a record is an object with fields")
    distinct(name, map(identifier, said["fields"]))
    fields = [_field(each, str(how), known, f"{name}.{each}") for each, how in said["fields"].items()]
    head = [
        "@dataclass(slots=True)",
        f"class {name}(Record):",
        "    " + docstring(str(said.get("description", name))),
        "",
    ]
    return "\n".join([*head, *(f"    {line}" for line in fields)])


def _words(name: str, said: Mapping[str, Any], words: list[str]) -> str:
    names = [identifier(word).upper() for word in words]
    distinct(name, names)
    lines = [f"{each} = {literal(word)}" for each, word in zip(names, words, strict=True)]
    text = docstring(str(said.get("description", name)))
    return "\n".join([f"class {name}(StrEnum):", *(f"    {line}" for line in (text, "", *(lines or ["pass"])))])


def _field(member: str, how: str, known: set[str], place: str) -> str:
    name = identifier(member)
    match = _FIELD.fullmatch(how)
    if match is None or (match["kind"] not in _KINDS and match["kind"] not in known):
        raise SpecError(f"{place}: {how!r} is no field of a record")
    at = match["place"] or member
    where = literal(at)
    if match["kind"] in known:
        return _inner(name, match, where)
    kind = _KINDS[match["kind"]]
    reader = f"{kind.reader}({where}{_default(match)})"
    if not match["optional"]:
        plain = kind.reader == "raw" and at == name
        return f"{name}: {kind.annotation}" if plain else f"{name}: {kind.annotation} = field(metadata={reader})"
    if kind.empty.endswith("]"):
        return f"{name}: {kind.annotation} = field(default_factory={kind.empty}, metadata={reader})"
    if kind.reader == "raw" and at == name:
        return f"{name}: {kind.annotation} = None"
    empty = kind.empty if match["default"] is None else _literal(match)
    return f"{name}: {kind.annotation} = field(default={empty}, metadata={reader})"


def _inner(name: str, match: re.Match[str], where: str) -> str:
    kind = match["kind"]
    if not match["many"]:
        return f"{name}: {kind} = field(metadata=record({where}, {kind}))"
    default = f"default_factory=list[{kind}], " if match["optional"] else ""
    return f"{name}: list[{kind}] = field({default}metadata=records({where}, {kind}))"


def _default(match: re.Match[str]) -> str:
    return "" if match["default"] is None else f", default={_literal(match)}"


def _literal(match: re.Match[str]) -> str:
    default: str = match["default"]
    return literal(default == "true") if match["kind"] == "flag" else literal(default.strip('"'))
