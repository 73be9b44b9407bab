"""The data plane: files, artifacts and where they came from (protocol sheet §19).

Strict, unlike emitting: every answer that is no success, and every broken connection, raises `SyncropelDataError`.
"""

from __future__ import annotations

import builtins
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from syncropel_api.v0_7.operations import blobs
from syncropel_api.v0_7.operations import data as operations

from syncropel import wire
from syncropel.checks import is_object

if TYPE_CHECKING:
    from wirewright.client import AsyncClient
    from wirewright.errors import WirewrightError
    from wirewright.request import Request

DEFAULT_CHUNK_SIZE = 8_388_608
"""Bytes of one chunk where the kernel names none."""


_CHUNK = {"content-type": "application/octet-stream"}


class _Unset(Enum):
    UNSET = "unset"

    def __repr__(self) -> str:
        return "<unset>"


UNSET: Final = _Unset.UNSET


class SyncropelDataError(Exception):
    """A data call failed. `status` is 0 and `code` `transport_error` when no answer came.

    For a conflict, `expected_hash` and `current_hash` say what the writer expected and what is there; otherwise both
    are a sentinel that is neither None nor a string.
    """

    def __init__(
        self,
        op: str,
        status: int,
        code: str,
        detail: str,
        *,
        expected_hash: str | _Unset | None = UNSET,
        current_hash: str | _Unset | None = UNSET,
    ) -> None:
        super().__init__(f"{op} failed (HTTP {status} {code}): {detail}")
        self.op = op
        self.status = status
        self.code = code
        self.detail = detail
        self.expected_hash = expected_hash
        self.current_hash = current_hash

    @property
    def is_conflict(self) -> bool:
        """Whether somebody else was faster: the precondition of a write did not hold."""
        return self.status == HTTPStatus.CONFLICT and self.code == "precondition_failed"


@dataclass(frozen=True)
class WriteResult:
    """Stored content: its name, and its length in bytes."""

    content_hash: str
    size_bytes: int


@dataclass(frozen=True)
class MaterialProvenance:
    """Where a piece of content came from."""

    work_thread: str
    actor: str
    goal_summary: str
    clock: int
    content_hash: str


@dataclass(frozen=True)
class StatResult:
    """What is at a path; `size_bytes` in bytes, `mtime` as the kernel writes it."""

    kind: str
    size_bytes: int
    content_hash: str | None
    mtime: Any
    content_type: str | None
    pin_state: str | None
    provenance: MaterialProvenance | None


@dataclass(frozen=True)
class ListResult:
    """A page of a directory; `cursor` leads to the next one."""

    entries: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    cursor: str | None = None


@dataclass(frozen=True)
class ReadUrlResult:
    """Where bytes are, for `expires_in` seconds."""

    blob_url: str
    expires_in: int
    via: str


@dataclass(frozen=True)
class PublishResult:
    """Content that was pinned."""

    content_hash: str
    manifest_record_id: str | None
    pin_state: str


@dataclass(frozen=True)
class UsageResult:
    """Bytes stored and bytes allowed."""

    used: int
    quota: int


class ClientData:
    """The data plane of one client. Reached as `Client.data`; takes an `httpx.AsyncClient` too."""

    def __init__(self, http: Any) -> None:
        self._client: AsyncClient = wire.async_client(http)

    async def write(
        self,
        *,
        path: str,
        data: bytes | bytearray | str,
        content_type: str | None = None,
        expected_hash: str | _Unset | None = UNSET,
    ) -> WriteResult:
        """Store `data` (a string as UTF-8) at `path`, all of it or nothing.

        `expected_hash`: left out, the last writer wins; a hash, only content with that hash is replaced; None, there
        must be nothing yet. Raises `SyncropelDataError`, with `is_conflict` when somebody else was faster.
        """
        if not path:
            raise ValueError("data.write requires a path")
        content = data.encode() if isinstance(data, str) else bytes(data)
        announced: dict[str, Any] = {"path": path, "size_bytes": len(content)}
        if content_type is not None:
            announced["content_type"] = content_type
        if expected_hash is not UNSET:
            announced["precondition"] = {"expected_hash": expected_hash}
        opened = await self._object("data.write/init", operations.data_init_write(wire.json_body(announced)))
        upload_id = opened["upload_id"]
        await self._upload(upload_id, content, opened.get("chunk_size") or DEFAULT_CHUNK_SIZE)
        stored = await self._object(
            "data.write/complete", operations.data_complete_write(wire.json_body({"upload_id": upload_id}))
        )
        return WriteResult(stored["content_hash"], stored["size_bytes"])

    async def _upload(self, upload_id: str, content: bytes, chunk_size: int) -> None:
        total = len(content)
        for start in range(0, total, chunk_size) if total else (0,):
            end = min(start + chunk_size, total)
            content_range = f"bytes {start}-{max(end - 1, 0)}/{total}"
            request = blobs.upload_blob_chunk(upload_id, content[start:end], content_range=content_range)
            await self._call("data.blobs/upload", request.with_options(headers=_CHUNK))

    async def read_url(self, path: str) -> ReadUrlResult:
        """Where the bytes of `path` are, for a while."""
        answer = await self._object("data.read-url", operations.data_get_read_url(wire.json_body({"path": path})))
        return ReadUrlResult(answer["blob_url"], answer["expires_in"], answer["via"])

    async def read(self, path: str) -> bytes:
        """The bytes at `path`. Credentials are not shown to another host that keeps them."""
        where = await self.read_url(path)
        return await self._call("data.read", wire.download(where.blob_url, self._client.base_url))

    async def read_text(self, path: str, encoding: str = "utf-8") -> str:
        """The text at `path`."""
        return (await self.read(path)).decode(encoding)

    async def list(self, path: str, *, cursor: str | None = None, limit: int | None = None) -> ListResult:
        """A page of the directory `path`."""
        answer = await self._object("data.list", operations.data_list_entries(path=path, cursor=cursor, limit=limit))
        return ListResult(answer.get("entries") or [], answer.get("cursor"))

    async def stat(self, path: str) -> StatResult:
        """What is at `path`."""
        answer = await self._object("data.stat", operations.data_stat(path=path))
        provenance = answer.get("provenance")
        return StatResult(
            kind=answer["kind"],
            size_bytes=answer["size_bytes"],
            content_hash=answer.get("content_hash"),
            mtime=answer["mtime"],
            content_type=answer.get("content_type"),
            pin_state=answer.get("pin_state"),
            provenance=MaterialProvenance(**provenance) if is_object(provenance) else None,
        )

    async def mkdir(self, path: str) -> None:
        """Make the directory `path`."""
        await self._call("data.mkdir", operations.data_make_directory(wire.json_body({"path": path})))

    async def mv(self, from_path: str, to_path: str) -> None:
        """Move a file or a tree."""
        await self._call("data.mv", operations.data_move(wire.json_body({"from": from_path, "to": to_path})))

    async def rm(self, path: str, *, recursive: bool = False) -> dict[str, Any]:
        """Remove a file, or a directory: an empty one, or with `recursive` any."""
        answer: dict[str, Any] = await self._json(
            "data.rm", operations.data_remove(wire.json_body({"path": path, "recursive": recursive}))
        )
        return answer

    async def materials(self, *, q: str | None = None, limit: int | None = None) -> builtins.list[dict[str, Any]]:
        """Content that was written, narrowed by a piece `q` of its path."""
        answer = await self._object("data.materials", operations.data_list_materials(q=q, limit=limit))
        found: list[dict[str, Any]] = answer.get("materials") or answer.get("data") or []
        return found

    async def node(self, path: str) -> Any:
        """What the kernel knows about a node, as it says it."""
        return await self._json("data.node", operations.data_get_node(path=path))

    async def publish(self, path: str, *, storage_class: str | None = None) -> PublishResult:
        """Promote the file at `path` to the content-addressed tree."""
        body = {"path": path, "storage_class": storage_class} if storage_class else {"path": path}
        answer = await self._object("data.publish", operations.data_publish(wire.json_body(body)))
        return PublishResult(answer["content_hash"], answer.get("manifest_record_id"), answer["pin_state"])

    async def usage(self) -> UsageResult:
        """Bytes stored and bytes allowed."""
        answer = await self._object("data.usage", operations.data_get_usage())
        return UsageResult(answer.get("used") or 0, answer.get("quota") or 0)

    async def capabilities(self) -> dict[str, Any]:
        """What the data plane can do."""
        answer: dict[str, Any] = await self._json("data.capabilities", operations.data_get_capabilities())
        return answer

    async def provenance(
        self, *, region: str | None = None, cursor: str | None = None, limit: int | None = None
    ) -> Any:
        """Where content came from, ordered by clock, as the kernel says it."""
        return await self._json(
            "data.provenance", operations.data_list_provenance(region=region, cursor=cursor, limit=limit)
        )

    async def _call(self, op: str, request: Request[Any]) -> bytes:
        outcome = await self._client.deliver(wire.strictly(request))
        if outcome.error is not None:
            raise failure(op, outcome.error) from outcome.error
        return outcome.value or b""

    async def _json(self, op: str, request: Request[Any]) -> Any:
        return wire.from_json(await self._call(op, request))

    async def _object(self, op: str, request: Request[Any]) -> dict[str, Any]:
        answer: dict[str, Any] = await self._json(op, request)
        return answer


def failure(op: str, error: WirewrightError) -> SyncropelDataError:
    """A failed call as this plane's error. Its kernels write `error` before `code`, and `detail` before `message`."""
    if not wire.is_status(error):
        return SyncropelDataError(op, 0, "transport_error", str(wire.cause_of(error)))
    envelope = wire.json_object(error.content)
    code = str(envelope.get("error") or envelope.get("code") or f"http_{error.status}")
    detail = envelope.get("detail") or envelope.get("message") or wire.reason(error.status)
    return SyncropelDataError(op, error.status, code, str(detail), **_hashes(code, detail))


def _hashes(code: str, detail: Any) -> dict[str, Any]:
    if code != "precondition_failed" or not isinstance(detail, str):
        return {}
    conflict = wire.json_object(detail.encode(errors="replace"))
    return {name: conflict[name] for name in ("expected_hash", "current_hash") if name in conflict}
