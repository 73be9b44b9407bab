"""Traffic as HTTP Archive files (HAR 1.2), which browsers, proxies and other tools write and read, too.

A body that is no text is kept in base64: for answers as HAR says (`encoding`), for requests as `_encoding`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from wirewright.contract.checks import WireRequest
from wirewright.contract.masking import Masker, header_value
from wirewright.contract.recording import Traffic
from wirewright.contract.shapes import is_array, is_object

_NOT_OF_THE_BODY_KEPT = frozenset({"content-length", "content-encoding", "transfer-encoding", "connection"})


class HarError(ValueError):
    """A file is no HTTP Archive; the message says what is wrong with it."""


def har_text(traffic: Iterable[Traffic], masker: Masker) -> str:
    """A HAR document of the traffic, secrets masked."""
    from wirewright import __version__

    log = {
        "version": "1.2",
        "creator": {"name": "wirewright", "version": __version__},
        "entries": [_entry(each, masker) for each in traffic],
    }
    return json.dumps({"log": log}, indent=1, ensure_ascii=False) + "\n"


def _entry(traffic: Traffic, masker: Masker) -> dict[str, Any]:
    request = traffic.request
    target = masker.target(traffic.url or request.target)
    body = masker.body(request.body, header_value(request.headers, "content-type"))
    milliseconds = round(traffic.seconds * 1000, 3)
    sent: dict[str, Any] = {
        "method": request.method,
        "url": target,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(masker.headers(request.headers)),
        "queryString": _named(parse_qsl(urlsplit(target).query, keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": len(body),
    }
    if body:
        text, encoding = _text(body)
        sent["postData"] = {"mimeType": header_value(request.headers, "content-type"), "text": text}
        sent["postData"] |= {"_encoding": encoding} if encoding else {}
    entry: dict[str, Any] = {
        "startedDateTime": datetime.fromtimestamp(traffic.at, UTC).isoformat(timespec="milliseconds"),
        "time": milliseconds,
        "request": sent,
        "response": _response(traffic, masker),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
    }
    return entry | ({"_error": masker.text(str(traffic.error))} if traffic.error else {})


def _response(traffic: Traffic, masker: Masker) -> dict[str, Any]:
    name = header_value(traffic.headers, "content-type")
    body = masker.body(traffic.body, name)
    text, encoding = _text(body)
    content: dict[str, Any] = {"size": len(body), "mimeType": name, "text": text}
    status = traffic.status or 0
    return {
        "status": status,
        "statusText": _phrase(status),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _named(masker.headers(traffic.headers)),
        "content": content | ({"encoding": encoding} if encoding else {}),
        "redirectURL": header_value(traffic.headers, "location"),
        "headersSize": -1,
        "bodySize": len(body),
        "_complete": traffic.complete,
    }


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _named(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _text(body: bytes) -> tuple[str, str]:
    try:
        return body.decode(), ""
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), "base64"


# Reading --------------------------------------------------------------------------------------------------------------


def read_har(file: str | Path) -> list[Traffic]:
    """The traffic of a HAR file, in order; also of one that a browser or a proxy wrote. Raises HarError, OSError."""
    path = Path(file)
    try:
        value = json.loads(path.read_bytes())
    except ValueError as error:
        raise HarError(f"{path.name} is no JSON: {error}") from None
    entries = value.get("log", {}).get("entries") if is_object(value) and is_object(value.get("log", {})) else None
    if not is_array(entries):
        raise HarError(f"{path.name} is no HTTP Archive: it has no log.entries")
    return [_traffic(entry, f"{path.name} entry {number}") for number, entry in enumerate(entries)]


def _traffic(entry: Any, place: str) -> Traffic:
    try:
        request, response = entry["request"], entry["response"]
        url = str(request["url"])
        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        body = _sent_body(request.get("postData"))
        content: Mapping[str, Any] = response.get("content", {})
        traffic = Traffic(
            WireRequest(str(request["method"]).upper(), target, tuple(_pairs(request.get("headers", ()))), body),
            int(response["status"]) or None,
            tuple(_pairs(response.get("headers", ()), without=_NOT_OF_THE_BODY_KEPT)),
            _bytes(str(content.get("text", "")), str(content.get("encoding", ""))),
            url=url,
            at=_moment(str(entry.get("startedDateTime", ""))),
            seconds=float(entry.get("time", 0) or 0) / 1000,
            complete=bool(response.get("_complete", True)),
        )
    except KeyError as error:
        raise HarError(f"{place} cannot be read: it has no {error}") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise HarError(f"{place} cannot be read: {error}") from None
    if entry.get("_error"):
        traffic.error = ConnectionError(str(entry["_error"]))
    return traffic


def _pairs(named: Sequence[Mapping[str, Any]], without: frozenset[str] = frozenset()) -> list[tuple[str, str]]:
    pairs = [(str(each["name"]), str(each["value"])) for each in named]
    return [(name, value) for name, value in pairs if not name.startswith(":") and name.lower() not in without]


def _sent_body(data: Any) -> bytes:
    if not is_object(data):
        return b""
    if data.get("text"):
        return _bytes(str(data["text"]), str(data.get("_encoding", "")))
    from urllib.parse import urlencode

    return urlencode([(each["name"], each.get("value", "")) for each in data.get("params", ())]).encode()


def _bytes(text: str, encoding: str) -> bytes:
    if encoding != "base64":
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"a body is no base64: {error}") from None


def _moment(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0
