"""Rendered clusters, kept by what went into them: an unchanged cluster is not rendered again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast


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
            self._folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=self._folder, suffix=".tmp", delete=False) as file:
                json.dump(value, file)
            Path(file.name).replace(self._folder / f"{key}.json")
