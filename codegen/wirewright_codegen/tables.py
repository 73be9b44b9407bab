"""Tables of the protocol as Python: what a spec says once and clients need as it is, such as a table of commands.

    x-tables:
      commands: {$ref: "tables/commands.yaml"}        # {COMMANDS: {...}, MINIMUM: {limit: 1}}

becomes the module `commands` beside the flat calls, with one constant for each member of the table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from wirewright_codegen.canonical.head import TABLES
from wirewright_codegen.errors import SpecError
from wirewright_codegen.naming import identifier
from wirewright_codegen.read.values import is_list, is_map
from wirewright_codegen.text import docstring, literal


def render_tables(document: Mapping[str, Any]) -> dict[str, str]:
    """The modules of a document's tables, by file name. Raises SpecError for what is no table."""
    return {f"{identifier(name)}.py": _module(name, table) for name, table in members_of(document, TABLES)}


def members_of(document: Mapping[str, Any], word: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What an extension of the document names, each an object. Raises SpecError when it is something else."""
    found = document.get(word, {})
    if not is_map(found):
        raise SpecError(f"{word} must be an object of tables")
    distinct(word, map(identifier, found))
    for name, table in found.items():
        if not is_map(table):
            raise SpecError(f"{word}: {name} must be an object")
        yield name, table


def distinct(place: str, names: Iterable[str]) -> None:
    """Nothing is lost because two things are called the same in Python. Raises SpecError."""
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise SpecError(f"{place}: more than one would be called {', '.join(twice)}")


def _module(name: str, table: Mapping[str, Any]) -> str:
    distinct(name, (identifier(key).upper() for key in table))
    constants = [f"{identifier(key).upper()}: {_type(value)} = {_value(value)}" for key, value in table.items()]
    title = docstring(f"{name.replace('_', ' ').capitalize()}: a table of the protocol.")
    lines = [title, "from __future__ import annotations", "from typing import Any", *constants]
    return "\n\n".join(lines) + "\n"


def _type(value: Any) -> str:
    if is_map(value):
        return f"dict[str, {_inner(list(value.values()))}]"
    if is_list(value):
        return f"list[{_inner(value)}]"
    return type(value).__name__ if value is not None else "Any"


def _inner(values: list[Any]) -> str:
    kinds = {_type(value) for value in values}
    return kinds.pop() if len(kinds) == 1 else "Any"


def _value(value: Any) -> str:
    if is_map(value):
        return "{" + ", ".join(f"{literal(str(key))}: {_value(item)}" for key, item in value.items()) + "}"
    if is_list(value):
        return "[" + ", ".join(map(_value, value)) + "]"
    return literal(value)
