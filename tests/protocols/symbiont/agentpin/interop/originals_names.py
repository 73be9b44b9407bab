"""A pytest plugin: `agentpin` and `schemapin` are ours, for the tests of the originals."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class Ours(MetaPathFinder, Loader):
    """Finds the modules of the originals in `symbiont`."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in {"agentpin", "schemapin"}:
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return import_module(f"symbiont.{spec.name}")

    def exec_module(self, module: ModuleType) -> None:
        """It was executed when it was imported."""


sys.meta_path.insert(0, Ours())


def pytest_configure() -> None:
    """Nothing may have loaded the originals, which lie beside their tests."""
    assert import_module("agentpin").__name__ == "symbiont.agentpin"
    assert import_module("schemapin").__name__ == "symbiont.schemapin"
