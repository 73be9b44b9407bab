"""What the reader may touch, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """Limits and permissions of one read.

    Attributes:
        root: folder that no file may lie outside of. By default the folder of the document; for a document in
            `specs/<protocol>/<version>/` the folder of the protocol, so that one version may refer to another.
        allow_remote: follow references to `http` and `https` addresses. Never to private ones.
        overlays: OpenAPI Overlay documents, applied in this order.
        max_bytes: size of one file, in bytes.
        max_depth: how deep objects and arrays may nest.
        max_nodes: values in one file, aliases counted as often as they are used.
        max_files: files of one document.
        timeout: seconds to wait for a remote file.
    """

    root: Path | None = None
    allow_remote: bool = False
    overlays: tuple[Path, ...] = ()
    max_bytes: int = 64 * 1024 * 1024
    max_depth: int = 100
    max_nodes: int = 5_000_000
    max_files: int = 10_000
    timeout: float = 20.0
