"""Rendered clusters, kept by what went into them: an unchanged cluster is not rendered again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

LIMIT = 2000
_WRITERS = ("datamodel-code-generator", "jinja2", "openapi-python-client", "ruff")


@cache
def generator_digest() -> str:
    """A digest of the generator and of the libraries that write for it: nothing kept outlives a change of them."""
    folder = Path(__file__).parent
    digest = hashlib.sha256(" ".join(version(name) for name in _WRITERS).encode())
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".jinja2")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


class Cache:
    """A folder of JSON files, each named by the hash of its question. A damaged file counts as missing."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    @staticmethod
    def key(question: Any) -> str:
        """The hash of a JSON value."""
        text = json.dumps(question, sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def get(self, key: str) -> dict[str, Any] | None:
        """What was kept under a key."""
        if self._folder is None:
            return None
        try:
            found: object = json.loads((self._folder / f"{key}.json").read_text())
        except (OSError, ValueError):
            return None
        return cast("dict[str, Any]", found) if isinstance(found, dict) else None

    def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Keep a value. A folder that cannot be written is no error: the cache is a convenience."""
        if self._folder is None:
            return
        with contextlib.suppress(OSError):
            self._make()
            with tempfile.NamedTemporaryFile("w", dir=self._folder, suffix=".tmp", delete=False) as file:
                json.dump(value, file)
            Path(file.name).replace(self._folder / f"{key}.json")
            self._forget_oldest(self._folder)

    def _make(self) -> None:
        """The folder, which git passes over: nobody commits a cache by `git add .`."""
        assert self._folder is not None
        if not self._folder.is_dir():
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / ".gitignore").write_text("*\n", encoding="utf-8")

    @staticmethod
    def _forget_oldest(folder: Path) -> None:
        """Keep the folder small: above the limit the older half goes."""
        files = [path for path in folder.iterdir() if path.name != ".gitignore"]
        if len(files) > LIMIT:
            for path in sorted(files, key=lambda path: path.stat().st_mtime)[: len(files) // 2]:
                path.unlink(missing_ok=True)
