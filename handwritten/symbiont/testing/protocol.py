"""The plug-in: what Symbiont is, for `wirewright serve`, `wirewright demo` and tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wirewright.calls import is_object
from wirewright.protocols import Protocol, Spec

if TYPE_CHECKING:
    from wirewright.contract.document import SpecDocument

FIRST, LATEST = "1.10", "1.16"
PREFIX = "/api/v1"


class SymbiontProtocol(Protocol):
    """A sandbox serves what only the SDK knows in every version, and takes a doubled prefix for one."""

    def document(self, version: str | None = None) -> SpecDocument:
        from wirewright.contract.document import SpecDocument

        raw = dict(super().document(version).raw)
        if self.version(version) != FIRST:
            raw = with_sdk_operations(raw, super().document(FIRST).raw)
        raw["servers"] = [*raw.get("servers", ()), {"url": PREFIX, "description": "The prefix once more."}]
        return SpecDocument(raw)


def with_sdk_operations(raw: dict[str, Any], first: Any) -> dict[str, Any]:
    """The document with the operations of the first one that no runtime serves; its own count where both have one."""
    paths = dict(raw["paths"])
    for path, item in first["paths"].items():
        extra = {
            method: operation
            for method, operation in item.items()
            if is_object(operation) and operation.get("x-authority") == "sdk"
        }
        if extra:
            paths[path] = {**extra, **paths.get(path, {})}
    schemas = {**first["components"]["schemas"], **raw["components"]["schemas"]}
    tags = {tag["name"]: tag for tag in [*first.get("tags", ()), *raw.get("tags", ())]}
    return {
        **raw,
        "paths": paths,
        "components": {**raw["components"], "schemas": schemas},
        "tags": list(tags.values()),
    }


PROTOCOL = SymbiontProtocol(
    name="symbiont",
    title="Symbiont",
    versions={
        FIRST: Spec(package="symbiont_api.v1_10", spec_dir="specs/symbiont/1.10"),
        LATEST: Spec(package="symbiont_api.v1_16", spec_dir="specs/symbiont/1.16"),
    },
    sandbox="symbiont.testing.rules:SymbiontRules",
    demo="symbiont.testing.demo:demo",
)
