"""Tables of the protocol as Python: what a spec says once and clients need as it is, such as a table of commands.

    x-tables:
      commands: {$ref: "tables/commands.yaml"}        # {COMMANDS: {...}, MINIMUM: {limit: 1}}

becomes the module `commands` beside the flat calls, with one constant for each member of the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wirewright_codegen.canonical.head import TABLES
from wirewright_codegen.naming import identifier
from wirewright_codegen.read.values import is_list, is_map
from wirewright_codegen.text import docstring, literal


def render_tables(document: Mapping[str, Any]) -> dict[str, str]:
    """The modules of a document's tables, by file name."""
    tables: Mapping[str, Mapping[str, Any]] = document.get(TABLES, {})
    return {f"{identifier(name)}.py": _module(name, table) for name, table in tables.items()}


def _module(name: str, table: Mapping[str, Any]) -> str:
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
