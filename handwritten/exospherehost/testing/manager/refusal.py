"""Why the state manager does not do what it was asked to."""

from __future__ import annotations


class Refusal(Exception):  # noqa: N818  (it is an answer, not a failure)
    """An answer with an error status; `detail` is its text."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
