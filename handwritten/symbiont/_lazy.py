"""Packages whose names load with their modules when they are first used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from sys import modules


def attach(
    package: str, homes: Mapping[str, str], submodules: str = ""
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package. `homes`: names by module; `submodules` are attributes too."""
    home_of = {name: module for module, names in homes.items() for name in names.split()}
    inner = frozenset(submodules.split())

    def getattr_(name: str) -> object:
        if name in home_of:
            value: object = getattr(import_module(f"{package}.{home_of[name]}"), name)
            setattr(modules[package], name, value)
            return value
        if name in inner:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def dir_() -> list[str]:
        return sorted({*vars(modules[package]), *home_of, *inner})

    return getattr_, dir_
