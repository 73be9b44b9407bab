"""Any bytes: what the decoders make of them. Run by hypothesis every day, by atheris with `nox -s fuzz`.

    python tests/faults/fuzz.py [--seconds 60] [TARGET...]

Promised, and checked: whatever comes, a decoder answers, or raises the one error that it documents; the same bytes at
once, one by one or in any pieces give the same; memory is bounded by the limit that was set.

Where atheris is not to be had (it needs a wheel for the Python at hand) hypothesis runs with a large budget instead,
and says so.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import attrs
import httpcore
import msgspec
import pydantic
from wirewright import Content, DecodeError, Headers, HttpResponse, Operation
from wirewright.decode import ResponseDecoder
from wirewright.errors import StatusError
from wirewright.jsonlines import JsonLinesDecoder
from wirewright.retry import http_date, retry_after
from wirewright.sandbox.faults import parse_faults
from wirewright.signing import (
    GitHubWebhooks,
    HttpMessage,
    Key,
    KeySet,
    MalformedError,
    SigningError,
    StandardWebhooks,
    StripeWebhooks,
    VerificationError,
    sign_jws,
    sign_jws_json,
    verify_jws,
    verify_jws_json,
    verify_jwt,
    verify_message,
)
from wirewright.signing.structured import parse_dictionary, parse_item, parse_list, serialize
from wirewright.sse import SseDecoder, TooLarge
from wirewright.transport._httpx.http11 import Answer
from wirewright.transport.compression import decompressor


def pieces(data: bytes, sizes: bytes) -> list[bytes]:
    """The data in pieces, whose sizes other bytes say."""
    found, at, index = [], 0, 0
    while at < len(data):
        size = 1 + (sizes[index % len(sizes)] % 7 if sizes else 0)
        found.append(data[at : at + size])
        at += size
        index += 1
    return found


# Streams --------------------------------------------------------------------------------------------------------------


def _heard(decoder: Any, chunks: list[bytes], limit: int) -> Any:
    events = []
    for chunk in chunks:
        events += decoder.feed(chunk)
        assert len(decoder._tail) <= limit + len(b"data: ") + 3, "more is kept of a line than an event may have"
    events += decoder.finish()
    for event in events:
        assert len(event.data) <= limit or isinstance(event, TooLarge)
    heard = [(type(event).__name__, event.data, event.event, event.id, event.retry) for event in events]
    return heard, decoder.last_event_id, decoder.retry


def _stream(make: Callable[[int], Any], data: bytes) -> None:
    limit, cuts, wire = 1 + (data[0] if data else 0), data[1:4], data[4:]
    whole = _heard(make(limit), [wire], limit)
    assert _heard(make(limit), [wire[n : n + 1] for n in range(len(wire))], limit) == whole
    assert _heard(make(limit), pieces(wire, cuts), limit) == whole


def sse(data: bytes) -> None:
    _stream(SseDecoder, data)


def json_lines(data: bytes) -> None:
    _stream(JsonLinesDecoder, data)


# Answers --------------------------------------------------------------------------------------------------------------


class Struct(msgspec.Struct):
    id: str
    n: int | None = None
    inner: list[dict[str, float]] = []


@attrs.define
class Attrs:
    id: str
    n: int | None = None
    inner: list[dict[str, float]] = attrs.field(factory=list)


class Pydantic(pydantic.BaseModel):
    id: str
    n: int | None = None
    inner: list[dict[str, float]] = []


def _decoders() -> list[ResponseDecoder]:
    made = []
    for codec, kind in (("msgspec", Struct), ("attrs", Attrs), ("pydantic", Pydantic)):
        for envelope in (None, "data"):
            contents = (Content("application/json", lambda kind=kind: kind, envelope=envelope),)
            responses = {"200": contents, "4XX": contents}
            made.append(ResponseDecoder(Operation("op", "GET", "/", codec=codec, responses=responses)))
    return made


DECODERS = _decoders()
TYPES = (
    "application/json",
    "application/problem+json; charset=utf-8",
    "text/html",
    "",
    "application/octet-stream",
    "é/\x00",
)


def answers(data: bytes) -> None:
    media_type, body = TYPES[data[0] % len(TYPES)] if data else "", data[1:]
    for decoder in DECODERS:
        response = HttpResponse(200, Headers({"content-type": media_type}), body)
        try:
            decoder.value(response)
        except DecodeError as error:
            assert len(error.excerpt) <= 200
        refusal = decoder.error(HttpResponse(418, response.headers, body))
        assert isinstance(refusal, StatusError)
        str(refusal)


def http(data: bytes) -> None:
    """An answer on the wire, cut into reads; what it becomes does not depend on them, nor its memory on the wire."""
    method, cuts, wire = ("GET", "HEAD")[data[0] % 2] if data else "GET", data[1:4], data[4:]

    def read(chunks: list[bytes]) -> Any:
        answer, content = Answer(method), b""
        try:
            for chunk in [*chunks, b""]:
                answer.feed(chunk)
                content += answer.take()
                if answer.done:
                    break
        except httpcore.RemoteProtocolError as error:
            return str(error)
        assert len(content) <= len(wire)
        assert 200 <= answer.status <= 999
        assert answer.done
        for name, value in answer.fields:
            assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", name + value)
        return answer.status, answer.fields, content

    whole = read([wire] if wire else [])
    assert read([wire[n : n + 1] for n in range(len(wire))]) == whole
    assert read(pieces(wire, cuts)) == whole


def compression(data: bytes) -> None:
    coding, limit, body = ("gzip", "deflate")[data[0] % 2] if data else "gzip", 4096, data[1:]

    def undone(chunks: list[bytes]) -> bytes | None:
        undo = decompressor(coding, limit)
        assert undo is not None
        try:
            found = b"".join([*map(undo.feed, chunks), undo.finish()])
        except DecodeError:
            return None
        assert len(found) <= limit
        return found

    whole = undone([body] if body else [])
    assert undone([body[n : n + 1] for n in range(len(body))]) == whole


# Texts ----------------------------------------------------------------------------------------------------------------


def headers(data: bytes) -> None:
    text = data.decode("latin-1")
    for name in ("retry-after", "retry-after-ms"):
        seconds = retry_after(Headers({name: text}), 1_700_000_000.0)
        assert seconds is None or (seconds >= 0 and math.isfinite(seconds))
    http_date(text)


def chaos(data: bytes) -> None:
    try:
        parse_faults(data.decode("utf-8", "replace"))
    except ValueError as error:
        assert str(error)


# Signatures -----------------------------------------------------------------------------------------------------------


KEY = Key.from_ed25519(bytes(range(32)), kid="k")
HOOKS = (StandardWebhooks(bytes(32), KEY, time=lambda: 0.0), StripeWebhooks("s", time=lambda: 0.0), GitHubWebhooks("s"))


def tokens(data: bytes) -> None:
    """As a compact token, as one in JSON, as a key and as a key set."""
    for given in (data, data.decode("latin-1")):
        for verify in (verify_jws, verify_jws_json):
            with suppress(VerificationError):
                verify(given, KEY)
        with suppress(VerificationError):
            verify_jwt(given, KeySet([KEY]), now=0.0)
        with suppress(SigningError):
            KeySet.parse(given)


def fields(data: bytes) -> None:
    """As structured fields: what was parsed is written as one text, which is parsed to the same."""
    text = data.decode("latin-1")
    for parse in (parse_item, parse_list, parse_dictionary):
        try:
            value: Any = parse(text)
        except MalformedError:
            continue
        assert serialize(parse(serialize(value))) == serialize(value)


def signed(data: bytes) -> None:
    """As the parts of a signed message: two fields, an address, a body."""
    parts = [part.decode("latin-1") for part in (data.split(b"\n") + [b""] * 4)[:4]]
    lines = [("signature-input", parts[0]), ("signature", parts[1]), ("content-digest", parts[2])]
    with suppress(VerificationError):
        verify_message(HttpMessage(lines, method="GET", url=parts[3], body=data), KEY, now=0.0, required=())
    names = ("webhook-id", "webhook-timestamp", "webhook-signature", "stripe-signature")
    for hook in HOOKS:
        with suppress(VerificationError):
            hook.verify(dict(zip(names, parts, strict=True)), data)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "sse": sse,
    "json_lines": json_lines,
    "http": http,
    "answers": answers,
    "compression": compression,
    "headers": headers,
    "chaos": chaos,
    "tokens": tokens,
    "fields": fields,
    "signed": signed,
}
SEEDS: dict[str, list[bytes]] = {
    "sse": [
        b"\x10abcdata: x\r\nid: 1\n\n",
        b"\x05\x01\x02\x03\xef\xbb\xbf: c\ndata\n\nevent: e\nretry: 9\ndata: yyyyyyyyy\n\n",
    ],
    "json_lines": [b"\x10abc{}\n\xef\xbb\xbf[1]\n\n\x1e{}\n", b'\x03\x00\x00\x00{"id": "a"}\n'],
    "answers": [
        b'\x00{"id":"a","n":1,"inner":[{"a":1.5}]}',
        b'\x00{"data":{"id":"a"}}',
        b"\x00" + b"[" * 200,
        b"\x02<html>",
    ],
    "http": [
        b"\x00\x01\x05\x02HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
        b"\x00abcHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nX-A: b\r\n c\r\n\r\nabc",
        b"\x00abcHTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n",
        b"\x01abcHTTP/1.0 204 No Content\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\n",
    ],
    "compression": [
        b"\x00\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcbH\xcd\xc9\xc9\x07\x00\x86\xa6\x106\x05\x00\x00\x00",
        b"\x01x\x9c\xcbH\xcd\xc9\xc9\x07\x00\x06,\x02\x15",
    ],
    "headers": [b"2", b"Fri, 31 Dec 1999 23:59:59 GMT", b"-5", b"nan", b"1e3", b"99999999999"],
    "chaos": [
        b"latency=50ms+-20ms,status=503:2%,reset=mid:1%@POST,seed=7",
        b"truncate=100b:1%,drop=x2@op,bandwidth=10kb",
    ],
    "tokens": [
        sign_jws(b"{}", KEY).encode(),
        json.dumps(sign_jws_json(b"{}", [KEY, KEY])).encode(),
        sign_jws(b"a", KEY, b64=False).encode(),
        json.dumps({"keys": [KEY.as_jwk(), {"kty": "oct"}]}).encode(),
    ],
    "fields": [b'a=1, b;c="d";e=:AAAA:, f=(g h.i);j', b'"a\\"b";x=?0, @5, %"f%c3%bc", 1.5', b"(a b);c, (d)"],
    "signed": [
        b'sig1=("@method" "content-digest" "@query-param";name="a");created=0;keyid="k"\nsig1=:AAAA:\n'
        b"sha-256=:AAAA:\nhttps://e.com/?a=b",
        b"msg_1\n0\nv1,AAAA v1a,AAAA\nt=0,v1=aa",
    ],
}


# Running --------------------------------------------------------------------------------------------------------------


def with_atheris(name: str, seconds: int) -> int:
    """One target, in a process of its own: libFuzzer ends the process."""
    program = f"""
import atheris, runpy, sys
with atheris.instrument_imports(include=["wirewright", "msgspec"]):
    import wirewright.decode, wirewright.jsonlines, wirewright.retry, wirewright.sandbox.faults, wirewright.sse
    import wirewright.signing.http_signatures, wirewright.transport.compression
module = runpy.run_path({__file__!r}, run_name="fuzz")
atheris.Setup(["fuzz", *sys.argv[1:]], module["TARGETS"][{name!r}])
atheris.Fuzz()
"""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory(prefix="fuzz-") as corpus:
        for number, seed in enumerate(SEEDS[name]):
            (Path(corpus) / str(number)).write_bytes(seed)
        flags = [
            f"-max_total_time={seconds}",
            "-max_len=600",
            "-timeout=20",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
        ]
        done = subprocess.run(
            [sys.executable, "-c", program, *flags, corpus], capture_output=True, text=True, check=False
        )
    runs = [line for line in done.stderr.splitlines() if "number_of_executed_units" in line]
    print(f"{name}: atheris, {runs[0].split()[-1] if runs else 'no'} runs, exit {done.returncode}", flush=True)
    if done.returncode:
        print(done.stderr[-4000:])
    return done.returncode


def with_hypothesis(name: str, examples: int) -> int:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    target = TARGETS[name]
    seeds = st.sampled_from(SEEDS[name])
    mixed = st.one_of(
        st.binary(max_size=600), st.lists(st.one_of(seeds, st.binary(max_size=20)), max_size=8).map(b"".join)
    )
    settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)(
        given(mixed)(target)
    )()
    print(f"{name}: hypothesis, {examples} examples", flush=True)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    options = parser.parse_args()
    chosen = options.targets or list(TARGETS)
    if importlib.util.find_spec("atheris") is not None:
        return max(with_atheris(name, options.seconds) for name in chosen)
    print("atheris is not installed (no wheel for this Python?): hypothesis with a large budget instead", flush=True)
    return max(with_hypothesis(name, options.seconds * 500) for name in chosen)


if __name__ == "__main__":
    sys.exit(main())
