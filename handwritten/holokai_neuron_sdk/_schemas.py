"""JSON Schema validation of inputs and outputs: compiled once, never fetching anything."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from typing import Any, Protocol, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

_CACHED = 512
# By name, because these have no types, or half of them.
_META_SCHEMAS = cast("Registry[Any]", import_module("jsonschema_specifications").REGISTRY)
_best_match = cast(
    "Callable[[Iterable[ValidationError]], ValidationError | None]", import_module("jsonschema.exceptions").best_match
)


class _Validator(Protocol):
    def is_valid(self, instance: object) -> bool: ...
    def iter_errors(self, instance: object) -> Iterator[ValidationError]: ...


class Schema:
    """A compiled schema. One that is invalid fits nothing and says why."""

    def __init__(self, document: Any) -> None:
        self._problem: str | None = None
        self._validator: _Validator | None = None
        try:
            self._validator = _compile(document)
        except SchemaError as error:
            self._problem = f"invalid schema: {error.message}"
        except (Unresolvable, RecursionError, TypeError, ValueError) as error:
            self._problem = f"invalid schema: {error}"

    def problem(self, instance: object) -> str | None:
        """What is most wrong with `instance`, in words, or None when it fits."""
        if self._validator is None:
            return self._problem
        try:
            if self._validator.is_valid(instance):
                return None
            found = _best_match(self._validator.iter_errors(instance))
            return found.message if found else None
        except Unresolvable as error:
            return f"invalid schema: {error}"
        except RecursionError:
            return "invalid schema: it refers to itself without end, or the value is nested too deeply"
        except (
            Exception
        ) as error:  # whatever a hostile schema brings about (a pattern that is no regex ...) is the schema's fault
            return f"invalid schema: {error or type(error).__name__}"


def _compile(document: Any) -> _Validator:
    if type(document) not in (dict, bool):
        # Said by the meta-schema in the same words for a string; a number would make the library itself fail.
        Draft202012Validator.check_schema(document)
    dialect = validator_for(document, default=Draft202012Validator)
    dialect.check_schema(document)
    # A registry without a `retrieve` refuses every reference that leaves the schema, other than to the meta-schemas.
    return cast("_Validator", dialect(document, registry=_META_SCHEMAS))


class SchemaCache:
    """The last few hundred schemas by their content, so that a lease that repeats one costs a look-up."""

    def __init__(self, size: int = _CACHED) -> None:
        self._size = size
        self._schemas: OrderedDict[str, Schema] = OrderedDict()

    def __len__(self) -> int:
        return len(self._schemas)

    def get(self, document: Any) -> Schema:
        """The compiled form of `document`."""
        try:
            key = json.dumps(document, default=repr)
        except (ValueError, RecursionError):
            return Schema(document)  # nested without end; it says so itself
        found = self._schemas.get(key)
        if found is None:
            found = self._schemas[key] = Schema(document)
            if len(self._schemas) > self._size:
                self._schemas.popitem(last=False)
        else:
            self._schemas.move_to_end(key)
        return found


_cache = SchemaCache()


def problem(document: Any, instance: object) -> str | None:
    """What is wrong with `instance` by the schema `document`; None and `{}` allow everything."""
    if document is None or document == {}:
        return None
    return _cache.get(document).problem(instance)
