"""The filter language of `POST /v1/records/query`: MongoDB's operators over records, orders and aggregates of them.

A path of dots descends objects; where it meets an array it holds if it holds for any element, so that
`body._refs.kind` asks for a reference. Values of different types are never equal and never ordered, but integers and
floats are numbers alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cmp_to_key, lru_cache
from typing import Any

from syncropel.checks import is_array, is_number, is_object

Record = Mapping[str, Any]
Predicate = Callable[[Record], bool]
MAX_DEPTH = 32


class FilterError(ValueError):
    """A filter, order or aggregation is malformed; the message names the place."""


def compile_filter(filter: Any, place: str = "filter", depth: int = 0) -> Predicate:
    """A function that says whether a record matches. Raises `FilterError`."""
    if not is_object(filter):
        raise FilterError(f"{place} must be an object")
    if depth > MAX_DEPTH:
        raise FilterError(f"{place} is nested deeper than {MAX_DEPTH} levels")
    tests = [_clause(key, value, f"{place}.{key}", depth + 1) for key, value in filter.items()]
    return lambda record: all(test(record) for test in tests)


def _clause(key: str, value: Any, place: str, depth: int) -> Predicate:
    if key in {"$and", "$or"}:
        if not is_array(value) or not value:
            raise FilterError(f"{place} must be a list with at least one filter")
        parts = [compile_filter(part, f"{place}.{index}", depth) for index, part in enumerate(value)]
        combine = all if key == "$and" else any
        return lambda record: combine(part(record) for part in parts)
    if key == "$not":
        inner = compile_filter(value, place, depth)
        return lambda record: not inner(record)
    if key.startswith("$"):
        raise FilterError(f"Unknown operator {key} at {place}")
    return _field(key, value, place, depth)


def _field(path: str, condition: Any, place: str, depth: int) -> Predicate:
    test = _condition(condition, place, depth)
    steps = path.split(".")
    return lambda record: test(list(values_at(record, steps)))


Test = Callable[[Sequence[Any]], bool]
"""Says whether the values at a path satisfy a condition; there are none where nothing is at the path."""


def _condition(condition: Any, place: str, depth: int) -> Test:
    if depth > MAX_DEPTH:
        raise FilterError(f"{place} is nested deeper than {MAX_DEPTH} levels")
    if not is_object(condition) or not any(key.startswith("$") for key in condition):
        return _any(_equals(condition), condition is None)
    tests = [_operator(name, operand, f"{place}.{name}", depth + 1) for name, operand in condition.items()]
    return lambda values: all(test(values) for test in tests)


def _operator(name: str, operand: Any, place: str, depth: int) -> Test:
    if name in _COMPARISONS:
        compare = _COMPARISONS[name]
        return _any(lambda value: compare(value, operand))
    if name == "$eq":
        return _any(_equals(operand), operand is None)
    if name == "$ne":
        return _negated(_any(_equals(operand), operand is None))
    if name in {"$in", "$nin"}:
        if not is_array(operand):
            raise FilterError(f"{place} must be a list")
        test = _any(lambda value: any(equal(value, wanted) for wanted in operand), None in operand)
        return test if name == "$in" else _negated(test)
    if name in {"$like", "$ilike"}:
        if not isinstance(operand, str):
            raise FilterError(f"{place} must be a string")
        pattern = like(operand, ignore_case=name == "$ilike")
        return _any(lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None)
    if name == "$exists":
        if not isinstance(operand, bool):
            raise FilterError(f"{place} must be true or false")
        return lambda values: bool(values) is operand
    if name == "$not":
        return _negated(_condition(operand, place, depth))
    raise FilterError(f"Unknown operator {name} at {place}")


def _any(test: Callable[[Any], bool], when_absent: bool = False) -> Test:
    return lambda values: any(test(value) for value in values) if values else when_absent


def _negated(test: Test) -> Test:
    return lambda values: not test(values)


def _equals(wanted: Any) -> Callable[[Any], bool]:
    return lambda value: equal(value, wanted)


def equal(left: Any, right: Any) -> bool:
    """Equality as JSON sees it: a boolean is no number, and numbers are equal by value."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def _comparable(left: Any, right: Any) -> bool:
    numbers = all(is_number(side) for side in (left, right))
    return numbers or (isinstance(left, str) and isinstance(right, str))


_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "$gt": lambda value, than: _comparable(value, than) and value > than,
    "$gte": lambda value, than: _comparable(value, than) and value >= than,
    "$lt": lambda value, than: _comparable(value, than) and value < than,
    "$lte": lambda value, than: _comparable(value, than) and value <= than,
}


@lru_cache(maxsize=256)
def like(pattern: str, *, ignore_case: bool) -> re.Pattern[str]:
    """SQL's LIKE: `%` is any text, `_` any character, a backslash takes the next one literally."""
    wild = {"%": ".*", "_": "."}
    parts = (part for part in re.split(r"(\\.|%|_)", pattern, flags=re.DOTALL) if part)
    text = "".join(
        wild.get(part) or re.escape(part[1:] if part[0] == "\\" and len(part) == 2 else part) for part in parts
    )
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def values_at(value: Any, steps: Sequence[str]) -> Iterator[Any]:
    """What is at a path: an array counts as itself, and as each of its elements."""
    if not steps:
        yield value
        if is_array(value):
            yield from value
        return
    if is_object(value):
        if steps[0] in value:
            yield from values_at(value[steps[0]], steps[1:])
    elif is_array(value):
        for element in value:
            yield from values_at(element, steps)
        if steps[0].isdigit() and int(steps[0]) < len(value):
            yield from values_at(value[int(steps[0])], steps[1:])


def value_at(value: Any, path: str) -> Any:
    """The one value at a path through objects, None where nothing is."""
    for step in path.split("."):
        if not is_object(value):
            return None
        value = value.get(step)
    return value


_RANKS = ((type(None), 0), (bool, 1), (int | float, 2), (str, 3))


def compare(left: Any, right: Any) -> int:
    """A total order over JSON values: null, booleans, numbers, strings, then the rest by its text."""
    (left_rank, left_key), (right_rank, right_key) = _order_key(left), _order_key(right)
    if left_rank != right_rank:
        return -1 if left_rank < right_rank else 1
    return int(left_key > right_key) - int(left_key < right_key)


def _order_key(value: Any) -> tuple[int, Any]:
    for kind, rank in _RANKS:
        if isinstance(value, kind):
            return rank, 0 if value is None else value
    return 4, repr(value)


def _sort_key(path: str) -> Callable[[Record], Any]:
    def by_value(left: Record, right: Record) -> int:
        return compare(value_at(left, path), value_at(right, path))

    return cmp_to_key(by_value)


def ordered(records: Iterable[Record], sort: Mapping[str, Any] | None) -> list[Record]:
    """Records by the fields of `sort`, most important first; equal ones stay in the order of ingestion."""
    result = list(records)
    for path, direction in reversed(list((sort or {}).items())):
        if direction not in {1, -1}:
            raise FilterError(f"sort.{path} must be 1 or -1")
        result.sort(key=_sort_key(path), reverse=direction == -1)
    return result


def selected(record: Record, paths: Sequence[str]) -> dict[str, Any]:
    """The record cut down to some of its fields, each in its place."""
    result: dict[str, Any] = {}
    for path in paths:
        *parents, last = path.split(".")
        holder = value_at(record, ".".join(parents)) if parents else record
        if not is_object(holder) or last not in holder:
            continue
        target = result
        for step in parents:
            target = target.setdefault(step, {})
        target[last] = holder[last]
    return result


Figure = Callable[[Sequence[Record]], Any]


def compile_aggregates(aggregates: Mapping[str, Any]) -> dict[str, Figure]:
    """Functions from the records of a group to its figures. Raises `FilterError`."""
    return {name: _figure(name, wanted) for name, wanted in aggregates.items()}


def _figure(name: str, wanted: Any) -> Figure:
    if not is_object(wanted) or len(wanted) != 1:
        raise FilterError(f"aggregates.{name} must have exactly one operator")
    ((operator, operand),) = wanted.items()
    if operator == "$count":
        return len
    if operator not in _FIGURES:
        raise FilterError(f"Unknown operator {operator} at aggregates.{name}")
    if not isinstance(operand, str):
        raise FilterError(f"aggregates.{name}.{operator} must be a field path")
    figure = _FIGURES[operator]
    return lambda records: figure([v for record in records if (v := value_at(record, operand)) is not None])


def _numbers(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if is_number(value)]


def _mean(values: Sequence[Any]) -> float | None:
    numbers = _numbers(values)
    return sum(numbers) / len(numbers) if numbers else None


_FIGURES: dict[str, Callable[[Sequence[Any]], Any]] = {
    "$sum": lambda values: sum(_numbers(values)),
    "$avg": _mean,
    "$min": lambda values: min(values, key=cmp_to_key(compare), default=None),
    "$max": lambda values: max(values, key=cmp_to_key(compare), default=None),
}


def grouped(records: Iterable[Record], paths: Sequence[str]) -> list[tuple[dict[str, Any], list[Record]]]:
    """Records by the values at `paths`, ascending by those."""
    groups: dict[str, tuple[dict[str, Any], list[Record]]] = {}
    for record in records:
        key = {path: value_at(record, path) for path in paths}
        groups.setdefault(repr(list(key.values())), (key, []))[1].append(record)

    def by_key(left: Any, right: Any) -> int:
        pairs = zip(left[0].values(), right[0].values(), strict=True)
        return next((order for one, other in pairs if (order := compare(one, other))), 0)

    return sorted(groups.values(), key=cmp_to_key(by_key))
