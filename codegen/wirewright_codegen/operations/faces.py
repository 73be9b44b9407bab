"""The ways to call a resource: sync and async, the value alone and with its response."""

from __future__ import annotations

from dataclasses import dataclass

from wirewright_codegen.operations.code import Code


@dataclass(frozen=True, slots=True)
class Face:
    """One way to call a resource: sync or async, the value alone or with its response."""

    asynchronous: bool
    plain: bool
    name: str = ""
    doc: str = ""

    @property
    def client(self) -> str:
        return "AsyncClient" if self.asynchronous else "Client"

    @property
    def keyword(self) -> str:
        return "async " if self.asynchronous else ""

    @property
    def wait(self) -> str:
        return "await " if self.asynchronous else ""

    @property
    def stream(self) -> str:
        return "AsyncEventStream" if self.asynchronous else "EventStream"

    @property
    def iterator(self) -> str:
        return "AsyncIterator" if self.asynchronous else "Iterator"

    @property
    def paginate(self) -> str:
        return "apaginate" if self.asynchronous else "paginate"

    @property
    def verb(self) -> str:
        return "send" if self.plain else "respond"

    @property
    def outer(self) -> str:
        return "" if self.plain else "Response"

    @property
    def close(self) -> str:
        return "aclose" if self.asynchronous else "close"

    @property
    def enter(self) -> str:
        return "__aenter__" if self.asynchronous else "__enter__"

    @property
    def leave(self) -> str:
        return "__aexit__" if self.asynchronous else "__exit__"

    def of(self, base: str) -> str:
        """The class of this face."""
        return f"{'Async' if self.asynchronous else ''}{base}{'' if self.plain else 'WithResponse'}"


FACES = tuple(Face(asynchronous, plain) for plain in (True, False) for asynchronous in (False, True))


class MethodCode(Code):
    """An operation as a method."""

    @property
    def own_signature(self) -> str:
        """The signature with `self`."""
        return ", ".join(["self", *([self.signature] if self.signature else [])])


@dataclass(frozen=True, slots=True)
class ResourceView:
    """A resource as `client.py` needs it."""

    module: str
    base: str
    doc: str

    @property
    def names(self) -> list[str]:
        return sorted(face.of(self.base) for face in FACES)

    def class_name(self, face: Face) -> str:
        return face.of(self.base)
