"""Packages whose names load with their modules when they are first used.

    __getattr__, __dir__ = attach(__name__, {"client": "Client AsyncClient", "values": "Record"}, extra="signing")

Type checkers see the same names in an `if TYPE_CHECKING` block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from sys import modules


def attach(
    package: str, homes: Mapping[str, str], submodules: str = "", *, extra: str = ""
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a package. `homes`: names by module; `submodules` are attributes too.

    `extra`: what brings the libraries that the modules need. Where one is missing, the ModuleNotFoundError says so.
    """
    home_of = {name: module for module, names in homes.items() for name in names.split()}
    inner = frozenset(submodules.split())

    def load(module: str) -> object:
        try:
            return import_module(f"{package}.{module}")
        except ModuleNotFoundError as error:
            missing = error.name or ""
            if not extra or missing.partition(".")[0] == package.partition(".")[0]:
                raise
            needed = f"{package} needs {missing}: pip install 'wirewright[{extra}]'"
            raise ModuleNotFoundError(needed, name=missing) from error

    def getattr_(name: str) -> object:
        if name in home_of:
            value: object = getattr(load(home_of[name]), name)
            setattr(modules[package], name, value)
            return value
        if name in inner:
            return load(name)
        if name == "__all__":  # asked for by `from package import *`, where the package lists none itself
            return sorted(home_of)
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def dir_() -> list[str]:
        return sorted({*vars(modules[package]), *home_of, *inner})

    return getattr_, dir_
