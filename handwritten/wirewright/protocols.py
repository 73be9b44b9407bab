"""Protocols are plug-ins: what one is, and how they are found.

A package offers its protocol by an entry point of the group `wirewright.protocols`:

    [project.entry-points."wirewright.protocols"]
    notes = "notes.testing.protocol:PROTOCOL"

    PROTOCOL = Protocol(
        name="notes",
        title="Notes",
        versions={"1.0": Spec(package="notes_api.v1_0", spec_dir="specs/notes/1.0")},
        sandbox="notes.testing.rules:NotesRules",       # imported when a sandbox is made
        demo="notes.testing.demo:demo",                 # imported when the demo runs
    )

Keep the module that holds it light: it is imported to list protocols. A plug-in that cannot be loaded is reported
(`Found.failures`) and never stands in the way of the others.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wirewright.checkout import local_entry_points

if TYPE_CHECKING:
    from wirewright.contract.document import SpecDocument
    from wirewright.sandbox.rules import Rules

GROUP = "wirewright.protocols"
Demo = Callable[[str], Iterator[str]]
"""Runs the quick start against the server at a URL; yields a short line after each step."""


class ProtocolError(LookupError):
    """A protocol, or a version of it, cannot be had; the message says what there is."""


@dataclass(frozen=True, slots=True)
class Spec:
    """One version of a protocol.

    `package`: the generated package, which carries the canonical document `spec.json`. `spec_dir`: where its spec is
    kept, relative to the root of the checkout.
    """

    package: str
    spec_dir: str | None = None


@dataclass(frozen=True)
class Protocol:
    """A protocol and what comes with it. `sandbox` and `demo` are named as `module:attribute`, or given as objects.

    `sandbox` may be a mapping from version to that. `default` is used when no version is named; without it, the last.
    `port` is where `wirewright serve` listens when it is not told.
    """

    name: str
    title: str
    versions: Mapping[str, Spec]
    default: str | None = None
    port: int = 8080
    sandbox: str | type[Rules] | Mapping[str, str | type[Rules]] | None = None
    demo: str | Demo | None = None
    description: str = field(default="", compare=False)

    def version(self, version: str | None = None) -> str:
        """The version itself if this protocol has it, the default for None. Raises ProtocolError."""
        if version is None:
            return self.default or list(self.versions)[-1]
        if version not in self.versions:
            raise ProtocolError(f"{self.name} has no version {version!r}; it has {', '.join(self.versions)}")
        return version

    def document(self, version: str | None = None) -> SpecDocument:
        """The canonical document: from the generated package, else from the spec's folder. Raises ProtocolError."""
        from wirewright.contract.document import SpecDocument

        chosen = self.version(version)
        spec = self.versions[chosen]
        generated = _package_file(spec.package, "spec.json")
        if generated is not None:
            return SpecDocument(json.loads(generated.read_bytes()))
        entry = self.spec_file(chosen)
        if entry is None:
            raise ProtocolError(f"{self.name} {chosen}: there is no {spec.package} and no spec in {spec.spec_dir}")
        from wirewright.sandbox.loading import load_document

        return load_document(entry)

    def spec_file(self, version: str | None = None) -> Path | None:
        """The spec's entry file, when this runs in a checkout."""
        spec_dir = self.versions[self.version(version)].spec_dir
        if spec_dir is None:
            return None
        for root in (Path.cwd(), *Path.cwd().parents, *Path(__file__).resolve().parents):
            for name in ("openapi.yaml", "openapi.yml", "openapi.json"):
                if (root / spec_dir / name).is_file():
                    return root / spec_dir / name
        return None

    def rules(self, version: str | None = None) -> type[Rules]:
        """The rules of the sandbox; the plain ones (examples only) when the protocol brings none."""
        from wirewright.sandbox.rules import Rules

        found = self.sandbox.get(self.version(version)) if isinstance(self.sandbox, Mapping) else self.sandbox
        if found is None:
            return Rules
        rules = _load(found) if isinstance(found, str) else found
        if not (isinstance(rules, type) and issubclass(rules, Rules)):
            raise ProtocolError(f"{self.name}: {found} is not a class of sandbox rules")
        return rules

    def load_demo(self) -> Demo | None:
        """The quick start, or None."""
        demo: Demo | None = _load(self.demo) if isinstance(self.demo, str) else self.demo
        return demo


@dataclass(frozen=True)
class Found:
    """The protocols that could be loaded, and why others could not."""

    protocols: Mapping[str, Protocol]
    failures: Mapping[str, str]


@lru_cache(maxsize=1)
def discover() -> Found:
    """All registered protocols, by name. Looked up once; `discover.cache_clear()` to look again."""
    protocols: dict[str, Protocol] = {}
    failures: dict[str, str] = {}
    for entry in _entries():
        try:
            protocols[entry.name] = _loaded(entry)
        except Exception as error:  # a plug-in may fail in any way
            failures[entry.name] = f"{type(error).__name__}: {error}"
    return Found(protocols, failures)


def names() -> list[str]:
    """The registered protocols, without loading any."""
    return [entry.name for entry in _entries()]


def find_protocol(name: str) -> Protocol:
    """A protocol by name; only its own plug-in is loaded. Raises ProtocolError."""
    entries = _entries()
    entry = next((entry for entry in entries if entry.name == name), None)
    if entry is None:
        known = ", ".join(names()) or "none"
        raise ProtocolError(f"there is no protocol {name!r}; installed: {known}")
    try:
        return _loaded(entry)
    except ProtocolError:
        raise
    except Exception as error:
        raise ProtocolError(f"the protocol {name!r} cannot be loaded: {type(error).__name__}: {error}") from error


def _entries() -> list[EntryPoint]:
    """Installed ones, and those of the project around here that is not installed (yet); by name."""
    found = {entry.name: entry for entry in local_entry_points(GROUP)}
    found |= {entry.name: entry for entry in entry_points(group=GROUP)}
    return [found[name] for name in sorted(found)]


def _loaded(entry: EntryPoint) -> Protocol:
    value = entry.load()
    if not isinstance(value, Protocol):
        raise ProtocolError(f"{entry.value} is not a wirewright.protocols.Protocol")
    return value


def _load(path: str) -> Any:
    module, _, attribute = path.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _package_file(package: str, name: str) -> Path | None:
    """A file of a package, without importing it (its parents are imported)."""
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        return None
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(place) / name).is_file():
            return Path(place) / name
    return None
