"""Python names out of spec text. The only module that imports `openapi_python_client.strings`.

Names are rebuilt from letters, digits and underscores, so no byte of a document reaches code through them. They depend
on the text alone, never on what else exists; `unique` settles the cases where two things want one name, by place.
"""

from __future__ import annotations

import hashlib
import json
import keyword
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from wirewright_codegen.read.values import is_map

# Own lists, and not `dir(builtins)`: names must not depend on the Python that runs the generator.
_KEYWORDS = frozenset(keyword.kwlist)

_BUILTIN_CLASSES = """
ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError
BrokenPipeError BufferError BytesWarning ChildProcessError ConnectionAbortedError ConnectionError
ConnectionRefusedError ConnectionResetError DeprecationWarning EOFError Ellipsis EncodingWarning
EnvironmentError Exception ExceptionGroup FileExistsError FileNotFoundError FloatingPointError FutureWarning
GeneratorExit IOError ImportError ImportWarning IndentationError IndexError InterruptedError
IsADirectoryError KeyError KeyboardInterrupt LookupError MemoryError ModuleNotFoundError NameError
NotADirectoryError NotImplemented NotImplementedError OSError OverflowError PendingDeprecationWarning
PermissionError ProcessLookupError PythonFinalizationError RecursionError ReferenceError ResourceWarning
RuntimeError RuntimeWarning StopAsyncIteration StopIteration SyntaxError SyntaxWarning SystemError
SystemExit TabError TimeoutError TypeError UnboundLocalError UnicodeDecodeError UnicodeEncodeError
UnicodeError UnicodeTranslateError UnicodeWarning UserWarning ValueError Warning WindowsError
ZeroDivisionError
"""

# What a module of models imports under its own name.
_MODEL_MODULE_NAMES = """
Annotated Any BaseModel Callable ClassVar ConfigDict Decimal Enum Field Final ForwardRef Generic IntEnum
Literal Mapping Meta NotRequired Optional Protocol RootModel Self Sequence StrEnum Struct TypeAdapter
TypeAlias TypeAliasType TypeVar TypedDict UNSET UUID Union Unset UnsetType TYPE_CHECKING
"""

RESERVED_CLASS_NAMES = _KEYWORDS | {*_BUILTIN_CLASSES.split()} | {*_MODEL_MODULE_NAMES.split()}
RESERVED_IDENTIFIERS = _KEYWORDS | {"self", "cls"}

_SYMBOLS = {
    "+": "plus", "-": "dash", "*": "star", "/": "slash", "<": "less", ">": "greater", "=": "equal", "!": "not",
    "$": "dollar", "@": "at", "#": "hash", "%": "percent", "&": "and", "|": "or", "^": "caret", "~": "tilde",
    "?": "question", ".": "dot", ",": "comma", ":": "colon", ";": "semicolon", "_": "underscore", " ": "space",
    "(": "open", ")": "close", "[": "open bracket", "]": "close bracket", "{": "open brace", "}": "close brace",
    "'": "quote", '"': "double quote", "\\": "backslash",
}  # fmt: skip
_SIGNED = re.compile(r"^\s*([+-])(?=[\d.])")
_MAX_TEXT = 200


def class_name(text: str) -> str:
    """A PascalCase class name: `simple-user` → `SimpleUser`, `3d.model` → `Model3dModel`, `list` → `List`."""
    name = class_words(text)
    if not name.isidentifier():
        name = "Model" + name if ("Model" + name).isidentifier() else "Model" + digest(text)
    return f"{name}Model" if name in RESERVED_CLASS_NAMES else name


def class_words(text: str) -> str:
    """Text as a part of a class name: may start with a digit, may be empty."""
    from openapi_python_client.strings import pascal_case  # it loads an HTTP library and a command line

    cleaned = _clean(text)
    if cleaned.isidentifier() and cleaned[0] == cleaned[0].upper() and "_" not in cleaned:
        return cleaned  # it is in that form already
    name = unicodedata.normalize("NFKC", pascal_case(cleaned))
    return name[:1].upper() + name[1:]


def identifier(text: str, *, reserved: Collection[str] = RESERVED_IDENTIFIERS, prefix: str = "field") -> str:
    """A snake_case identifier: `X-Rate-Limit` → `x_rate_limit`, `class` → `class_`, `+1` → `plus_1`."""
    from openapi_python_client.strings import snake_case

    name = re.sub(r"_+", "_", snake_case(_clean(text))).strip("_")
    if not name.isidentifier() and not keyword.iskeyword(name):
        name = f"{prefix}_{name}" if name and f"{prefix}_{name}".isidentifier() else f"{prefix}_{digest(text)}"
    return f"{name}_" if name in reserved or name in RESERVED_IDENTIFIERS else name


def spelled(text: str) -> str:
    """A class name in which every separator is spelled out, so that two texts with equal words differ."""
    return class_name(re.sub(r"[^A-Za-z0-9]", lambda match: f" {_SYMBOLS.get(match[0], 'other')} ", text))


def digest(text: str) -> str:
    """Six hexadecimal digits that stand for a text: the last resort for a name, by place and never by count."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]


def unique(
    wanted: Mapping[str, Sequence[str]],
    *,
    taken: Iterable[str] = (),
    locked: Mapping[str, str] | None = None,
    rank: Mapping[str, int] | None = None,
) -> dict[str, str]:
    """One name for each key, whatever the order of the keys.

    Args:
        wanted: for each key (its place) the names it would like, best first.
        taken: names that are not to be had.
        locked: names given before: they stay.
        rank: of several that want one name, the single one with the lowest rank has it (0 when not given); when several
            share the lowest rank none has it, and each takes its next wish. After the last wish a digest of the key is
            added to the first.
    """
    names = {key: name for key, name in (locked or {}).items() if key in wanted}
    used = set(taken) | set((locked or {}).values())
    step = dict.fromkeys((key for key in wanted if key not in names), 0)
    while step:
        claims: dict[str, list[str]] = defaultdict(list)
        for key, number in step.items():
            claims[_wish(key, wanted[key], number)].append(key)
        settled = {name: _winner(keys, rank or {}) for name, keys in claims.items() if name not in used}
        if all(winner is None for winner in settled.values()):
            step = {key: number + 1 for key, number in step.items()}
            continue
        for name, winner in settled.items():
            if winner is not None:
                names[winner] = name
                used.add(name)
                del step[winner]
        blocked = {key for name, keys in claims.items() if name in used or settled.get(name) is None for key in keys}
        step = {key: number + (key in blocked) for key, number in step.items()}
    return names


def _wish(key: str, wishes: Sequence[str], number: int) -> str:
    if number < len(wishes):
        return wishes[number]
    return wishes[0] + digest(key * (number - len(wishes) + 1)).capitalize()


def _winner(keys: list[str], rank: Mapping[str, int]) -> str | None:
    best = min(rank.get(key, 0) for key in keys)
    winners = [key for key in keys if rank.get(key, 0) == best]
    return winners[0] if len(winners) == 1 else None


def _clean(text: str) -> str:
    text = unicodedata.normalize("NFKC", text[:_MAX_TEXT])
    if not text.isascii():  # é is written e; what has no plain letter inside stays as it is
        bare = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
        text = unicodedata.normalize("NFKC", bare)
    text = _SIGNED.sub(lambda match: "plus " if match[1] == "+" else "minus ", text)
    if not any(c.isalnum() for c in text):
        return " ".join(_SYMBOLS.get(c, "") for c in text) if text else "empty"
    return re.sub(r"[^\w]+", " ", text.replace("'", ""))


@dataclass(frozen=True, slots=True)
class Names:
    """Names that were published and therefore stay: the content of `names.lock.json`. It only grows.

    `sections` maps a kind of name (`schemas`, `operations`, whatever later steps add) to place → name.
    """

    sections: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    def section(self, kind: str) -> Mapping[str, str]:
        """The names of one kind, by place."""
        return self.sections.get(kind, {})

    def grown(self, kind: str, names: Mapping[str, str]) -> Names:
        """These names and the new ones; a name that is there already is never replaced."""
        return Names({**self.sections, kind: {**names, **self.section(kind)}})

    def dumps(self) -> str:
        """The lock file's text: sorted, one name a line."""
        content = {kind: dict(sorted(names.items())) for kind, names in sorted(self.sections.items())}
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def loads(cls, text: str) -> Names:
        """Read a lock file's text. Raises ValueError when it is not one."""
        content: object = json.loads(text)
        if not is_map(content):
            raise ValueError("a lock of names is an object of objects of strings")
        sections: dict[str, Mapping[str, str]] = {}
        for kind, names in content.items():
            if not is_map(names) or not all(isinstance(name, str) for name in names.values()):
                raise ValueError(f"section {kind!r} of the lock of names is not an object of strings")
            sections[str(kind)] = names
        return cls(sections)
