"""CONTRIBUTING.md, "Who may import whom": the contracts of `[tool.importlinter]`, and what a bare import may load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]
HEAVY = ("httpx", "httpcore", "aiohttp", "pydantic", "msgspec.json", "attrs", "sqlalchemy", "cryptography", "typer")
SDKS = ("wirewright", "syncropel", "holokai_neuron_sdk", "exospherehost", "sbn", "pgdag", "symbiont", "tower")
PACKAGES = sorted(p for p in (ROOT / "generated").glob("*_api/v*") if (p / "client.py").exists())


def loaded_by(module: str) -> set[str]:
    """The modules that a fresh interpreter holds after `import module`."""
    code = f"import {module}, sys; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_every_contract_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    # It would silence every logger that exists by now, for all tests that follow.
    monkeypatch.setattr("importlinter.cli._configure_logging", lambda verbose: None)

    assert lint_imports(no_cache=True) == 0


@pytest.mark.parametrize("sdk", SDKS)
def test_importing_an_sdk_loads_nothing_heavy(sdk: str) -> None:
    assert loaded_by(sdk).isdisjoint(HEAVY)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: f"{p.parent.name}.{p.name}")
def test_importing_a_generated_package_loads_no_model(package: Path) -> None:
    name = f"{package.parent.name}.{package.name}"

    loaded = loaded_by(name)

    assert loaded.isdisjoint(HEAVY)
    assert not [module for module in loaded if module.startswith(f"{name}.models")]
