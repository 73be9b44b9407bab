"""Keeps secrets out of what people read."""

from __future__ import annotations

import traceback
from collections.abc import Iterable

MASK = "***"


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text without any of the secrets, also where it quotes them as Python does."""
    forms = {form for secret in secrets if secret for form in (secret, repr(secret)[1:-1])}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, MASK)
    return text


def text_of(error: BaseException) -> str:
    """What the exception says, as text that can be sent: nothing an exception does keeps it from being reported."""
    try:
        text = str(error)
    except Exception:
        text = type(error).__name__
    return text.encode("utf-8", "replace").decode()


def traceback_without(error: BaseException, secrets: Iterable[str]) -> str:
    """The traceback of an exception, as the interpreter prints it, without any of the secrets."""
    return redact("".join(traceback.format_exception(error)).rstrip(), secrets)
