"""HTTP message signatures: RFC 9421's own test cases, the signer on the wire, and what is refused."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wirewright import Bearer, Client, Content, File, Operation, Request, RequestError, Unauthorized
from wirewright.messages import HttpRequest
from wirewright.signing import (
    AlgorithmError,
    ClaimError,
    ClockSkewError,
    HttpMessage,
    HttpSigner,
    InvalidKeyError,
    Key,
    KeySet,
    MalformedError,
    MismatchError,
    ReplayError,
    ReplayGuard,
    TimestampError,
    UnknownKeyError,
    VerificationError,
    content_digest,
    sign_message,
    verify_content_digest,
    verify_message,
)
from wirewright.signing.components import component, covered_texts, identifier
from wirewright.signing.structured import InnerList

# RFC 9421 appendix B.1: keys, and B.2: messages
ED25519 = Key.from_pem(
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n"
    "-----END PRIVATE KEY-----\n",
    kid="test-key-ed25519",
)
P256 = Key.from_pem(
    "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIFKbhfNZfpDsW43+0+JjUr9K+bTeuxopu653+hBaXGA7oAoGCCqGSM49\n"
    "AwEHoUQDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lfw0EkjqF7xB4FivAxzic30tMM\n"
    "4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==\n-----END EC PRIVATE KEY-----\n",
    kid="test-key-ecc-p256",
)
SECRET = Key.from_secret(
    base64.b64decode("uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="),
    kid="test-shared-secret",
)
RSA_PSS = Key.from_pem(
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2\n"
    "+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+\n"
    "oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq\n"
    "gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W\n"
    "Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4\n"
    "aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI\n2wIDAQAB\n-----END PUBLIC KEY-----\n",
    algorithm="PS512",
    kid="test-key-rsa-pss",
)
KEYS = KeySet([ED25519, P256, RSA_PSS])
CREATED = 1618884473
BODY = b'{"hello": "world"}'
FIELDS = [
    ("Host", "example.com"),
    ("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
    ("Content-Type", "application/json"),
    (
        "Content-Digest",
        "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
    ),
    ("Content-Length", "18"),
]
URL = "https://example.com/foo?param=Value&Pet=dog"
REQUEST = HttpMessage(FIELDS, method="POST", url=URL, body=BODY)
RESPONSE = HttpMessage(
    [
        ("Date", "Tue, 20 Apr 2021 02:07:56 GMT"),
        ("Content-Type", "application/json"),
        (
            "Content-Digest",
            "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:",
        ),
        ("Content-Length", "23"),
    ],
    status=200,
    body=b'{"message": "good dog"}',
)
CASES = [
    (
        "b21",
        REQUEST,
        '();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd"',
        "d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG"
        "52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVro"
        "gUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ"
        "98Xw9Q==",
    ),
    (
        "b22",
        HttpMessage(FIELDS, method="POST", url=URL, body=BODY),
        '("@authority" "content-digest" "@query-param";name="Pet");created=1618884473;keyid="test-key-rsa-pss";'
        'tag="header-example"',
        "LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT"
        "8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBS"
        "pqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTu"
        "gEjHSw==",
    ),
    (
        "b23",
        REQUEST,
        '("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");'
        'created=1618884473;keyid="test-key-rsa-pss"',
        "bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fU"
        "xN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA"
        "1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKE"
        "gM4cUA==",
    ),
    (
        "b24",
        RESPONSE,
        '("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256"',
        "wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==",
    ),
    (
        "b26",
        REQUEST,
        '("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;'
        'keyid="test-key-ed25519"',
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==",
    ),
]


def signed(message: HttpMessage, *fields: tuple[str, str]) -> HttpMessage:
    return HttpMessage(
        [*message.fields, *fields],
        method=message.method,
        url=message.url,
        status=message.status,
        body=message.body,
        request=message.request,
    )


def check(message: HttpMessage, keys: Any = KEYS, **rules: Any) -> Any:
    return verify_message(message, keys, **{"now": CREATED, "required": (), "body_covered": False, **rules})


# -- the standard's own cases


@pytest.mark.parametrize(("label", "message", "given_input", "signature"), CASES, ids=[case[0] for case in CASES])
@pytest.mark.promise("HTTP message signatures are those of RFC 9421: its own test cases")
def test_the_cases_of_rfc_9421(label, message, given_input, signature):
    whole = signed(
        message, ("Signature-Input", f"sig-{label}={given_input}"), ("Signature", f"sig-{label}=:{signature}:")
    )
    verified = check(whole)
    assert verified.label == f"sig-{label}"
    assert verified.created == CREATED
    with pytest.raises(MismatchError):
        check(signed(message, ("Signature-Input", f"sig-{label}={given_input};extra"), whole.fields[-1]))


@pytest.mark.promise("HTTP message signatures are those of RFC 9421: its own test cases")
def test_the_deterministic_cases_are_made_byte_for_byte():
    params = {"created": CREATED, "keyid": "test-shared-secret"}
    hmac = sign_message(REQUEST, SECRET, ["date", "@authority", "content-type"], label="sig-b25", params=params)
    assert hmac == {
        "Signature-Input": 'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
        "Signature": "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:",
    }
    names = ["date", "@method", "@path", "@authority", "content-type", "content-length"]
    params = {"created": CREATED, "keyid": "test-key-ed25519"}
    ed25519 = sign_message(REQUEST, ED25519, names, label="sig-b26", params=params)
    assert ed25519["Signature-Input"] == f"sig-b26={CASES[-1][2]}"
    assert ed25519["Signature"] == f"sig-b26=:{CASES[-1][3]}:"


# -- components


def text_of(message: HttpMessage, name: str) -> str:
    return component(message, identifier(name))


@pytest.mark.parametrize(
    ("url", "name", "text"),
    [
        ("https://www.example.com/path?param=value", "@target-uri", "https://www.example.com/path?param=value"),
        ("https://WWW.Example.com:443/x", "@authority", "www.example.com"),
        ("https://example.com:8443/x", "@authority", "example.com:8443"),
        ("http://example.com:80/x", "@authority", "example.com"),
        ("http://[::1]:8080/x", "@authority", "[::1]:8080"),
        ("HTTP://example.com/x", "@scheme", "http"),
        ("https://example.com", "@path", "/"),
        ("https://example.com?a=b", "@request-target", "/?a=b"),
        ("https://example.com/a%2Fb?", "@request-target", "/a%2Fb?"),
        ("https://example.com/p?", "@query", "?"),
        ("https://example.com/p", "@query", "?"),
        ("https://example.com/p?queryString", "@query", "?queryString"),
        ("https://e.com/?var=this%20is%20a%20big%0Avalue&bar=with+plus", '"@query-param";name="bar"', "with%20plus"),
        ("https://e.com/?var=this%20is%20a%20big%0Avalue", '"@query-param";name="var"', "this%20is%20a%20big%0Avalue"),
        (
            "https://e.com/?fa%C3%A7ade%22%3A%20=something",
            '"@query-param";name="fa%C3%A7ade%22%3A%20"',
            "something",
        ),
        ("https://e.com/?q=a~b&empty=", '"@query-param";name="q"', "a%7Eb"),
        ("https://e.com/?q=a~b&empty=", '"@query-param";name="empty"', ""),
    ],
)
def test_derived_components(url, name, text):
    assert text_of(HttpMessage([], method="GET", url=url), name) == text


FIELD_MESSAGE = HttpMessage(
    [
        ("X-Ows", "  Leading and trailing whitespace.   "),
        ("X-Obs-Fold", "Obsolete\r\n    line folding."),
        ("Cache-Control", "max-age=60"),
        ("Cache-Control", "   must-revalidate"),
        ("Example-Dict", "  a=1,    b=2;x=1;y=2,   c=(a   b   c)"),
        ("X-Empty", ""),
        ("Priority", "u=1,   i"),
        ("X-Text", "plain, with, commas"),
    ],
    method="GET",
    url="https://example.com/",
)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x-ows", "Leading and trailing whitespace."),
        ("X-OBS-FOLD", "Obsolete line folding."),
        ("cache-control", "max-age=60, must-revalidate"),
        ("x-empty", ""),
        ("example-dict", "a=1,    b=2;x=1;y=2,   c=(a   b   c)"),
        ('"example-dict";key="a"', "1"),
        ('"example-dict";key="b"', "2;x=1;y=2"),
        ('"example-dict";key="c"', "(a b c)"),
        ('"priority";sf', "u=1, i"),
        ('"cache-control";bs', ":bWF4LWFnZT02MA==:, :bXVzdC1yZXZhbGlkYXRl:"),
    ],
)
def test_fields(name, text):
    assert text_of(FIELD_MESSAGE, name) == text


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("x-absent", ClaimError),
        ('"example-dict";key="z"', ClaimError),
        ('"x-text";sf', MalformedError),
        ('"x-text";sf;bs', MalformedError),
        ('"x-text";unknown', MalformedError),
        ('"x-text";key', MalformedError),
        ('"x-text";sf=1', MalformedError),
        ('"x-text";name="a"', MalformedError),
        ('"@method";sf', MalformedError),
        ('"@query-param"', MalformedError),
        ('"@query-param";name="q"', ClaimError),
        ("@unknown", MalformedError),
        ("@status", ClaimError),
        ("@signature-params", MalformedError),
        ("bad name", MalformedError),
        ("", MalformedError),
        ('"X-Upper"', MalformedError),
        ('"date";req', ClaimError),
    ],
)
def test_components_that_are_no_components(name, kind):
    with pytest.raises(kind):
        text_of(FIELD_MESSAGE, name)


def test_a_query_parameter_that_occurs_twice_is_ambiguous():
    with pytest.raises(ClaimError, match="2 times"):
        text_of(HttpMessage([], method="GET", url="https://e.com/?a=1&a=2"), '"@query-param";name="a"')


@pytest.mark.parametrize("url", ["https://[", "https://e.com:x/", "https://e.com:99999/"])
@pytest.mark.parametrize("name", ["@authority", '"@query-param";name="a"'])
def test_addresses_that_are_none(url, name):
    with pytest.raises(VerificationError):
        text_of(HttpMessage([], method="GET", url=url), name)


def test_a_component_is_covered_once():
    for items in (["@method", "@method"], ['"x-ows";bs;tr', '"x-ows";tr;bs']):
        with pytest.raises(MalformedError, match="twice"):
            covered_texts(
                HttpMessage(FIELD_MESSAGE.fields, method="GET", url="https://e.com", trailers=[("x-ows", "1")]),
                InnerList([identifier(name) for name in items]),
            )


def test_values_that_would_break_the_base_apart_are_refused():
    for value in ('evil\n"@method": GET', "é"):
        with pytest.raises(MalformedError, match="cannot be signed"):
            text_of(HttpMessage([("x-a", value)], method="GET", url="https://e.com"), "x-a")


# -- digests


def test_digests():
    both = content_digest(b"x", ("sha-256", "sha-512"))
    verify_content_digest(both, b"x")
    verify_content_digest(f"md5=:AAAA:, {both}", b"x")
    verify_content_digest([part.strip() for part in both.split(",")], b"x")
    for field, kind in (
        (both, MismatchError),
        ("md5=:AAAA:", ClaimError),
        ("", ClaimError),
        ("sha-256=abc", MalformedError),
        ("sha-256", MalformedError),
        ("sha-256=:AAAA:", MismatchError),
        (content_digest(b"y"), None),
        (content_digest(b"y") + "," + content_digest(b"x", ("sha-512",)), MismatchError),
        ("§", MalformedError),
    ):
        if kind is not None:
            with pytest.raises(kind):
                verify_content_digest(field, b"y")
    with pytest.raises(ValueError, match="sha-256"):
        content_digest(b"", ("md5",))


# -- the signer


OPERATION = Operation(
    "pay",
    "POST",
    "/pay",
    codec="msgspec",
    responses={"200": (Content("application/json", lambda: dict[str, str]),)},
    request=(Content("application/json"), Content("application/octet-stream")),
    idempotency_header="Idempotency-Key",
)


class Server:
    """Verifies every request it gets, then answers what it is told to."""

    def __init__(self, key: Key, clock: Any, statuses: list[int], **rules: Any) -> None:
        self.key, self.clock, self.statuses, self.rules = key, clock, statuses, rules
        self.seen: list[Any] = []
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        message = HttpMessage(
            request.headers.multi_items(), method=request.method, url=str(request.url), body=request.content
        )
        self.seen.append(verify_message(message, self.key, now=self.clock.time(), **self.rules))
        return httpx.Response(self.statuses.pop(0), json={})


def test_every_attempt_is_signed_anew_with_the_same_key_and_body(clock):
    key = Key.generate(kid="mine")
    guard = ReplayGuard(clock.time)
    server = Server(key.public(), clock, [503, 503, 200], fresh=guard, tag="app")
    auth = [Bearer("token"), HttpSigner(key, expires_in=60, tag="app", include_alg=True)]
    client = Client("http://x", auth=auth, transport=httpx.MockTransport(server), clock=clock)
    client.send(Request(OPERATION, query={"q": "1"}, body={"amount": 5}))
    assert [v.nonce for v in server.seen] == list(dict.fromkeys(v.nonce for v in server.seen))
    assert [v.created for v in server.seen] == sorted(v.created for v in server.seen)
    assert len({v.components['"idempotency-key"'] for v in server.seen}) == 1
    covered = server.seen[0].components
    assert covered['"@path"'] == "/pay"
    assert covered['"@query"'] == "?q=1"
    assert covered['"authorization"'] == "Bearer token"
    assert '"content-digest"' in covered
    assert server.seen[0].expires == server.seen[0].created + 60


@pytest.mark.parametrize(
    "key", [ED25519, P256, SECRET, Key.generate("ES384"), Key.generate("RS256"), Key.generate("PS512")]
)
def test_every_algorithm_signs_and_verifies(key):
    request = HttpRequest("GET", "https://e.com", "/a?b", {})
    HttpSigner(key, include_alg=True).apply(request, Still(CREATED))
    assert check(HttpMessage.of_request(request), key, required=("@method", "@path", "@query", "@authority"))


class Still:
    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        return self.now


def test_a_stream_cannot_be_signed():
    client = Client("http://x", auth=HttpSigner(ED25519), transport=httpx.MockTransport(lambda r: httpx.Response(200)))
    upload = Request(OPERATION, body=File(iter([b"x"])), media_type="application/octet-stream")
    with pytest.raises(RequestError, match="streamed body cannot be signed"):
        client.send(upload)


def test_a_request_without_what_must_be_signed_is_not_sent(clock):
    sent: list[httpx.Request] = []
    answer = httpx.MockTransport(lambda request: sent.append(request) or httpx.Response(200, json={}))
    for name in ("x-tenant", '"@query-param";name="q"'):
        client = Client(
            "http://x", auth=HttpSigner(ED25519, components=["@method", name]), transport=answer, clock=clock
        )
        with pytest.raises(RequestError, match="cannot be signed"):
            client.send(Request(OPERATION, body={}))
    assert sent == []


def test_an_empty_body_has_a_digest_where_one_is_always_wanted():
    request = HttpRequest("GET", "https://e.com", "/", {})
    HttpSigner(ED25519, components=["@method", "content-digest"]).apply(request, Still(CREATED))
    assert check(HttpMessage.of_request(request), ED25519, body_covered=True).components['"content-digest"'] == (
        content_digest(b"")
    )


def test_a_public_key_signs_nothing_and_not_every_algorithm_is_for_http():
    for key in (ED25519.public(), Key.generate("HS512")):
        with pytest.raises(InvalidKeyError):
            HttpSigner(key)


@pytest.mark.promise("No secret is in a repr or an error")
def test_neither_key_nor_signature_shows():
    signer = HttpSigner(SECRET)
    request = HttpRequest("GET", "https://e.com", "/", {})
    signer.apply(request, Still(CREATED))
    value = request.headers["signature"]
    assert "uzvJ" not in repr(signer)
    assert value not in repr(request)
    assert value[6:-1] not in repr(request)


# -- what is refused


def fresh_message(key: Key = ED25519, body: bytes | None = b"{}", **options: Any) -> HttpMessage:
    headers = {"content-type": "application/json"} if body else {}
    request = HttpRequest("POST", "https://e.com", "/a?b=c", headers, body)
    HttpSigner(key, **options).apply(request, Still(CREATED))
    return HttpMessage.of_request(request)


def changed(message: HttpMessage, **parts: Any) -> HttpMessage:
    fields = {name: getattr(message, name) for name in ("fields", "method", "url", "body")}
    return HttpMessage(**{**fields, **parts})


STRICT: dict[str, Any] = {"required": ("@method", "@authority", "@path", "@query"), "body_covered": True}


@pytest.mark.parametrize(
    ("parts", "kind"),
    [
        ({"method": "PUT"}, MismatchError),
        ({"url": "https://e.com/a?b=d"}, MismatchError),
        ({"url": "https://evil.com/a?b=c"}, MismatchError),
        ({"body": b"[]"}, MismatchError),
        ({"body": None}, ClaimError),
        ({"fields": []}, ClaimError),
    ],
)
def test_what_is_covered_cannot_be_changed(parts, kind):
    message = fresh_message()
    assert check(message, ED25519, **STRICT)
    with pytest.raises(kind):
        check(changed(message, **parts), ED25519, **STRICT)


@pytest.mark.parametrize(
    ("now", "skew"), [(CREATED + 359, None), (CREATED + 360, 60), (CREATED - 61, -61), (CREATED + 10**6, 10**6 - 300)]
)
def test_time_is_checked_on_both_sides(now, skew):
    if skew is None:
        assert check(fresh_message(), ED25519, now=now)
        return
    with pytest.raises(TimestampError) as caught:
        check(fresh_message(), ED25519, now=now)
    assert caught.value.skew == skew


def test_an_end_is_kept_to():
    message = fresh_message(expires_in=10)
    with pytest.raises(TimestampError):
        check(message, ED25519, now=CREATED + 70)
    with pytest.raises(TimestampError):
        check(message, ED25519, now=CREATED + 11, tolerance=1)


@pytest.mark.parametrize(
    ("rules", "kind"),
    [
        ({"required": ("x-other",)}, ClaimError),
        ({"required": ('"@query-param";name="b"',)}, ClaimError),
        ({"label": "other"}, ClaimError),
        ({"tag": "other"}, ClaimError),
        ({"keys": KeySet([])}, UnknownKeyError),
        ({"keys": P256}, UnknownKeyError),
        ({"keys": Key.generate()}, MismatchError),
        ({"keys": Key.generate("ES256")}, MismatchError),
    ],
)
def test_rules_that_are_not_met(rules, kind):
    keys = rules.pop("keys", ED25519)
    with pytest.raises(kind):
        check(fresh_message(), keys, **rules)


def test_what_is_not_covered_must_be_asked_for():
    bare = fresh_message(components=["@method"], if_present=[])
    with pytest.raises(ClaimError, match="does not cover @authority"):
        check(bare, ED25519, **STRICT)
    with pytest.raises(ClaimError, match="does not cover the body"):
        check(bare, ED25519, required=("@method",), body_covered=True)
    assert dict(check(bare, ED25519).components) == {'"@method"': "POST"}


def test_a_signature_without_a_time_or_name_or_nonce():
    params: dict[str, Any] = {"keyid": "test-key-ed25519"}
    timeless = signed(REQUEST, *sign_message(REQUEST, ED25519, ["@method"], params=params).items())
    with pytest.raises(ClaimError, match="when it was made"):
        check(timeless)
    assert check(timeless, max_age=None)
    with pytest.raises(ClaimError, match="no nonce"):
        check(timeless, max_age=None, fresh=ReplayGuard(lambda: 0.0))
    nameless = signed(REQUEST, *sign_message(REQUEST, ED25519, ["@method"], params={"created": CREATED}).items())
    with pytest.raises(ClaimError, match="does not name its key"):
        check(nameless)
    assert check(nameless, ED25519)


def test_a_nonce_is_taken_once():
    guard = ReplayGuard(lambda: float(CREATED))
    message = fresh_message()
    assert check(message, ED25519, fresh=guard)
    with pytest.raises(ReplayError):
        check(message, ED25519, fresh=guard)


@pytest.mark.parametrize("alg", ["hmac-sha256", "ecdsa-p256-sha256", "none", "EdDSA"])
def test_alg_may_only_repeat_what_the_key_says(alg):
    params = {"created": CREATED, "alg": alg}
    message = signed(REQUEST, *sign_message(REQUEST, ED25519, ["@method"], params=params).items())
    with pytest.raises(AlgorithmError):
        check(message, ED25519)


@pytest.mark.parametrize(
    ("given_input", "signature"),
    [
        ("sig1", "sig1=:AAAA:"),
        ("sig1=()", "sig2=:AAAA:"),
        ('sig1=("@method");created=1618884473', "sig1=AAAA"),
        ('sig1=("@method");created="now"', "sig1=:AAAA:"),
        ('sig1=("@method");created=1618884473.5', "sig1=:AAAA:"),
        ("sig1=(method);created=1618884473", "sig1=:AAAA:"),
        ('sig1=("@method" "@method");created=1618884473', "sig1=:AAAA:"),
        ('sig1=("@method");created=1618884473;keyid=5', "sig1=:AAAA:"),
        ('sig1=("@signature-params");created=1618884473', "sig1=:AAAA:"),
        ("not (structured", "sig1=:AAAA:"),
        (", ".join(f's{n}=("@method");created=1618884473' for n in range(9)), "s1=:AAAA:"),
        ('sig1=("@method");created=1618884473', "sig1=:A=AA:"),
    ],
)
def test_forms_that_are_refused(given_input, signature):
    with pytest.raises(VerificationError):
        check(signed(REQUEST, ("Signature-Input", given_input), ("Signature", signature)), ED25519)


def test_of_several_signatures_one_by_a_known_key_will_do():
    mine = fresh_message(label="mine")
    request = HttpRequest("POST", "https://e.com", "/a?b=c", {})
    HttpSigner(Key.generate(kid="proxy"), label="proxy").apply(request, Still(CREATED))
    both = changed(
        mine, fields=[*mine.fields, *((name, value) for name, value in request.headers.items() if "signature" in name)]
    )
    assert check(both, KEYS).label == "mine"
    assert check(both, KEYS, label="mine")
    with pytest.raises(VerificationError):
        check(both, KEYS, label="proxy")


def test_a_response_is_bound_to_its_request():
    request = HttpMessage([("x-id", "7"), *FIELDS], method="POST", url=URL, body=BODY)
    answer = HttpMessage([("content-type", "text/plain")], status=200, body=b"", request=request)
    names = ["@status", "content-type", '"@method";req', '"x-id";req', '"content-digest";req']
    fields = sign_message(answer, ED25519, names, params={"created": CREATED, "keyid": "test-key-ed25519"})
    whole = signed(answer, *fields.items())
    assert check(whole, required=["@status", '"x-id";req']).components['"x-id";req'] == "7"
    other = HttpMessage([("x-id", "8"), *FIELDS], method="POST", url=URL, body=BODY)
    with pytest.raises(MismatchError):
        check(HttpMessage(whole.fields, status=200, body=b"", request=other))
    tampered = HttpMessage([("x-id", "7"), *FIELDS], method="POST", url=URL, body=b"{}")
    with pytest.raises(MismatchError):
        check(HttpMessage(whole.fields, status=200, body=b"", request=tampered))
    with pytest.raises(ClaimError, match="not known"):
        check(HttpMessage(whole.fields, status=200, body=b""))


@given(st.lists(st.tuples(st.sampled_from(["signature", "signature-input", "x"]), st.text(max_size=50)), max_size=5))
def test_any_fields_are_verified_or_refused_by_the_one_tree(fields):
    with pytest.raises(VerificationError):
        check(HttpMessage(fields, method="GET", url="https://e.com/", body=b""))


def test_a_401_whose_clock_is_another_says_so(clock):
    date = "Tue, 20 Apr 2021 02:07:55 GMT"
    refuse = httpx.MockTransport(lambda request: httpx.Response(401, headers={"Date": date}))
    client = Client("http://x", auth=HttpSigner(ED25519), transport=refuse, clock=clock)
    with pytest.raises(ClockSkewError, match="ahead of its own") as caught:
        client.send(Request(OPERATION, body={}))
    assert caught.value.server_date == date
    assert caught.value.attempts == 1
    patient = Client("http://x", auth=HttpSigner(ED25519, tolerance=1e9), transport=refuse, clock=clock)
    with pytest.raises(Unauthorized):
        patient.send(Request(OPERATION, body={}))
