"""Plays recorded traffic back: a transport that answers from a file, without a network.

    replay = Replay.load("traffic.har")
    client = Client("https://api.example.com", transport=replay.over())      # AsyncClient: over_async()
    ...
    assert replay.unplayed() == []

A request is found by method, path, query and body, secrets masked as in the recording; headers do not matter. One that
was recorded several times is answered in the order of the recording, and with the last answer from then on.
"""

from __future__ import annotations

import json
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from wirewright.contract.bodies import is_json, media_type_of
from wirewright.contract.canned import wire_request
from wirewright.contract.checks import WireRequest
from wirewright.contract.har import read_har
from wirewright.contract.masking import Masker, header_value
from wirewright.contract.recording import Traffic
from wirewright.errors import ConnectionLost
from wirewright.messages import Headers, HttpRequest, HttpResponse

_NOT_REPLAYED = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection"})
Key = tuple[str, str, tuple[tuple[str, str], ...], str]


class NotRecordedError(LookupError):
    """The recording has no such request; the message names the nearest that it has."""


class Replay:
    """Answers requests from recorded traffic. Safe to share between threads and clients."""

    def __init__(self, traffic: Iterable[Traffic], masker: Masker | None = None) -> None:
        self._masker = masker or Masker()
        self._lock = threading.Lock()
        self._answers: dict[Key, list[Traffic]] = {}
        self._played: dict[Key, int] = {}
        for each in traffic:
            self._answers.setdefault(self._key(each.request), []).append(each)

    @classmethod
    def load(cls, file: str | Path, masker: Masker | None = None) -> Self:
        """From a HAR file. `masker` is the recorder's, where it knew more secrets than names tell."""
        return cls(read_har(file), masker)

    def over(self) -> Self:
        """For `Client(transport=...)`: the replay itself."""
        return self

    def over_async(self) -> AsyncReplay:
        """For `AsyncClient(transport=...)`."""
        return AsyncReplay(self)

    def unplayed(self) -> list[Traffic]:
        """What was recorded and not asked for."""
        return [each for key, found in self._answers.items() for each in found[self._played.get(key, 0) :]]

    def send(self, request: HttpRequest) -> HttpResponse:
        """The recorded answer. Raises NotRecordedError, or ConnectionLost where none was recorded."""
        found = self.find(wire_request(request))
        headers = _kept(found)
        if request.stream and 200 <= (found.status or 0) < 300:
            return HttpResponse(found.status or 0, headers, body=iter([found.body]), close=lambda: None)
        return HttpResponse(found.status or 0, headers, found.body)

    def close(self) -> None:
        """Nothing to close."""

    def find(self, request: WireRequest) -> Traffic:
        """The next exchange that was recorded for a request."""
        key = self._key(request)
        with self._lock:
            found = self._answers.get(key)
            if found is None:
                raise NotRecordedError(self._nearest(key))
            number = self._played.get(key, 0)
            self._played[key] = number + 1
        exchange = found[min(number, len(found) - 1)]
        if exchange.status is None:
            raise ConnectionLost(f"no answer was recorded: {exchange.error}", sent=True)
        return exchange

    def _key(self, request: WireRequest) -> Key:
        parts = urlsplit(self._masker.target(request.target))
        query = tuple(sorted(parse_qsl(parts.query, keep_blank_values=True)))
        name = media_type_of(header_value(request.headers, "content-type"))
        body = self._masker.body(request.body, name)
        if name.startswith("multipart/"):
            return request.method, parts.path, query, ""  # its boundary is another each time
        return request.method, parts.path, query, _canonical(body) if is_json(name) else body.hex()

    def _nearest(self, key: Key) -> str:
        method, path, query, _ = key
        same = [other for other in self._answers if other[:2] == (method, path)]
        if not same:
            known = sorted({f"{other[0]} {other[1]}" for other in self._answers})
            return f"{method} {path} was not recorded; recorded were {', '.join(known[:8]) or 'none'}"
        what = "query" if all(other[2] != query for other in same) else "body"
        return f"{method} {path} was recorded, but with another {what}"


def _kept(traffic: Traffic) -> Headers:
    return Headers([(name, value) for name, value in traffic.headers if name.lower() not in _NOT_REPLAYED])


def _canonical(body: bytes) -> str:
    try:
        value: Any = json.loads(body)
    except ValueError:
        return body.hex()
    return json.dumps(value, sort_keys=True)


class AsyncReplay:
    """A replay for async clients."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay

    async def send(self, request: HttpRequest) -> HttpResponse:
        content = request.content
        if content is not None and not isinstance(content, bytes):
            request = request.copy()
            request.content = b"".join([chunk async for chunk in content.aopen()])
        response = self._replay.send(request)
        if response.body is not None:
            response.body = _each(list(response.body) if isinstance(response.body, Iterator) else [])
            response.aclose = _nothing
        return response

    async def aclose(self) -> None:
        """Nothing to close."""


async def _each(chunks: list[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def _nothing() -> None:
    """Nothing to close."""
