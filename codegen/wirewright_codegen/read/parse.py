"""Text to a JSON value: JSON and YAML, with limits.

YAML is read by the core schema of YAML 1.2: `yes`, `no`, `on` and `off` are strings, and so are timestamps. Keys are
always strings, spelled as in the file. The builder works on parser events and never recurses: depth is but a number.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any

import yaml

from wirewright_codegen.errors import SpecError
from wirewright_codegen.read import pointer as pointers
from wirewright_codegen.read.options import ReadOptions
from wirewright_codegen.read.values import is_list, is_map

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
_INT = re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "binary")}
_MAX_DIGITS = 400


def parse(data: bytes, name: str, options: ReadOptions) -> object:
    """Read one file's bytes. Raises SpecError with the file's name, and the line where it is known."""
    if len(data) > options.max_bytes:
        raise SpecError(f"the file has {len(data)} bytes, more than the {options.max_bytes} allowed", file=name)
    text = _decode(data, name)
    if text.lstrip()[:1] in ("{", "["):
        value = _json(text, name, options)
        if value is not _NOT_JSON:
            return value
    return YamlBuilder(text, name, options).build()


def lines(text: str, name: str, options: ReadOptions) -> dict[str, int]:
    """The line of every pointer in a text, counted from 1; empty when the text cannot be read as YAML."""
    positions: dict[str, int] = {}
    try:
        YamlBuilder(text, name, options, positions).build()
    except SpecError:
        return {}
    return positions


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode(json.detect_encoding(data)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise SpecError(f"the file is not text: {error.reason} at byte {error.start}", file=name) from None


_NOT_JSON = object()


class _DuplicateError(ValueError):
    pass


def _json(text: str, name: str, options: ReadOptions) -> object:
    try:
        value = json.loads(
            text, object_pairs_hook=_pairs, parse_int=_integer, parse_float=_finite, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise _too_deep(name, options) from None
    except _DuplicateError as error:
        YamlBuilder(text, name, options).build()  # knows the line
        raise SpecError(f"the key {str(error)!r} is there twice", file=name) from None
    except json.JSONDecodeError as error:
        if text.lstrip()[:1] == "{" and _looks_like_json(text):
            raise SpecError(f"not valid JSON: {error.msg}", file=name, line=error.lineno) from None
        return _NOT_JSON
    except ValueError as error:
        raise SpecError(str(error), file=name) from None
    _check_shape(value, name, options)
    _check_characters(value, text, name)
    return value


def _check_characters(value: object, text: str, name: str) -> None:
    """JSON can spell half of a character outside the basic plane, which no file and no message can hold."""
    if "\\ud" not in text.lower():
        return
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = f"\\u{ord(error.object[error.start]):04x}"
        line = text.lower().partition(half)[0].count("\n") + 1
        raise SpecError(
            f"{half} is half of a character (a surrogate without the other)", file=name, line=line
        ) from None


def _looks_like_json(text: str) -> bool:
    return re.match(r'\s*\{\s*"(?:[^"\\]|\\.)*"\s*:', text) is not None


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _DuplicateError(key)
            seen.add(key)
    return value


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise ValueError(f"the number {text[:40]} is too large")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:40]} is too large")
    return value


def _refuse_constant(text: str) -> object:
    raise ValueError(f"{text} is no JSON value")


def _check_shape(value: object, name: str, options: ReadOptions) -> None:
    """Depth and number of values, without recursion."""
    level: list[Any] = [value]
    nodes = 0
    for _ in range(options.max_depth + 1):
        nodes += len(level)
        if nodes > options.max_nodes:
            raise _too_many(name, options)
        level = [child for node in level for child in _children(node, name)]
        if not level:
            return
    raise _too_deep(name, options)


def _children(node: Any, name: str) -> Iterable[Any]:
    if is_list(node):
        return node
    if not is_map(node):
        return ()
    if any("\0" in key for key in node):
        raise SpecError("a key holds a null character", file=name)
    return node.values()


def _too_deep(name: str, options: ReadOptions, line: int | None = None) -> SpecError:
    return SpecError(f"objects and arrays nest deeper than {options.max_depth} levels", file=name, line=line)


def _too_many(name: str, options: ReadOptions, line: int | None = None) -> SpecError:
    return SpecError(
        f"the file holds more than {options.max_nodes} values, aliases counted in full", file=name, line=line
    )


class _Frame:
    """A container under construction."""

    __slots__ = ("anchor", "key", "line", "merges", "nodes", "value")

    def __init__(self, value: dict[str, Any] | list[Any], anchor: str | None, line: int) -> None:
        self.value = value
        self.anchor = anchor
        self.line = line
        self.key: str | None = None
        self.merges: list[Any] = []
        self.nodes = 1


class YamlBuilder:
    """Builds one value out of the events of a YAML document."""

    def __init__(self, text: str, name: str, options: ReadOptions, positions: dict[str, int] | None = None) -> None:
        self._text = text
        self._name = name
        self._options = options
        self._positions = positions
        self._stack: list[_Frame] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._open: set[str] = set()
        self._nodes = 0
        self._done: list[Any] = []

    def build(self) -> object:
        """The value. Raises SpecError with a line."""
        try:
            for event in yaml.parse(self._text, Loader=_Loader):
                self._handle(event)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else None
            raise SpecError(f"not valid YAML: {error.problem or error.context}", file=self._name, line=line) from None
        except yaml.YAMLError as error:
            raise SpecError(f"not valid YAML: {str(error).splitlines()[0]}", file=self._name) from None
        if not self._done:
            raise SpecError("the file is empty", file=self._name)
        return self._done[0]

    def _handle(self, event: Any) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._enter({}, event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._enter([], event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._leave(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent) and self._done:
            raise self._error("more than one YAML document in one file", event)

    def _error(self, reason: str, event: Any) -> SpecError:
        tokens = [str(token) for frame in self._stack for token in _token(frame)]
        return SpecError(reason, file=self._name, pointer=pointers.join(tokens) or None, line=event.start_mark.line + 1)

    def _count(self, nodes: int, event: Any) -> None:
        self._nodes += nodes
        if self._nodes > self._options.max_nodes:
            raise _too_many(self._name, self._options, event.start_mark.line + 1)

    def _enter(self, value: dict[str, Any] | list[Any], event: Any) -> None:
        if len(self._stack) >= self._options.max_depth:
            raise _too_deep(self._name, self._options, event.start_mark.line + 1)
        if self._expects_key():
            raise self._error("a key of an object must be a plain value", event)
        if event.tag and event.tag not in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
            raise self._error(f"the YAML tag {event.tag[:80]!r} is not allowed", event)
        self._count(1, event)
        self._mark(event)
        if event.anchor:
            self._open.add(event.anchor)
        self._stack.append(_Frame(value, event.anchor, self._nodes))

    def _leave(self, event: Any) -> None:
        frame = self._stack.pop()
        if is_map(frame.value):
            for merged in frame.merges:
                for key, value in merged.items():
                    frame.value.setdefault(key, value)
        if frame.anchor:
            self._open.discard(frame.anchor)
            self._anchors[frame.anchor] = (frame.value, self._nodes - frame.line + 1)
        self._add(frame.value, event)

    def _alias(self, event: Any) -> None:
        if event.anchor in self._open:
            raise self._error(f"the alias {event.anchor[:80]!r} contains itself", event)
        if event.anchor not in self._anchors:
            raise self._error(f"the alias {event.anchor[:80]!r} has no anchor", event)
        value, nodes = self._anchors[event.anchor]
        if self._expects_key():
            if not isinstance(value, str):
                raise self._error("a key of an object must be a plain value", event)
            self._key(value, event)
            return
        self._count(nodes, event)
        self._mark(event)
        self._add(value, event)

    def _scalar(self, event: Any) -> None:
        if self._expects_key():
            self._key(event.value, event)
            return
        self._count(1, event)
        self._mark(event)
        value = self._resolve(event)
        if event.anchor:
            self._anchors[event.anchor] = (value, 1)
        self._add(value, event)

    def _expects_key(self) -> bool:
        return bool(self._stack) and is_map(self._stack[-1].value) and self._stack[-1].key is None

    def _key(self, key: str, event: Any) -> None:
        frame = self._stack[-1]
        if key in frame.value:
            raise self._error(f"the key {key[:80]!r} is there twice", event)
        if "\0" in key:
            raise self._error("a key holds a null character", event)
        plain_merge = key == "<<" and isinstance(event, yaml.ScalarEvent) and event.implicit[0]
        frame.key = _MERGE if plain_merge else key
        self._mark(event)

    def _add(self, value: Any, event: Any) -> None:
        if not self._stack:
            self._done.append(value)
            return
        frame = self._stack[-1]
        if is_list(frame.value):
            frame.value.append(value)
            return
        key, frame.key = frame.key, None
        if key is _MERGE:
            sources = value if is_list(value) else [value]
            if not all(is_map(source) for source in sources):
                raise self._error("a merge key (<<) takes an object or a list of objects", event)
            frame.merges.extend(sources)
        elif key is not None:
            container: Any = frame.value
            container[key] = value

    def _mark(self, event: Any) -> None:
        if self._positions is not None:
            tokens = [token for frame in self._stack for token in _token(frame)]
            self._positions.setdefault(pointers.join(tokens), event.start_mark.line + 1)

    def _resolve(self, event: Any) -> object:
        text: str = event.value
        if event.tag and event.tag not in _TAGS:
            if event.tag == "!":
                return text
            raise self._error(f"the YAML tag {event.tag[:80]!r} is not allowed", event)
        kind = event.tag.rpartition(":")[2] if event.tag else None
        if kind in ("str", "timestamp", "binary") or (kind is None and not event.implicit[0]):
            return text
        try:
            return _core(text)
        except (ValueError, OverflowError):
            raise self._error(f"the number {text[:40]} is too large", event) from None


class _MergeKey(str):
    """The key `<<`, when it is written plain."""

    __slots__ = ()


_MERGE = _MergeKey("<<")


def _token(frame: _Frame) -> tuple[str | int, ...]:
    if is_list(frame.value):
        return (len(frame.value),)
    return (frame.key,) if frame.key is not None else ()


def _core(text: str) -> object:
    """A plain scalar by the core schema of YAML 1.2. `.inf` and `.nan` are no JSON and stay strings."""
    if text in _NULL:
        return None
    if _BOOL.match(text):
        return text[0] in "tT"
    if _INT.match(text):
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return _integer(text) if base == 10 else int(text[2:], base)
    return _finite(text) if _FLOAT.match(text) else text
