"""Reduced documents in the manner of large public ones, with the oddities that those are known for."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wirewright_codegen.pipeline import Result, Target, generate

DOCUMENTS = Path(__file__).parent / "documents"
Make = Callable[..., tuple[str, Result]]


@pytest.fixture(scope="session")
def hard_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("hard")
    sys.path.insert(0, str(root))
    yield root
    sys.path.remove(str(root))


@pytest.fixture(scope="session")
def make(hard_root: Path) -> Make:
    """Generates a document once for each flavour, and answers the package's name and what the generator said."""
    made: dict[tuple[str, str], tuple[str, Result]] = {}

    def run(document: str, flavour: str = "msgspec", *, verify: bool = True) -> tuple[str, Result]:
        key = (document, flavour)
        if key not in made:
            name = f"hard_{Path(document).stem}_{flavour}"
            target = Target(DOCUMENTS / document, name, hard_root, flavour, cli=True, cache=hard_root / ".cache")  # type: ignore[arg-type]
            made[key] = name, generate(target, verify=verify)
            importlib.invalidate_caches()
        return made[key]

    return run


@pytest.fixture
def package(make: Make) -> Callable[..., Any]:
    """The package of a document, imported."""

    def load(document: str, flavour: str = "msgspec") -> Any:
        return importlib.import_module(make(document, flavour)[0])

    return load


@pytest.fixture
def canonical(make: Make, hard_root: Path) -> Callable[[str], Any]:
    """The canonical form of a document."""

    def load(document: str) -> Any:
        return json.loads((hard_root / make(document)[0] / "spec.json").read_text())

    return load
