"""Every item of a list, page after page: what `x-pagination` of a spec declares, as values and one state machine.

Styles: `cursor` (an answer names the next page's cursor), `offset` (items seen so far), `page` (a number, from 1),
`link` (a URL, in the answer or its `Link` header, RFC 8288).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal, cast
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec import UNSET
from typing_extensions import TypeVar

from wirewright.request import Request
from wirewright.response import Response

if TYPE_CHECKING:
    from wirewright.client import AsyncClient, Client

Style = Literal["cursor", "offset", "page", "link"]
T = TypeVar("T", default=Any)
_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[\w!#$%&*+.^`|~-]+(?:=(?:\"[^\"]*\"|[^\s,;\"]*))?)*)")
_REL = re.compile(r";\s*rel=\"?([^\";]*)\"?", re.IGNORECASE)


class Pages(Generic[T]):
    """How the pages of one operation are had.

    `items`: attributes (or keys) that lead from the answer's value to its list of `T`; none when the value is the list.
    `next`: JSON pointer into the whole answer, to the next cursor or URL, or to whether there is more.
    `parameter`: the query parameter that asks for a page; `limit`: the one that says how many items a page has.
    """

    __slots__ = ("items", "limit", "next", "parameter", "style")

    def __init__(
        self,
        style: Style,
        *,
        items: Sequence[str] = (),
        next: str | None = None,
        parameter: str | None = None,
        limit: str | None = None,
    ) -> None:
        self.style = style
        self.items = tuple(items)
        self.next = next
        self.parameter = parameter
        self.limit = limit


class Walk(Generic[T]):
    """Where a walk through pages is: `request` asks for the next one and is None at the end. No I/O."""

    def __init__(self, request: Request[Any], pages: Pages[T]) -> None:
        self.request: Request[Any] | None = request
        self._pages = pages
        self._seen = 0

    def read(self, response: Response[Any]) -> Sequence[T]:
        """The items of the page that `request` was answered with."""
        asked = self.request
        assert asked is not None
        items = self._items(response.value)
        self._seen += len(items)
        change = self._change(asked, response, items)
        self.request = None if change is None or _same(asked, change) else _asking(asked, change)
        return items

    def _items(self, value: Any) -> Sequence[T]:
        for step in self._pages.items:
            value = _member(value, step) if isinstance(value, dict) else getattr(value, step, None)
        return cast("Sequence[T]", value) if isinstance(value, list | tuple) else ()

    def _change(self, asked: Request[Any], response: Response[Any], items: Sequence[T]) -> dict[str, Any] | None:
        """The query parameters of the next page; None when there is none."""
        pages = self._pages
        if pages.style == "link":
            return _query_of(_told(response, pages.next) or _linked(response))
        if pages.parameter is None:
            return None
        if pages.style == "cursor":
            cursor = _told(response, pages.next)
            return {pages.parameter: cursor} if cursor not in (None, "", False) else None
        if not items or (pages.next is not None and not _told(response, pages.next)) or self._is_short(asked, items):
            return None
        given = asked.query.get(pages.parameter)
        current = given if isinstance(given, int) else (1 if pages.style == "page" else 0)
        return {pages.parameter: current + (1 if pages.style == "page" else len(items))}

    def _is_short(self, asked: Request[Any], items: Sequence[T]) -> bool:
        limit = asked.query.get(self._pages.limit) if self._pages.limit else None
        return isinstance(limit, int) and len(items) < limit


def _told(response: Response[Any], pointer: str | None) -> Any:
    """What the answer says at a JSON pointer."""
    if pointer is None:
        return None
    try:
        value: Any = msgspec.json.decode(response.content)
    except msgspec.DecodeError:
        return None
    for step in pointer.removeprefix("#").split("/")[1:]:
        value = _member(value, step.replace("~1", "/").replace("~0", "~"))
    return value


def _member(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value).get(key)
    if isinstance(value, list) and key.isdigit():
        items = cast("list[object]", value)
        return items[int(key)] if int(key) < len(items) else None
    return None


def _linked(response: Response[Any]) -> str | None:
    """The URL of `Link: <...>; rel="next"`."""
    for url, parameters in _LINK.findall(response.headers.get("link") or ""):
        found = _REL.search(parameters)
        if found and "next" in found[1].lower().split():
            return str(url)
    return None


def _query_of(url: Any) -> dict[str, Any] | None:
    if not isinstance(url, str) or not url:
        return None
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in query.items()} or None


def _same(asked: Request[Any], change: dict[str, Any]) -> bool:
    """A server that names the page it just sent would be asked for ever."""
    return all(asked.query.get(name) == value for name, value in change.items())


def _asking(asked: Request[Any], change: dict[str, Any]) -> Request[Any]:
    query = {name: value for name, value in asked.query.items() if value is not None and value is not UNSET}
    copy: Request[Any] = type(asked)(
        asked.operation,
        path=asked.path,
        query={**query, **change},
        headers=asked.headers,
        cookies=asked.cookies,
        body=asked.body,
        media_type=asked.media_type,
    )
    copy.options = asked.options
    return copy


def paginate(client: Client, request: Request[Any], pages: Pages[T]) -> Iterator[T]:
    """Items as they are asked for; a page is fetched when its first item is wanted."""
    walk = Walk(request, pages)
    while walk.request is not None:
        yield from walk.read(client.respond(walk.request))


async def apaginate(client: AsyncClient, request: Request[Any], pages: Pages[T]) -> AsyncIterator[T]:
    """The async counterpart of `paginate`."""
    walk = Walk(request, pages)
    while walk.request is not None:
        for item in walk.read(await client.respond(walk.request)):
            yield item
