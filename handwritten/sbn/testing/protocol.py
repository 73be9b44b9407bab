"""The plug-in: what SBN is, for `wirewright serve`, `wirewright demo` and tests."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from wirewright.calls import is_object
from wirewright.protocols import Protocol, Spec

if TYPE_CHECKING:
    from wirewright.contract.document import SpecDocument

TENANT_PATH = "/tenants/{tenant_id}"


class SbnProtocol(Protocol):
    """SBN serves its slots under `/tenants/{tenant_id}` too, where older clients look for them."""

    def document(self, version: str | None = None) -> SpecDocument:
        from wirewright.contract.document import SpecDocument

        raw = dict(super().document(version).raw)
        raw["paths"] = {**raw["paths"], **_tenant_paths(raw["paths"])}
        return SpecDocument(raw)


def _tenant_paths(paths: dict[str, dict[str, object]]) -> dict[str, dict[str, object]]:
    parameter = {"name": "tenant_id", "in": "path", "required": True, "schema": {"type": "string"}}
    found: dict[str, dict[str, object]] = {}
    for path, item in paths.items():
        if path == "/slots" or path.startswith("/slots/"):
            own = copy.deepcopy(item)
            for operation in own.values():
                if is_object(operation) and "operationId" in operation:
                    operation["operationId"] = f"tenant_{operation['operationId']}"
                    operation["parameters"] = [parameter, *operation.get("parameters", ())]
            found[TENANT_PATH + path] = own
    return found


PROTOCOL = SbnProtocol(
    name="sbn",
    title="SmartBlocks Network",
    versions={
        "0.12": Spec(package="sbn_api.v0_12", spec_dir="specs/sbn/0.12"),
        "0.14": Spec(package="sbn_api.v0_14", spec_dir="specs/sbn/0.14"),
    },
    sandbox="sbn.testing.rules:SbnRules",
    demo="sbn.testing.demo:demo",
)
