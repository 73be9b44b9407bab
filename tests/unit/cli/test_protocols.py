"""Protocols are plug-ins: found by entry point, one broken one never in the way of the others."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from wirewright import protocols
from wirewright.checkout import local_entry_points
from wirewright.cli import complete
from wirewright.demo import run_demo
from wirewright.protocols import Protocol, ProtocolError, Spec, discover, find_protocol
from wirewright.sandbox import Rules

SPEC: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {}}


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, here: Path) -> Iterator[None]:
    """Three plug-ins: a good one, one that cannot be imported, one that is no protocol."""
    module = ModuleType("plugin_of_a_test")
    module.GOOD = Protocol("good", "Good", {"1": Spec("no_such_package"), "2": Spec("no_such_package")})  # type: ignore[attr-defined]
    module.ODD = "a string"  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "plugin_of_a_test", module)
    entries = [
        EntryPoint("odd", "plugin_of_a_test:ODD", protocols.GROUP),
        EntryPoint("good", "plugin_of_a_test:GOOD", protocols.GROUP),
        EntryPoint("gone", "no_such_module:PROTOCOL", protocols.GROUP),
    ]
    monkeypatch.setattr(protocols, "entry_points", lambda group: entries)
    discover.cache_clear()
    yield
    discover.cache_clear()


@pytest.mark.usefixtures("installed")
def test_a_broken_plug_in_is_reported_and_the_others_work() -> None:
    found = discover()
    assert list(found.protocols) == ["good"]
    assert found.failures["gone"].startswith("ModuleNotFoundError")
    assert "is not a wirewright.protocols.Protocol" in found.failures["odd"]


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lost", "there is no protocol 'lost'; installed: gone, good, odd"),
        ("gone", "the protocol 'gone' cannot be loaded: ModuleNotFoundError"),
        ("odd", "is not a wirewright.protocols.Protocol"),
    ],
)
def test_a_protocol_that_cannot_be_had_is_explained(name: str, said: str) -> None:
    with pytest.raises(ProtocolError, match=said):
        find_protocol(name)


@pytest.mark.usefixtures("installed")
def test_the_shell_completes_names_of_protocols_and_packages(here: Path) -> None:
    assert complete.protocols("go") == ["gone", "good"]
    assert complete.packages("") == []
    (here / "pyproject.toml").write_text(
        '[tool.wirewright]\n[[tool.wirewright.packages]]\nspec = "specs/pets/1.0"\npackage = "pets_api.v1"\n'
    )
    assert complete.packages("pe") == ["pets", "pets/1.0"]


def test_a_version_is_the_one_named_or_the_default() -> None:
    versions = {"1": Spec("a"), "2": Spec("b")}
    assert Protocol("p", "P", versions).version() == "2"
    assert Protocol("p", "P", versions, default="1").version() == "1"
    with pytest.raises(ProtocolError, match="p has no version '3'; it has 1, 2"):
        Protocol("p", "P", versions).version("3")


def test_a_document_comes_from_the_generated_package_or_the_spec(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    protocol = Protocol("p", "P", {"1": Spec("made_in_a_test.v1", "specs/p/1")})
    with pytest.raises(ProtocolError, match=r"p 1: there is no made_in_a_test\.v1 and no spec in specs/p/1"):
        protocol.document()
    (here / "specs/p/1").mkdir(parents=True)
    (here / "specs/p/1/openapi.yaml").write_text('openapi: 3.1.0\ninfo: {title: Spec, version: "1"}\npaths: {}\n')
    assert protocol.document().title == "Spec"
    (here / "made_in_a_test/v1").mkdir(parents=True)
    for folder in ("made_in_a_test", "made_in_a_test/v1"):
        (here / folder / "__init__.py").touch()
    (here / "made_in_a_test/v1/spec.json").write_text('{"openapi":"3.1.0","info":{"title":"Package"},"paths":{}}')
    monkeypatch.syspath_prepend(str(here))
    assert protocol.document().title == "Package"


def test_rules_may_differ_by_version_and_be_missing() -> None:
    class New(Rules):
        pass

    protocol = Protocol("p", "P", {"1": Spec("a"), "2": Spec("b")}, sandbox={"2": New})
    assert (protocol.rules("1"), protocol.rules("2")) == (Rules, New)
    assert Protocol("p", "P", {"1": Spec("a")}, sandbox="wirewright.sandbox:Rules").rules() is Rules
    with pytest.raises(ProtocolError, match="not a class of sandbox rules"):
        Protocol("p", "P", {"1": Spec("a")}, sandbox="wirewright.sandbox:Answer").rules()


def test_a_demo_that_is_missing_or_fails_is_told_not_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(url: str) -> Iterator[str]:
        yield "one step"
        raise ConnectionError(url[:4])

    from wirewright.contract import SpecDocument

    monkeypatch.setattr(Protocol, "document", lambda self, version: SpecDocument(SPEC))
    versions = {"1": Spec("a")}
    assert run_demo(Protocol("p", "P", versions)).error == "LookupError: p brings no demo"
    shown: list[str] = []
    run = run_demo(Protocol("p", "P", versions, demo=failing), on_step=shown.append)
    assert (run.ok, run.error, run.steps, shown[1:]) == (False, "ConnectionError: http", ["one step"], ["one step"])
    assert "no version" in str(run_demo(Protocol("p", "P", versions), "9").error)


def test_the_project_around_counts_before_it_is_installed(here: Path) -> None:
    (here / "pyproject.toml").write_text('[project.entry-points."wirewright.protocols"]\nmine = "mine:PROTOCOL"\n')
    (here / "handwritten/deep").mkdir(parents=True)
    import sys

    (entry,) = local_entry_points(protocols.GROUP, here / "handwritten/deep")
    assert (entry.name, entry.value) == ("mine", "mine:PROTOCOL")
    assert str(here / "handwritten") in sys.path
    assert local_entry_points("another.group") == []
    (here / "pyproject.toml").write_text("not toml [")
    assert local_entry_points(protocols.GROUP) == []
