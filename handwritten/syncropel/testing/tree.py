"""What the data plane keeps: a tree of paths, contents by their hash, and uploads on their way."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from wirewright.sandbox import Refuse

CHUNK_SIZE = 8_388_608
QUOTA = 1_073_741_824
ROOTS = ("/files", "/artifacts")
_RANGE = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+)").fullmatch


def content_hash(content: bytes) -> str:
    """The name of a content: its SHA-256 in lowercase hex."""
    return hashlib.sha256(content).hexdigest()


@dataclass
class Node:
    """A file, by the hash of its content, or a directory, which has none. `mtime` in Unix milliseconds."""

    mtime: int
    hash: str | None = None
    content_type: str | None = None

    @property
    def kind(self) -> str:
        """`file` or `dir`."""
        return "dir" if self.hash is None else "file"


@dataclass
class Upload:
    """Content on its way to a path."""

    path: str
    size: int
    content_type: str | None
    precondition: dict[str, Any] | None
    received: bytearray = field(default_factory=bytearray)


class Tree:
    """The data plane's state. Methods raise `Refuse` in the codes of the protocol."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {root: Node(0) for root in ROOTS}
        self.contents: dict[str, bytes] = {}
        self.pinned: set[str] = set()
        self.uploads: dict[str, Upload] = {}

    def node(self, path: str) -> Node:
        """What is at a path."""
        node = self.nodes.get(path)
        if node is None:
            raise Refuse(404, code="not_found", message=f"{path} does not exist")
        return node

    def file(self, path: str) -> Node:
        """The file at a path."""
        node = self.node(path)
        if node.hash is None:
            raise Refuse(400, code="is_directory", message=f"{path} is a directory")
        return node

    def size(self, path: str) -> int:
        """Bytes at a path, and below it."""
        below = [self.node(path), *(node for name, node in self.nodes.items() if name.startswith(f"{path}/"))]
        return sum(len(self.contents[node.hash]) for node in below if node.hash is not None)

    def children(self, path: str) -> list[tuple[str, Node]]:
        """Name and node of everything in a directory, by name."""
        if self.node(path).hash is not None:
            raise Refuse(400, code="not_a_directory", message=f"{path} is a file")
        prefix = f"{path}/"
        inside = ((name[len(prefix) :], node) for name, node in self.nodes.items() if name.startswith(prefix))
        return sorted((name, node) for name, node in inside if "/" not in name)

    # Writing

    def begin(self, upload_id: str, upload: Upload, used: int) -> None:
        """Open an upload."""
        self._writable(upload.path)
        if used + upload.size > QUOTA:
            message = f"{upload.size} bytes do not fit into the quota of {QUOTA}"
            raise Refuse(413, code="quota_exceeded", message=message)
        self._hold(upload)
        self.uploads[upload_id] = upload

    def append(self, upload_id: str, content_range: str, chunk: bytes) -> None:
        """Take the next chunk; one that is there already is taken again."""
        upload = self.upload(upload_id)
        found = _RANGE(content_range)
        if found is None:
            raise Refuse(400, code="invalid_range", message=f"{content_range!r} is no content range")
        first, last, total = map(int, found.groups())
        length = last - first + 1 if total else 0
        if total != upload.size or length != len(chunk) or first + len(chunk) > total or length > CHUNK_SIZE:
            raise Refuse(
                400, code="invalid_range", message=f"{content_range!r} does not fit {len(chunk)} bytes of {upload.size}"
            )
        if bytes(upload.received[first : first + length]) == chunk and first < len(upload.received):
            return
        if first != len(upload.received):
            message = f"Expected the chunk at {len(upload.received)}, not at {first}"
            raise Refuse(409, code="out_of_order", message=message)
        upload.received += chunk

    def complete(self, upload_id: str, now: int) -> tuple[str, Upload]:
        """Store an upload; the hash of its content."""
        upload = self.upload(upload_id)
        if len(upload.received) != upload.size:
            message = f"{len(upload.received)} of {upload.size} bytes have arrived"
            raise Refuse(400, code="incomplete", message=message)
        self._writable(upload.path)
        self._hold(upload)
        del self.uploads[upload_id]
        content = bytes(upload.received)
        name = content_hash(content)
        self.contents[name] = content
        self._parents(upload.path, now)
        self.nodes[upload.path] = Node(now, name, upload.content_type)
        return name, upload

    def upload(self, upload_id: str) -> Upload:
        """An upload that is open."""
        upload = self.uploads.get(upload_id)
        if upload is None:
            raise Refuse(404, code="not_found", message=f"There is no upload {upload_id}")
        return upload

    def _hold(self, upload: Upload) -> None:
        """The precondition of a write, checked."""
        if upload.precondition is None:
            return
        expected, node = upload.precondition.get("expected_hash"), self.nodes.get(upload.path)
        current = None if node is None else node.hash
        if expected != current:
            detail = json.dumps({"expected_hash": expected, "current_hash": current})
            raise Refuse(409, code="precondition_failed", message=detail)

    def _writable(self, path: str) -> None:
        """A path that may be written: clean, below /files, not a directory, and below none but directories."""
        checked_path(path)
        if not path.startswith("/files/"):
            raise Refuse(400, code="read_only", message=f"{path} is outside /files")
        node = self.nodes.get(path)
        if node is not None and node.hash is None:
            raise Refuse(409, code="is_directory", message=f"{path} is a directory")
        self._no_file_above(path)

    def _no_file_above(self, path: str) -> None:
        for parent in parents_of(path):
            node = self.nodes.get(parent)
            if node is not None and node.hash is not None:
                raise Refuse(409, code="not_a_directory", message=f"{parent} is a file")

    def _parents(self, path: str, now: int) -> None:
        for parent in parents_of(path):
            self.nodes.setdefault(parent, Node(now))

    # Changing

    def mkdir(self, path: str, now: int) -> None:
        """Make a directory and those above it."""
        checked_path(path)
        if not path.startswith("/files"):
            raise Refuse(400, code="read_only", message=f"{path} is outside /files")
        self._no_file_above(path)
        if self.nodes.setdefault(path, Node(now)).hash is not None:
            raise Refuse(409, code="exists", message=f"{path} is a file")
        self._parents(path, now)

    def move(self, source: str, target: str, now: int) -> None:
        """Move a file or a tree; a file at the target is replaced."""
        node = self.node(source)
        for path in (source, target):
            checked_path(path)
            if not path.startswith("/files/"):
                raise Refuse(400, code="read_only", message=f"{path} is outside /files")
        if target == source:
            return
        if target.startswith(f"{source}/"):
            raise Refuse(400, code="invalid_request", message=f"{source} cannot be moved into itself")
        there = self.nodes.get(target)
        if there is not None and (there.hash is None or node.hash is None):
            raise Refuse(409, code="exists", message=f"{target} is in the way")
        self._no_file_above(target)
        self._parents(target, now)
        for path in [name for name in self.nodes if name == source or name.startswith(f"{source}/")]:
            self.nodes[target + path[len(source) :]] = self.nodes.pop(path)

    def remove(self, path: str, recursive: bool) -> int:
        """Remove a file or a directory; how many nodes went."""
        node = self.node(path)
        if path in ROOTS or not path.startswith("/files/"):
            raise Refuse(400, code="read_only", message=f"{path} cannot be removed")
        below = [name for name in self.nodes if name.startswith(f"{path}/")]
        if node.hash is None and below and not recursive:
            raise Refuse(409, code="not_empty", message=f"{path} is not empty")
        for name in [path, *below]:
            del self.nodes[name]
        self._collect()
        return 1 + len(below)

    def publish(self, path: str, now: int) -> str:
        """Pin the content of a file under /artifacts; its hash."""
        node = self.file(path)
        name = str(node.hash)
        self.pinned.add(name)
        self.nodes[f"/artifacts/{name}"] = Node(now, name, node.content_type)
        return name

    def _collect(self) -> None:
        """Forget contents that nothing names any more."""
        named = {node.hash for node in self.nodes.values()}
        self.contents = {name: content for name, content in self.contents.items() if name in named}

    def used(self) -> int:
        """Bytes stored; the same content counts once."""
        return sum(len(content) for content in self.contents.values())


def checked_path(path: str) -> None:
    """Refuse a path that is not absolute, clean and below one of the roots."""
    clean = path.startswith("/") and all(segment not in {"", ".", ".."} for segment in path[1:].split("/"))
    if not clean or not any(path == root or path.startswith(f"{root}/") for root in ROOTS):
        raise Refuse(400, code="invalid_path", message=f"{path} must be a clean path below {' or '.join(ROOTS)}")


def parents_of(path: str) -> list[str]:
    """The directories above a path, outermost first."""
    segments = path[1:].split("/")[:-1]
    return ["/" + "/".join(segments[: depth + 1]) for depth in range(len(segments))]
