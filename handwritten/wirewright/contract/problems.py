"""What can be wrong with a message, as values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

Kind = Literal[
    "unknown_operation",  # no operation of the document has this method and path
    "missing",  # a required parameter, header, member or body is absent
    "schema",  # a value is not what its schema says
    "media_type",  # a body in a form that is not documented
    "status",  # an answer with a status that is not documented
    "malformed",  # bytes that cannot be read at all: broken JSON, bad percent-encoding
    "security",  # no documented credential was sent
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One way in which a message breaks its contract.

    `place` names the part of the message (`path.id`, `query.limit`, `header.etag`, `body/items/0/name`);
    `message` is one sentence without the place; `rule` is the JSON pointer of the broken rule, where there is one.
    """

    kind: Kind
    place: str
    message: str
    rule: str | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"

    def to_json(self) -> dict[str, str | None]:
        return asdict(self)
