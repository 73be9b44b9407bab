"""Every public name of the originals is here, and can be called with what they are called with."""

from __future__ import annotations

import importlib
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import peers
import pytest

pytestmark = pytest.mark.interop
HERE = Path(__file__).parent
ORIGINALS = {"0.12": ("sbn-sdk==0.12.21", "sqlalchemy"), "0.14": ("sbn-sdk==0.14.0",)}
ELSEWHERE = {
    "sbn.cdna": "the execution kernel's own, which has tests of its own",
    "sbn.EvolutionaryMutator": "likewise",
    "sbn.ConsoleClient.update_webhook": "takes the fields of a webhook by name, not any keywords",
    "sbn.console.ConsoleClient.update_webhook": "likewise",
    "tower.TowerClient.feedback": "likewise, the fields of feedback",
    "tower.TowerClient.suggestions": "likewise, what selects suggestions",
    "tower.client.TowerClient.feedback": "likewise",
    "tower.client.TowerClient.suggestions": "likewise",
    "sbn.FrontierContractBuilder": "the builder is its contract, and has its fields",
    "sbn.frontiers.FrontierContractBuilder": "likewise",
}
OF_THE_VERSION = {"user_agent"}
"""Defaults that name the version."""


@pytest.fixture(scope="module", params=ORIGINALS)
def theirs(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The surface of an original."""
    try:
        python = peers.python_of(*ORIGINALS[request.param])
    except peers.NoPeerError as error:
        pytest.skip(str(error))
    done = subprocess.run([python, HERE / "surface.py"], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def lacking(their: dict[str, str] | None, our: dict[str, str] | None, place: str) -> Iterator[str]:
    """What a call of theirs takes and ours does not, or takes in another way."""
    if their is None or our is None:
        return
    open_ended = any(kind.startswith("VAR_KEYWORD") for kind in our.values())
    for name, kind in their.items():
        how, _, default = kind.partition(" ")
        if name not in our:
            if not open_ended or how.startswith("VAR"):
                yield f"{place}: {name}"
            continue
        our_how, _, our_default = our[name].partition(" ")
        if how.startswith("POSITIONAL") and our_how == "KEYWORD_ONLY":
            yield f"{place}: {name} only by name"
        if default != our_default and default not in "-?" and name not in OF_THE_VERSION:
            yield f"{place}: {name}={our_default}, not {default}"
        elif our_default == "-" != default:
            yield f"{place}: {name} is needed"
    for name, kind in our.items():
        if name not in their and kind.endswith(" -") and not kind.startswith("VAR"):
            yield f"{place}: needs {name}"


def differences(theirs: dict[str, Any], surface: ModuleType) -> Iterator[str]:
    """Everything of theirs that is not here, or not so."""
    for module, names in theirs.items():
        here = importlib.import_module(module)
        for name, their in names.items():
            place = f"{module}.{name}"
            if not hasattr(here, name):
                yield place
                continue
            value = getattr(here, name)
            our = surface.described(value)
            yield from lacking(their.get("takes"), our.get("takes"), place)
            yield from (
                f"{place} has no field {field}" for field in their.get("fields", ()) if field not in our["fields"]
            )
            yield from (f"{place} is no {error}" for error in their.get("errors", ()) if error not in our["errors"])
            for member, takes in their.get("members", {}).items():
                if member in our["members"]:
                    yield from lacking(takes, our["members"][member], f"{place}.{member}")
                elif not hasattr(value, "__getattr__"):
                    yield f"{place}.{member}"


def test_nothing_is_missing(theirs: dict[str, Any], surface: ModuleType) -> None:
    found = differences(theirs, surface)

    assert [line for line in found if not line.startswith(tuple(ELSEWHERE))] == []
