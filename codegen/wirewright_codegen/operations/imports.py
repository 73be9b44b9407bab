"""The import lines of a generated module."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

VALUE_MODULES = {
    "Request": "wirewright.request",
    "StreamRequest": "wirewright.request",
    "Operation": "wirewright.operation",
    "Parameter": "wirewright.operation",
    "Content": "wirewright.operation",
    "Envelope": "wirewright.operation",
    "Encoding": "wirewright.operation",
}
_ANNOTATION_MODULES = {
    "Any": "typing",
    "Literal": "typing",
    "Iterable": "collections.abc",
    "UUID": "uuid",
    "Decimal": "decimal",
    "UnsetType": "msgspec",
    "UNSET": "msgspec",
    "File": "wirewright.bodies",
    "FileContent": "wirewright.bodies",
}


@dataclass(slots=True)
class Imports:
    """The import lines of a module: what it needs at run time, and what only annotations name."""

    runtime: dict[str, set[str]] = field(default_factory=lambda: defaultdict[str, set[str]](set))
    typing_only: dict[str, set[str]] = field(default_factory=lambda: defaultdict[str, set[str]](set))
    plain: set[str] = field(default_factory=set[str])
    plain_typing: set[str] = field(default_factory=set[str])

    def add(self, names: Iterable[str], *, runtime: bool) -> None:
        for name in names:
            if name in ("_dt", "builtins"):
                line = "import datetime as _dt" if name == "_dt" else "import builtins"
                (self.plain if runtime else self.plain_typing).add(line)
            elif name in _ANNOTATION_MODULES:
                needed = runtime or name == "UNSET"
                (self.runtime if needed else self.typing_only)[_ANNOTATION_MODULES[name]].add(name)

    def text(self) -> str:
        typing_only = {module: names - self.runtime.get(module, set()) for module, names in self.typing_only.items()}
        lazy = sorted(self.plain_typing - self.plain) + _lines(typing_only)
        if lazy:
            self.runtime["typing"].add("TYPE_CHECKING")
        lines = [*sorted(self.plain), *_lines(self.runtime)]
        if lazy:
            lines += ["", "if TYPE_CHECKING:", *(f"    {line}" for line in lazy)]
        return "\n".join(lines)


def _lines(imports: Mapping[str, set[str]]) -> list[str]:
    ordered = sorted(imports.items(), key=lambda item: (item[0].startswith("."), item[0]))
    return [f"from {module} import {', '.join(sorted(names))}" for module, names in ordered if names]
