"""Calls of a generated package: its endpoint functions, called with the values of examples.

Which argument stands for which parameter is asked of the function itself: it is called with a mark for each argument,
and the request that comes back shows where the marks went.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, cast

import msgspec

from wirewright import codecs
from wirewright.bodies import File, FileContent
from wirewright.codecs import CodecError
from wirewright.contract.bodies import is_json, media_type_of
from wirewright.contract.document import SpecOperation
from wirewright.contract.example_calls import ExampleCall
from wirewright.contract.parameters import ABSENT
from wirewright.contract.uploads import without_files
from wirewright.operation import Operation
from wirewright.request import Request, StreamRequest

_PLACES = ("path", "query", "headers", "cookies")
_KNOWN: dict[str, Any] = {"UnsetType": msgspec.UnsetType, "File": File, "FileContent": FileContent, "Any": Any}


class NotGeneratedError(LookupError):
    """The package has no function for an operation, or for a part of it."""


class _Mark:
    """Stands for the value of one argument."""

    def __init__(self, name: str) -> None:
        self.name = name


@dataclass(frozen=True)
class Endpoint:
    """One endpoint function. `arguments` are its argument names by place and wire name."""

    function: Callable[..., Request[Any]]
    operation: Operation
    arguments: Mapping[tuple[str, str], str]
    media_type: str | None  # the name of the argument that chooses the form of the body
    streams: bool

    def call(self, call: ExampleCall) -> Request[Any]:
        """The request that the function makes. Raises CodecError when a value does not fit its type."""
        codec = codecs.get(self.operation.codec)
        given: dict[str, Any] = {}
        for place in _PLACES:
            for wire, value in getattr(call, place).items():
                name = self.arguments.get((place, wire))
                if name is None:
                    raise NotGeneratedError(f"{self.function.__name__} has no argument for {place}.{wire}")
                given[name] = codec.convert(value, self._hint(name))
        if call.body is not ABSENT:
            given["body"] = self._body(call)
            if self.media_type is not None:
                given[self.media_type] = call.media_type
        return self.function(**given)

    def _body(self, call: ExampleCall) -> Any:
        media_type = call.media_type or ""
        content = next((each for each in self.operation.request if each.media_type == media_type), None)
        kind = content.type() if content is not None and content.type is not None else Any
        if isinstance(call.body, bytes):
            return File(call.body)
        if kind in (bytes, Any) and not is_json(media_type_of(media_type)) and isinstance(call.body, str):
            return call.body.encode() if kind is bytes else call.body
        convert = codecs.get(self.operation.codec).convert
        try:
            return convert(call.body, kind)
        except CodecError:  # a class that is sent as JSON as well has texts where others have files
            return convert(without_files(call.body), kind)

    def _hint(self, name: str) -> Any:
        """The type of an argument; any, where its name is known to type checkers alone."""
        annotation = inspect.signature(self.function).parameters[name].annotation
        if not isinstance(annotation, str):
            return annotation
        names: dict[str, Any] = {**_KNOWN, **getattr(self.function, "__globals__", {})}
        try:
            return eval(annotation, names)  # noqa: S307 - the annotation of an imported function, not input
        except (NameError, AttributeError):
            return Any


class TypedCaller:
    """The endpoint functions of a generated package (`sbn_api.v0_14`)."""

    def __init__(self, package: str) -> None:
        self.package = package

    @cached_property
    def endpoints(self) -> Mapping[str, list[Endpoint]]:
        """By operationId; two for an operation that can be answered at once and as a stream."""
        found: dict[str, list[Endpoint]] = {}
        for module in self._modules():
            for name, function in sorted(vars(module).items()):
                if inspect.isfunction(function) and function.__module__ == module.__name__ and name[0] != "_":
                    endpoint = _endpoint(function)
                    if endpoint is not None:
                        found.setdefault(endpoint.operation.id, []).append(endpoint)
        return found

    def _modules(self) -> Iterator[ModuleType]:
        """The modules with the functions: one for each resource, which may be called like a function of it."""
        operations = import_module(f"{self.package}.operations")
        yield operations
        for each in iter_modules(operations.__path__):
            yield import_module(f"{operations.__name__}.{each.name}")

    @cached_property
    def codec(self) -> str:
        """The package's flavour."""
        return str(import_module(f"{self.package}._package").CODEC)

    def requests(self, operation: SpecOperation, call: ExampleCall) -> list[Request[Any]]:
        """What each function of the operation makes of a call."""
        return [endpoint.call(call) for endpoint in self.of(operation)]

    def of(self, operation: SpecOperation) -> list[Endpoint]:
        """The functions of an operation. Raises NotGeneratedError when there are none."""
        try:
            return self.endpoints[operation.id]
        except KeyError:
            raise NotGeneratedError(f"{self.package} has no function for {operation.id}") from None


def _endpoint(function: Callable[..., Any]) -> Endpoint | None:
    signature = inspect.signature(function)
    names = list(signature.parameters)
    try:
        request = function(**{name: _Mark(name) for name in names})
    except TypeError:
        return None
    if not isinstance(request, Request):
        return None
    arguments = {
        (place, wire): value.name
        for place in _PLACES
        for wire, value in getattr(cast(Any, request), place).items()
        if isinstance(value, _Mark)
    }
    chooses: Any = request.media_type
    return Endpoint(
        function,
        request.operation,
        arguments,
        chooses.name if isinstance(chooses, _Mark) else None,
        isinstance(request, StreamRequest),
    )
