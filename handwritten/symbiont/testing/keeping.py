"""What survives a restart of the sandbox: a file with the state as it was a moment ago.

The file is a pickle that names nothing but values of this package and a few of the standard library's: one that names
anything else is refused before it is made.
"""

from __future__ import annotations

import asyncio
import io
import pickle
import time
from pathlib import Path
from types import MethodType
from typing import Any, Final
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

BEHIND: Final = 0.1  # seconds
SHARE: Final = 10  # writing takes a tenth of the time at most, however large the state is
PACKAGE: Final = "symbiont.testing."
PLAIN: Final = frozenset(
    {
        ("builtins", "frozenset"), ("builtins", "set"), ("collections", "deque"), ("datetime", "datetime"),
        ("datetime", "timedelta"), ("datetime", "timezone"), ("random", "Random"),
    }
)  # fmt: skip


class Keeper:
    """Keeps attributes of an owner in a file; without a path it keeps nothing."""

    def __init__(self, path: str | None, owner: Any, names: tuple[str, ...]) -> None:
        if path is not None and "://" in path:
            raise ValueError("the state is kept in a file, not in a database")
        self._path = Path(path) if path else None
        self._owner, self._names = owner, names
        self._timer: asyncio.TimerHandle | None = None
        self._pause = BEHIND

    def load(self) -> None:
        """Give the owner what was kept. Raises ValueError for a file that this sandbox has not written."""
        if self._path is None or not self._path.exists():
            return
        try:
            kept: dict[str, Any] = _Reader(self._path.read_bytes(), self._owner).load()
            known = {name: kept[name] for name in self._names}
        except Exception as error:  # a broken pickle raises anything
            raise ValueError(f"{self._path} holds no state of this sandbox: {error}") from error
        for name, value in known.items():
            setattr(self._owner, name, value)

    def touch(self) -> None:
        """Something may change: write within a moment, however much changes until then."""
        if self._path is not None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._pause, self.save)

    def save(self) -> None:
        """Write now."""
        if self._path is None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        began = time.perf_counter()
        buffer = io.BytesIO()
        _Writer(buffer, self._owner).dump({name: getattr(self._owner, name) for name in self._names})
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_name(f"{self._path.name}.new")
        beside.touch(mode=0o600)
        beside.write_bytes(buffer.getvalue())
        beside.replace(self._path)
        self._pause = max(BEHIND, SHARE * (time.perf_counter() - began))

    def erase(self) -> None:
        """Forget everything."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


class _Writer(pickle.Pickler):
    """The owner and its methods are names in the file."""

    def __init__(self, file: io.BytesIO, owner: Any) -> None:
        super().__init__(file, protocol=5)
        self._owner = owner

    def persistent_id(self, obj: Any) -> str | None:
        if isinstance(obj, MethodType) and obj.__self__ is self._owner:
            return obj.__name__
        return "" if obj is self._owner else None

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, EllipticCurvePrivateKey):
            return key_of, (obj.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),)
        return (zone_of, (obj.key,)) if isinstance(obj, ZoneInfo) else NotImplemented


class _Reader(pickle.Unpickler):
    """Makes values, and nothing else."""

    def __init__(self, content: bytes, owner: Any) -> None:
        super().__init__(io.BytesIO(content))
        self._owner = owner

    def persistent_load(self, pid: str) -> Any:
        return getattr(self._owner, pid) if pid else self._owner

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        is_ours = module_name.startswith(PACKAGE) and "." not in global_name
        if not is_ours and (module_name, global_name) not in PLAIN:
            raise pickle.UnpicklingError(f"{module_name}.{global_name} is no state")
        found = super().find_class(module_name, global_name)
        is_value = isinstance(found, type) or found in {key_of, zone_of}
        if is_ours and not (is_value and found.__module__ == module_name):
            raise pickle.UnpicklingError(f"{module_name}.{global_name} is no state")
        return found


def key_of(der: bytes) -> Any:
    """The private key that was written."""
    return load_der_private_key(der, None)


def zone_of(name: str) -> ZoneInfo:
    """The time zone of a name."""
    return ZoneInfo(name)
