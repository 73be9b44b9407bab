"""Links of answers: which operation each leads to, and which lead nowhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from wirewright.contract.document import SpecDocument, SpecOperation


def dead_links(operation: SpecOperation) -> Iterator[str]:
    """A sentence for each link that names an operation which the spec does not have."""
    for status, response in operation.responses.items():
        for name, link in response.declared.get("links", {}).items():
            if _target(operation.document, link) is None:
                wanted = link.get("operationId") or link.get("operationRef")
                yield f"the link {name} of {status} leads to {wanted}, which the spec does not have"


def with_links_to(document: SpecDocument, operation: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """A declared operation with those of its links that lead to some operations alone."""
    responses = {
        status: {**response, "links": _alive(document, response["links"], names)} if "links" in response else response
        for status, response in operation.get("responses", {}).items()
    }
    return {**operation, "responses": responses}


def _alive(document: SpecDocument, links: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: link for name, link in links.items() if _target(document, link) in names}


def _target(document: SpecDocument, link: Mapping[str, Any]) -> str | None:
    """The operationId that a link leads to."""
    wanted = link.get("operationId")
    if wanted is not None:
        return str(wanted) if wanted in document.by_id else None
    place = str(link.get("operationRef", "")).partition("#")[2]
    return next((each.id for each in document.operations if each.place == place), None)
