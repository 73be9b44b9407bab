"""Fields of a form as their `encoding` says they are written: joined lists, and objects spread over several fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from wirewright.contract.parameters import DELIMITERS
from wirewright.contract.shapes import is_array, is_object

_KEYS = re.compile(r"\[([^\[\]]*)\]")


def unstyled(form: Mapping[str, Any], encoding: Mapping[str, Any]) -> dict[str, Any]:
    """The form with what a style joined or spread put together again; leaves stay text."""
    found = dict(form)
    for name, declared in encoding.items():
        style = declared.get("x-style") or declared.get("style")
        if style == "deepObject":
            _gather(found, name)
        elif style in DELIMITERS or declared.get("explode") is False:
            value = found.get(name)
            if isinstance(value, str):
                found[name] = value.split(DELIMITERS.get(str(style), ",")) if value else []
    return found


def _gather(form: dict[str, Any], name: str) -> None:
    """`a[b]=1` and `a[c][d]=2` become `{"b": "1", "c": {"d": "2"}}` under `a`; `a[]` and `a[0]` become lists."""
    spread = [key for key in form if key.startswith(f"{name}[") and key.endswith("]")]
    whole: Any = {}
    for key in spread:
        at, steps = whole, _KEYS.findall(key[len(name) :])
        for step in steps[:-1]:
            at = at.setdefault(step, {})
        at[steps[-1]] = form.pop(key)
    if spread:
        form[name] = _listed(whole)


def _listed(value: Any) -> Any:
    """Objects whose keys are indices, or none, as lists."""
    if not is_object(value):
        return value
    if list(value) == [""]:
        return value[""] if is_array(value[""]) else [value[""]]
    if value and all(key.isdigit() for key in value):
        return [_listed(value[key]) for key in sorted(value, key=int)]
    return {key: _listed(member) for key, member in value.items()}
