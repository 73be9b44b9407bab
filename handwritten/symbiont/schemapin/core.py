"""The one text of a tool's schema, and its hash (protocol sheet §10)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


class SchemaPinCore:
    """Canonical form: sorted members, no spaces, characters as they are, floats as Python writes them."""

    @staticmethod
    def canonicalize_schema(schema: Mapping[str, Any]) -> str:
        """The canonical text. Raises `ValueError` or `TypeError` for what is no JSON."""
        return json.dumps(schema, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

    @staticmethod
    def hash_canonical(canonical: str) -> bytes:
        """The SHA-256 of a text in UTF-8."""
        return hashlib.sha256(canonical.encode("utf-8")).digest()

    @classmethod
    def canonicalize_and_hash(cls, schema: Mapping[str, Any]) -> bytes:
        """Both in one."""
        return cls.hash_canonical(cls.canonicalize_schema(schema))
