"""Unions that msgspec cannot hold natively: typed exactly for type checkers, decoded to the right variant at run time.

Generated code says

    if TYPE_CHECKING:
        Owner: TypeAlias = SimpleUser | Enterprise
    else:
        Owner = union_marker("Owner", __name__, lambda: (SimpleUser, Enterprise))

or, where the spec tells the variants apart by a property,

        Owner = union_marker("Owner", __name__, lambda: (SimpleUser, Enterprise),
                             discriminator="type", mapping=lambda: {"user": SimpleUser, "org": Enterprise})

Variants are any types the flavour can decode (objects, `list[A]`, `dict[str, A]`, scalars, enums, other markers). A
marker may stand alone, beside `None` and `UnsetType`, and in lists and maps, but in no wider union: the whole union is
the marker. The variants are given by a callable, so that they may be defined later in the module or in another one.

How a variant is picked for a value: by the discriminator; else by the kind of JSON value; among objects by their
`Literal` and tag fields, then by required keys, and among those that fit, the one that keeps most of the value's keys,
nested ones included (the earlier variant on a tie). A value that fits none stays as plain Python values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Variants = Callable[[], tuple[Any, ...]]
Mapped = Callable[[], Mapping[str, Any]]


class _Marker(type):
    """Makes `isinstance(x, Owner)` true for anything: msgspec checks what the hook answers with it."""

    __variants__: Variants
    __discriminator__: str | None
    __mapping__: Mapped | None

    def __instancecheck__(cls, instance: Any) -> bool:
        return True


def union_marker(
    name: str, module: str, variants: Variants, *, discriminator: str | None = None, mapping: Mapped | None = None
) -> Any:
    """A type that stands for a union; see the module's text."""
    return _Marker(
        name,
        (),
        {
            "__module__": module,
            "__slots__": (),
            "__variants__": staticmethod(variants),
            "__discriminator__": discriminator,
            "__mapping__": None if mapping is None else staticmethod(mapping),
        },
    )


def is_marker(type: Any) -> bool:
    """Whether a type was made by `union_marker`."""
    return isinstance(type, _Marker)
