"""A contract as a list of cases, each a promise that the client and the spec make to each other.

    suite = Suite.of_protocol("sbn")          # or Suite.of_file("openapi.yaml")
    for case in suite.cases():
        case.check()                          # raises ContractError, which names the operation and all that is wrong

There is one case for each operation, each event of its streams, and each error that it documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Literal

from wirewright.contract.document import SpecDocument, SpecOperation
from wirewright.contract.example_calls import fails
from wirewright.contract.shapes import is_object
from wirewright.contract.typed import TypedCaller

Kind = Literal["operation", "event", "error", "message", "server"]


class ContractError(AssertionError):
    """A promise was not kept. `operation` is the operationId, `faults` one sentence for each thing that is wrong."""

    def __init__(self, operation: SpecOperation | str, faults: list[str]) -> None:
        self.faults = faults
        self.operation = operation if isinstance(operation, str) else operation.id
        head = operation if isinstance(operation, str) else f"{operation.id} ({operation.method} {operation.path})"
        lines = "".join(f"\n  - {fault}" for fault in faults)
        super().__init__(f"{head} does not keep its contract:{lines}")


@dataclass(frozen=True)
class Case:
    """One promise. `id` is made of operationId and subject: `watch_thread`, `watch_thread:heartbeat`, `get_app-404`."""

    id: str
    kind: Kind
    operation: str
    find_faults: Callable[[], list[str]] = field(repr=False)
    where: SpecOperation | None = None

    def check(self) -> None:
        """Raises ContractError when something is wrong."""
        faults = self.find_faults()
        if faults:
            raise ContractError(self.where or self.operation, faults)


class Suite:
    """The contract of one version of a protocol, or of any spec, with the client that was generated from it."""

    def __init__(self, name: str, document: SpecDocument, package: str | Callable[[], str]) -> None:
        self.name = name
        self.document = document
        self._package = package

    @classmethod
    def of_protocol(cls, name: str, version: str | None = None) -> Suite:
        """Of an installed protocol. Raises ProtocolError."""
        from wirewright.protocols import Protocol, find_protocol

        protocol = find_protocol(name)
        chosen = protocol.version(version)
        document = Protocol.document(protocol, chosen)  # a protocol may serve more than its spec says (old paths)
        return cls(f"{name}/{chosen}", document, protocol.versions[chosen].package)

    @classmethod
    def of_file(cls, file: str | Path, package: str | None = None) -> Suite:
        """Of any spec. Without a generated package one is generated, into the user's cache, when it is first needed."""
        from wirewright.sandbox.loading import load_document

        path = Path(file)
        document = load_document(path)
        if package is not None:
            return cls(path.name, document, package)
        from wirewright.contract.generated import package_for

        return cls(path.name, document, lambda: package_for(path, document))

    @cached_property
    def caller(self) -> TypedCaller:
        """The generated client."""
        return TypedCaller(self._package if isinstance(self._package, str) else self._package())

    def cases(self, *, only: Callable[[str], bool] = lambda operation: True) -> Iterator[Case]:
        """Every case of the operations whose id `only` holds for, in the order of the document."""
        for operation in self.document.operations:
            if only(operation.id):
                yield from self._of_operation(operation)
        for name in self.document.raw.get("webhooks", {}):
            if only(str(name)):
                yield from self._of_message(str(name))

    def _of_operation(self, operation: SpecOperation) -> Iterator[Case]:
        def case(suffix: str, kind: Kind, find: Callable[[], list[str]]) -> Case:
            return Case(operation.id + suffix, kind, operation.id, find, operation)

        yield case("", "operation", partial(_of_operation, self, operation))
        for name in _events(operation):
            yield case(f":{name}", "event", partial(_of_event, self, operation, name))
        for key, response in operation.responses.items():
            if fails(operation, response):
                yield case(f"-{key}", "error", partial(_of_error, self, operation, key))

    def _of_message(self, name: str) -> Iterator[Case]:
        from wirewright.contract.messages import of_message

        item = self.document.raw["webhooks"][name]
        if is_object(item) and any(is_object(each) and each.get("requestBody") for each in item.values()):
            yield Case(f"webhook:{name}", "message", name, lambda: of_message(self.caller, self.document, name))


def _of_operation(suite: Suite, operation: SpecOperation) -> list[str]:
    from wirewright.contract import promises

    return promises.of_operation(suite.caller, operation)


def _of_event(suite: Suite, operation: SpecOperation, name: str) -> list[str]:
    from wirewright.contract import promises

    return promises.of_event(suite.caller, operation, name)


def _of_error(suite: Suite, operation: SpecOperation, key: str) -> list[str]:
    from wirewright.contract import promises

    return promises.of_error(suite.caller, operation, key)


def _events(operation: SpecOperation) -> list[str]:
    return [
        str(name)
        for response in operation.responses.values()
        if not response.is_error
        for form in response.content.values()
        for name in form.declared.get("x-sse-events", ())
    ]
