"""Paths that a spec does not know: which belong together, and what in them is a parameter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote

_ID = re.compile(
    r"\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,}|[A-Za-z]{1,12}[_-](?=[^/]*\d)[A-Za-z0-9_-]{6,}|(?=[^/]*\d)(?=[^/]*[a-zA-Z])"
    r"[A-Za-z0-9_-]{16,}",
    re.ASCII,
)
_VARIANTS = 3  # so many different values of one segment make it a parameter
_COLLECTION = re.compile(
    r"[A-Za-z_-]+s", re.ASCII
)  # what holds many things of a kind: `users`, and neither `v1` nor `api`


def template_of(path: str, known: Iterable[str]) -> str:
    """The template that a path fits: one of the spec's, else one with parameters in place of ids."""
    for template in known:
        if _fits(template, path):
            return template
    parts: list[str] = []
    for segment in path.split("/"):
        parts.append("{" + _name(parts) + "}" if _ID.fullmatch(unquote(segment)) else segment)
    return "/".join(parts)


def merged(paths: Iterable[str]) -> dict[str, str]:
    """Templates of paths that are alike: a segment after a collection that varies, where all others are the same, is a
    parameter."""
    result = {path: path for path in paths}
    for path in list(result):
        segments = path.split("/")
        for index in range(2, len(segments)):
            if _COLLECTION.fullmatch(segments[index - 1]) is None:
                continue
            alike = [other for other in result if _alike(other.split("/"), segments, index)]
            if len(alike) >= _VARIANTS and not segments[index].startswith("{"):
                name = _name(segments[:index])
                template = "/".join([*segments[:index], "{" + name + "}", *segments[index + 1 :]])
                result |= dict.fromkeys(alike, template)
    return result


def parameters_of(template: str) -> list[str]:
    """The names of the parameters in a template."""
    return re.findall(r"\{([^{}]+)\}", template)


def operation_id(method: str, template: str) -> str:
    """`get_users_user_id` for `GET /users/{user_id}`."""
    words = re.findall(r"[A-Za-z0-9]+", template)
    return "_".join([method.lower(), *(word.lower() for word in words)])


def _fits(template: str, path: str) -> bool:
    pattern = re.sub(r"\\\{[^{}]*\\\}", "[^/]+", re.escape(template.partition("?")[0]))
    return re.fullmatch(pattern, path) is not None


def _name(before: list[str]) -> str:
    """`user_id` after `users`; a number is added where the name is taken."""
    words = [re.sub(r"\W", "_", part) for part in before if part and not part.startswith("{")]
    stem = words[-1] if words else ""
    single = stem[:-3] + "y" if stem.endswith("ies") else stem[:-1] if stem.endswith("s") and len(stem) > 3 else stem
    name = f"{single}_id" if single else "id"
    taken = sum(1 for part in before if part.startswith("{" + name))
    return f"{name}_{taken + 1}" if taken else name


def _alike(other: list[str], segments: list[str], index: int) -> bool:
    return len(other) == len(segments) and all(
        one == two for number, (one, two) in enumerate(zip(other, segments, strict=True)) if number != index
    )
