"""Calls of any spec without generated code: its operations for the runtime's client, decoded to plain JSON values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from msgspec import UNSET

from wirewright.contract.document import MediaType, SpecDocument, SpecOperation
from wirewright.contract.example_calls import ExampleCall
from wirewright.contract.parameters import ABSENT
from wirewright.operation import Content, Encoding, Operation, Parameter
from wirewright.request import Request, StreamRequest

STREAMS = ("text/event-stream", "application/jsonl", "application/x-ndjson", "application/json-seq")


class UntypedCaller:
    """Makes requests of example calls."""

    codec = "msgspec"

    def __init__(self, document: SpecDocument) -> None:
        self._document = document
        self._operation = lru_cache(maxsize=None)(untyped_operation)

    def requests(self, operation: SpecOperation, call: ExampleCall) -> list[Request[Any]]:
        """The request of a call; for an operation that answers with a stream one that reads it as such."""
        kind: type[Request[Any]] = StreamRequest if streams(operation) else Request
        return [
            kind(
                self._operation(operation),
                path=call.path,
                query=call.query,
                headers=call.headers,
                cookies=call.cookies,
                body=UNSET if call.body is ABSENT else call.body,
                media_type=None if call.body is ABSENT else call.media_type,
            )
        ]


def streams(operation: SpecOperation) -> bool:
    """Whether an operation's successes are streams, and nothing else."""
    forms = [name for key, response in operation.responses.items() if key[0] == "2" for name in response.content]
    return bool(forms) and all(name.startswith(STREAMS) for name in forms)


def untyped_operation(operation: SpecOperation) -> Operation:
    """An operation of a document as a value of the runtime."""
    declared = operation.declared
    body = operation.body
    return Operation(
        operation.id,
        operation.method,
        operation.path.partition("#")[0],
        codec="msgspec",
        parameters=[_parameter(each) for each in declared.get("parameters", ())],
        request=[_content(form) for form in body.content.values()] if body else (),
        responses={
            key: [_content(form) for form in response.content.values()] for key, response in operation.responses.items()
        },
        security=[tuple(alternative) for alternative in operation.security],
        idempotency_header=declared.get("x-idempotency-key"),
        deprecated=bool(declared.get("deprecated", False)),
    )


def _parameter(declared: Mapping[str, Any]) -> Parameter:
    content = declared.get("content")
    return Parameter(
        declared["in"],
        str(declared["name"]),
        style=declared.get("style"),
        explode=declared.get("explode"),
        allow_reserved=bool(declared.get("allowReserved", False)),
        media_type=next(iter(content)) if content else None,
    )


def _content(form: MediaType) -> Content:
    encoding = {
        str(name): Encoding(
            content_type=value.get("contentType"),
            style=value.get("style"),
            explode=value.get("explode"),
            allow_reserved=bool(value.get("allowReserved", False)),
        )
        for name, value in form.declared.get("encoding", {}).items()
    }
    return Content(form.name, encoding=encoding or None)
