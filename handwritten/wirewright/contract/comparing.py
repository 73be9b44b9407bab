"""Recorded traffic against a spec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from wirewright.contract.bodies import is_json, media_type_of, read_body
from wirewright.contract.checks import WireRequest, check_request, check_response
from wirewright.contract.document import SpecDocument, SpecOperation
from wirewright.contract.masking import header_value
from wirewright.contract.problems import Problem
from wirewright.contract.recording import Traffic
from wirewright.contract.routing import Router
from wirewright.contract.schemas import look_up
from wirewright.messages import MASK


@dataclass(frozen=True)
class Judged:
    """One exchange, the operation that it is one of (None when the spec has none), and what is wrong on each side."""

    traffic: Traffic
    operation: SpecOperation | None
    request_problems: tuple[Problem, ...] = ()
    answer_problems: tuple[Problem, ...] = ()

    @property
    def kept(self) -> bool:
        return not self.request_problems and not self.answer_problems


def origins(traffic: Iterable[Traffic]) -> list[str]:
    """The servers that a recording talks to: scheme, host and port."""
    parts = (urlsplit(each.url) for each in traffic)
    return sorted({f"{part.scheme}://{part.netloc}" for part in parts if part.netloc})


def of_server(traffic: Iterable[Traffic], base: str) -> list[Traffic]:
    """The exchanges with one server, their targets relative to its base URL."""
    found: list[Traffic] = []
    stem = base.rstrip("/")
    for each in traffic:
        if each.url and not each.url.startswith((stem + "/", stem + "?")) and each.url != stem:
            continue
        path = urlsplit(stem).path
        target = each.request.target.removeprefix(path) or "/"
        found.append(replace(each, request=replace(each.request, target=target)))
    return found


def compare(document: SpecDocument, traffic: Iterable[Traffic], *, security: bool = False) -> Iterator[Judged]:
    """Judges each exchange. What was masked is not held against anyone."""
    router = Router(document)
    for each in traffic:
        request = each.request
        match = router.match(request.method, request.raw_path, request.query)
        if match is None:
            yield Judged(each, None, tuple(check_request(document, request, router=router)))
            continue
        sent = check_request(document, request, security=security, router=router)
        got = [] if each.status is None else check_response(match.operation, each.status, each.headers, each.body)
        yield Judged(
            each,
            match.operation,
            tuple(problem for problem in sent if not _masked_in_request(problem, request)),
            tuple(problem for problem in got if not _masked_in_body(problem, each.body, each.headers)),
        )


def _masked_in_request(problem: Problem, request: WireRequest) -> bool:
    place, _, name = problem.place.partition(".")
    if place == "header":
        return MASK in request.header_map.get(name.lower(), "")
    if place in {"query", "path", "cookie"}:
        return MASK in request.target or MASK in request.header_map.get("cookie", "")
    return _masked_in_body(problem, request.body, request.headers)


def _masked_in_body(problem: Problem, body: bytes, headers: tuple[tuple[str, str], ...]) -> bool:
    """Whether the value that breaks the spec is a mask."""
    root, slash, path = problem.place.partition("/")
    content_type = header_value(headers, "content-type")
    if root != "body" or not is_json(media_type_of(content_type)):
        return MASK.encode() in body and not is_json(media_type_of(content_type))
    try:
        value: Any = look_up(read_body(body, content_type), slash + path)
    except (LookupError, ValueError, TypeError):
        return False
    return bool(value == MASK)
