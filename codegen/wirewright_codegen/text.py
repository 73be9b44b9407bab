"""Spec text on its way into code: docstrings and literals. All of it is hostile until it went through here.

With `naming` the only module that imports `openapi_python_client.strings`: its escaping is the reviewed part.
"""

from __future__ import annotations

import math
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from openapi_python_client.strings import safe_for_docstring

from wirewright_codegen.document import UntrustedString, plain

WIDTH = 96
_BLANK_LINES = re.compile(r"\n\s*\n+")


def literal(value: UntrustedString | str | bytes | float | bool | None) -> str:
    """A Python literal of exactly this value."""
    if isinstance(value, UntrustedString):
        value = plain(value)
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return repr(value)


def clean(text: object) -> str:
    """Text without control and layout-breaking characters, line ends as newlines, no blank lines in a row."""
    plain = str(text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    plain = re.sub("[\u0085\u2028\u2029]", "\n", plain)
    if not plain.replace("\n", "").isprintable():
        plain = "".join(c for c in plain if c == "\n" or not unicodedata.category(c).startswith("C"))
    lines = (line.rstrip() for line in plain.split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def wrapped(text: str, width: int = WIDTH) -> list[str]:
    """Lines of at most `width` characters where words allow.

    Lines of prose that follow each other are one paragraph, as Markdown has it; lists, tables, headings, quotes,
    indented and fenced lines stay lines of their own.
    """
    lines: list[str] = []
    for line in _paragraphs(textwrap.dedent(text).split("\n")):
        lines += [line] if len(line) <= width else _folded(line, width)
    return lines


_OWN_LINE = re.compile(r"\s|[-*+]\s|\d+[.)]\s|[|#>]|```|~~~|---|===|\w+:$")


def _paragraphs(lines: Iterable[str]) -> list[str]:
    joined: list[str] = []
    fenced = open_prose = False
    for line in lines:
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        prose = bool(line) and not fenced and not _OWN_LINE.match(line)
        if prose and open_prose:
            joined[-1] += f" {line}"
        else:
            joined.append(line)
        open_prose = prose
    return joined


def _folded(line: str, width: int) -> list[str]:
    body = line.lstrip(" ")
    indent = " " * min(len(line) - len(body), 24)
    hanging = indent + ("  " if re.match(r"([-*+]|\d+[.)])\s", body) else "")
    return textwrap.wrap(
        body,
        width,
        initial_indent=indent,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )


def described(description: str, schema: Mapping[str, Any]) -> str:
    """A description and what the spec says beside the type; a short one and its rules share a line."""
    words, limits = clean(description), rules(schema)
    if not words or not limits or "\n" in words:
        return paragraphs([words, limits])
    return f"{words if words[-1] in '.!?' else f'{words}.'} {limits}"


def docstring(text: str, indent: int = 4) -> str:
    """A whole docstring literal, quotes included, for code that is indented by so many spaces; empty for no text."""
    cleaned = clean(text)
    if not cleaned:
        return ""
    margin = " " * indent
    lines = [safe_for_docstring(line) if line.strip() else "" for line in wrapped(cleaned, WIDTH + 16 - indent)]
    lines = [part.rstrip() for line in lines for part in line.split("\n")]
    if len(lines) == 1:
        closing = _closed(lines[0])
        return f'"""{closing}"""'
    return f'"""{lines[0]}\n' + "\n".join(f"{margin}{line}".rstrip() for line in lines[1:]) + f'\n{margin}"""'


def _closed(line: str) -> str:
    """A last line may not end in a quote that is not escaped."""
    if not line.endswith('"'):
        return line
    escapes = len(line) - 1 - len(line[:-1].rstrip("\\"))
    return line if escapes % 2 else f'{line[:-1]}\\"'


def union_members(annotation: str) -> list[str]:
    """The members of a type expression, brackets respected."""
    members: list[str] = []
    depth = start = 0
    quote = ""
    for index, character in enumerate(annotation):
        if quote:
            quote = "" if character == quote and annotation[index - 1] != "\\" else quote
        elif character in "'\"":
            quote = character
        elif character in "[(":
            depth += 1
        elif character in "])":
            depth -= 1
        elif character == "|" and depth == 0:
            members.append(annotation[start:index].strip())
            start = index + 1
    return [*members, annotation[start:].strip()]


def sentence(text: object) -> str:
    """The first paragraph on one line, with a full stop."""
    first = " ".join(clean(text).split("\n\n", 1)[0].split())
    if first and first[-1] not in ".!?:;)`":
        first += "."
    return first


def paragraphs(parts: Iterable[str]) -> str:
    """Texts with a blank line between them; empty ones are left out."""
    return "\n\n".join(part for part in parts if part)


_NUMERIC = (
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "more than {}"),
    ("maximum", "at most {}"),
    ("exclusiveMaximum", "less than {}"),
    ("multipleOf", "a multiple of {}"),
)
_COUNTED = (
    ("minLength", "maxLength", "characters"),
    ("minItems", "maxItems", "items"),
    ("minProperties", "maxProperties", "members"),
)


def rules(schema: Mapping[str, Any]) -> str:
    """What the spec says of a value beyond its type, as words: `Default: 20. At least 1, at most 100.`"""
    said: list[str] = []
    if "default" in schema:
        said.append(f"Default: {_shown(schema['default'])}.")
    limits = [words.format(_shown(schema[key])) for key, words in _NUMERIC if _is_number(schema.get(key))]
    limits += [words for low, high, unit in _COUNTED if (words := _count(schema.get(low), schema.get(high), unit))]
    if limits:
        said.append(", ".join(limits).capitalize() + ".")
    if isinstance(pattern := schema.get("pattern"), str):
        said.append(f"Pattern: {_shown(pattern)}.")
    if isinstance(form := schema.get("format"), str) and form not in _TYPED_FORMATS:
        said.append(f"Format: {_shown(form)}.")
    if schema.get("readOnly") is True:
        said.append("Read-only.")
    if schema.get("writeOnly") is True:
        said.append("Write-only.")
    if schema.get("deprecated") is True:
        said.append("Deprecated.")
    return " ".join(said)


_TYPED_FORMATS = {"date-time", "date", "time", "uuid", "int32", "int64", "float", "double", "byte", "binary", "decimal"}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _count(low: object, high: object, unit: str) -> str:
    if isinstance(low, int) and isinstance(high, int):
        return f"exactly {low} {_unit(low, unit)}" if low == high else f"{low} to {high} {unit}"
    if isinstance(high, int):
        return f"at most {high} {_unit(high, unit)}"
    return f"at least {low} {_unit(low, unit)}" if isinstance(low, int) and low > 0 else ""


def _unit(count: int, plural: str) -> str:
    return plural.removesuffix("s") if count == 1 else plural


def _shown(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, str):
        return f"`{value}`" if value else "the empty string"
    shown = f"{value}"
    return shown if len(shown) <= 200 else f"{shown[:200]} ..."
