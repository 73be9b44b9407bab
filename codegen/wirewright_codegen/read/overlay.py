"""OpenAPI Overlays 1.0: mending a document that one does not own. Targets are JSONPath (RFC 9535)."""

from __future__ import annotations

import json
from typing import Any

import jsonpath_rfc9535 as jsonpath

from wirewright_codegen.errors import SpecError
from wirewright_codegen.read.values import is_list, is_map


def is_overlay(value: object) -> bool:
    """Whether a value is an Overlay document."""
    return is_map(value) and "overlay" in value and "actions" in value


def apply_overlay(document: Any, overlay: object, name: str) -> Any:
    """The document with every action of the overlay done, in order; the argument stays as it is.

    An action whose target selects nothing does nothing, as the specification says.
    """
    if not is_overlay(overlay) or not is_map(overlay):
        raise SpecError("this is no OpenAPI Overlay: `overlay` and `actions` are missing", file=name)
    actions = overlay["actions"]
    if not is_list(actions):
        raise SpecError("`actions` must be a list", file=name, pointer="/actions")
    result = json.loads(json.dumps(document))
    for number, action in enumerate(actions):
        pointer = f"/actions/{number}"
        if not is_map(action) or not isinstance(action.get("target"), str):
            raise SpecError("an action needs a `target`", file=name, pointer=pointer)
        result = _act(result, action, name, pointer)
    return result


def _act(document: Any, action: dict[str, Any], name: str, pointer: str) -> Any:
    try:
        locations = [node.location for node in jsonpath.find(action["target"], document)]
    except jsonpath.JSONPathError as error:
        raise SpecError(f"the target is no JSONPath: {error}", file=name, pointer=f"{pointer}/target") from None
    if action.get("remove") is True:
        # from the end, so that indices stay true while items go
        for location in sorted(set(locations), key=_order, reverse=True):
            if not location:
                raise SpecError("an action cannot remove the whole document", file=name, pointer=pointer)
            del _parent(document, location)[location[-1]]
        return document
    if "update" not in action:
        return document
    for location in locations:
        document = _update(document, location, action["update"], name, pointer)
    return document


def _order(location: tuple[str | int, ...]) -> tuple[tuple[int, str, int], ...]:
    return tuple((0, "", step) if isinstance(step, int) else (1, step, 0) for step in location)


def _parent(document: Any, location: tuple[str | int, ...]) -> Any:
    for step in location[:-1]:
        document = document[step]
    return document


def _update(document: Any, location: tuple[str | int, ...], update: Any, name: str, pointer: str) -> Any:
    parent: Any = _parent(document, location)
    target = parent[location[-1]] if location else document
    update = json.loads(json.dumps(update))
    if is_list(target):
        target.append(update)
        return document
    if is_map(target) and not is_map(update):
        raise SpecError("the target is an object, so the update must be one", file=name, pointer=f"{pointer}/update")
    merged = _merge(target, update)
    if not location:
        return merged
    parent[location[-1]] = merged
    return document


def _merge(target: Any, update: Any) -> Any:
    if is_map(target) and is_map(update):
        for key, value in update.items():
            target[key] = _merge(target[key], value) if key in target else value
        return target
    if is_list(target) and is_list(update):
        return target + update
    return update
