"""The public surface of the installed `sbn`, `tower` and `sbn_gateway`, as JSON: `python surface.py`.

Runs in any environment. A name belongs to the module that defines it, or that lists it in `__all__`.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import Any

PACKAGES = ("sbn", "tower", "sbn_gateway")
INNER = ("cli", "testing", "pgdag")


def modules() -> Iterator[ModuleType]:
    """The public modules."""
    for package in map(importlib.import_module, PACKAGES):
        yield package
        for info in pkgutil.walk_packages(getattr(package, "__path__", []), f"{package.__name__}."):
            parts = info.name.split(".")[1:]
            if not any(part.startswith("_") or part in INNER for part in parts):
                yield importlib.import_module(info.name)


def parameters(call: Any) -> dict[str, str] | None:
    """What a function takes: kind and default, by name."""
    call = getattr(call, "build", None) or getattr(call, "steps", None) or call
    try:
        found = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):
        return None
    return {
        each.name: f"{each.kind.name} {default(each.default)}" for each in found if each.name not in {"self", "cls"}
    }


def default(value: object) -> str:
    """A default as text that does not change from run to run; `-` is none, `?` is some object."""
    if value is inspect.Parameter.empty:
        return "-"
    text = repr(value)
    return "?" if " at 0x" in text or text.startswith("<") else text


def members(kind: type) -> dict[str, Any]:
    """What a class has: for methods what they take, else None."""
    found: dict[str, Any] = {}
    for name in dir(kind):
        if name.startswith("_"):
            continue
        value = inspect.getattr_static(kind, name)
        value = getattr(value, "__func__", value)
        found[name] = parameters(value) if callable(value) or hasattr(value, "steps") else None
    return found


def described(value: object) -> dict[str, Any]:
    """A class or a function; of other values only that they are there."""
    if not inspect.isclass(value):
        return {"takes": parameters(value)} if inspect.isfunction(value) else {}
    fields = [field.name for field in dataclasses.fields(value)] if dataclasses.is_dataclass(value) else []
    bases = [base.__name__ for base in value.__mro__ if issubclass(base, BaseException)]
    inside = {name: takes for name, takes in members(value).items() if name not in fields}
    return {"members": inside, "fields": fields, "errors": bases, "takes": parameters(value)}


def surface() -> dict[str, dict[str, Any]]:
    """All of it, by module and name."""
    whole: dict[str, dict[str, Any]] = {}
    for module in modules():
        listed = getattr(module, "__all__", ())
        own = [name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
        names = sorted({*listed, *(name for name in own if not name.startswith("_"))} - {"__version__"})
        whole[module.__name__] = {name: described(getattr(module, name)) for name in names}
    return whole


if __name__ == "__main__":
    print(json.dumps(surface()))
