"""A request as a command line that can be pasted into a shell."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Sequence

_LEFT_OUT = frozenset(
    {
        "host",
        "content-length",
        "user-agent",
        "accept-encoding",
        "connection",
        "transfer-encoding",
        "x-schemathesis-testcaseid",
    }
)


def as_curl(method: str, url: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b"") -> str:
    """`curl` with the same method, URL, headers and body; a body that is no text is decoded from base64."""
    words = ["curl", "-sS", "-i", "-g"]
    words += ["-I"] if method == "HEAD" else ["-X", method]
    words.append(shlex.quote(url))
    for name, value in headers:
        if name.lower() not in _LEFT_OUT:
            words += ["-H", shlex.quote(f"{name}: {value}" if value else f"{name};")]
    if not body:
        return " ".join(words)
    text = _printable(body)
    if text is not None:
        return " ".join([*words, "--data-binary", shlex.quote(text)])
    return f"echo {base64.b64encode(body).decode()} | base64 -d | {' '.join(words)} --data-binary @-"


def _printable(body: bytes) -> str | None:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    harmless = all(char.isprintable() or char in "\n\t" for char in text) and not text.startswith("@")
    return text if harmless else None
