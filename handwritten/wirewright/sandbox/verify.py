"""Holds a sandbox's own answers to the spec."""

from __future__ import annotations

from collections.abc import Callable

from wirewright.contract.checks import check_content, check_response
from wirewright.contract.document import SpecOperation
from wirewright.sandbox.recording import BODY_KEPT, Exchange
from wirewright.sandbox.render import Outgoing, raw_headers


def verify_answer(operation: SpecOperation, exchange: Exchange, outgoing: Outgoing) -> None:
    """Notes what of an answer the spec does not allow: on the exchange, and the first of it in `x-sandbox-verdict`."""
    found = check_response(operation, outgoing.status, outgoing.header_pairs, outgoing.body, method=exchange.method)
    if outgoing.stream is not None:  # its body is judged piece by piece
        found = [problem for problem in found if problem.kind == "media_type" or not problem.place.startswith("body")]
    exchange.answer_problems += found
    if found:
        verdict = str(found[0]).encode("ascii", "replace").decode().replace("\n", " ")
        outgoing.headers += raw_headers({"x-sandbox-verdict": verdict[:500]})


def watch_stream(exchange: Exchange, operation: SpecOperation | None) -> Callable[[bytes], None]:
    """Keeps the beginning of a stream on the exchange and, with an operation, judges each piece."""
    status = exchange.status or 200
    response = operation.response(status) if operation else None
    headers = {name.lower(): value for name, value in exchange.answer_headers}
    framed = headers.get("content-type", "").startswith(("text/event-stream", "application/jsonl", "application/x-nd"))

    def seen(piece: bytes) -> None:
        if len(exchange.answer_body) < BODY_KEPT:
            exchange.answer_body += piece
        if response is not None and framed:
            exchange.answer_problems += check_content(response, exchange.method, status, headers, piece)

    return seen
