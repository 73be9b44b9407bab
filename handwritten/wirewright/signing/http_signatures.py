"""HTTP message signatures (RFC 9421) with content digests (RFC 9530): a signer for requests, and verification.

    client = Client(url, auth=HttpSigner(key, keyid="my-key"))

    verified = verify_message(message, keys, now=time.time(), required=("@method", "@path", "@authority"))

Only what a signature covers may be believed: `Verified.components` holds just that.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Final

import msgspec

from wirewright.auth import Auth
from wirewright.clock import Clock
from wirewright.errors import RequestError
from wirewright.messages import HttpRequest, HttpResponse
from wirewright.signing.components import HttpMessage, covered_texts, identifier, signature_base
from wirewright.signing.digests import content_digest, verify_content_digest
from wirewright.signing.errors import (
    AlgorithmError,
    ClaimError,
    ClockSkewError,
    InvalidKeyError,
    MalformedError,
    ReplayError,
    VerificationError,
)
from wirewright.signing.keys import Key
from wirewright.signing.keysets import Keys, named
from wirewright.signing.structured import Bare, InnerList, Item, Member, parse_dictionary, serialize
from wirewright.signing.times import check_not_after, check_not_before

ALGORITHMS: Final[Mapping[str, str]] = {
    "EdDSA": "ed25519",
    "ES256": "ecdsa-p256-sha256",
    "ES384": "ecdsa-p384-sha384",
    "HS256": "hmac-sha256",
    "RS256": "rsa-v1_5-sha256",
    "PS512": "rsa-pss-sha512",
}
REQUEST_COMPONENTS = ("@method", "@authority", "@path", "@query")
DIGEST = "content-digest"
IF_PRESENT = ("content-type", DIGEST, "authorization", "idempotency-key")
TOLERANCE = 60.0
MAX_AGE = 300.0
MAX_SIGNATURES = 8


class HttpSigner(Auth):
    """Signs every attempt anew: its own `created` and nonce, the same idempotency key.

    - `components` are always covered, `if_present` where the request has them. A body gets a `Content-Digest`, so a
      streamed one is a `RequestError`.
    - `keyid`: the key's name for the server, the key's `kid` unless said otherwise. `tag`: names the application.
    - `expires_in`: seconds until the signature ends. `nonce`: makes one for each attempt; None sends none.

    A 401 whose `Date` is more than `tolerance` seconds off our clock raises `ClockSkewError`, which says so. In
    `auth=[token, signer]` the signer is last, so that the token is signed too.
    """

    def __init__(
        self,
        key: Key,
        *,
        components: Sequence[str] = REQUEST_COMPONENTS,
        if_present: Sequence[str] = IF_PRESENT,
        keyid: str | None = None,
        label: str = "sig1",
        tag: str | None = None,
        expires_in: float | None = None,
        nonce: Callable[[], str] | None = lambda: secrets.token_urlsafe(16),
        include_alg: bool = False,
        digest: str = "sha-256",
        tolerance: float = TOLERANCE,
    ) -> None:
        if not key.can_sign or key.algorithm not in ALGORITHMS:
            raise InvalidKeyError(f"HTTP messages are signed with a private key for {', '.join(ALGORITHMS)}")
        self._key = key
        self._components = [identifier(name) for name in components]
        always = {serialize(item) for item in self._components}
        self._if_present = [item for item in map(identifier, if_present) if serialize(item) not in always]
        self._keyid = keyid if keyid is not None else key.kid
        self._label, self._tag, self._digest = label, tag, digest
        self._expires_in, self._nonce, self._include_alg = expires_in, nonce, include_alg
        self._tolerance = tolerance

    def apply(self, request: HttpRequest, clock: Clock) -> None:
        self._add_digest(request)
        message = HttpMessage.of_request(request)
        present = [item for item in self._if_present if str(item.value) in request.headers]
        params = self._parameters(clock.time())
        covered = InnerList([*self._components, *present], params)
        try:
            signature = self._key.sign(signature_base(covered_texts(message, covered), covered))
        except VerificationError as error:
            raise RequestError(f"the request cannot be signed: {error}") from None
        request.headers["signature-input"] = serialize({self._label: covered})
        request.headers["signature"] = serialize({self._label: Item(signature)})

    def refused(self, request: HttpRequest, response: HttpResponse) -> bool:
        """A signature is not better the second time; but when it was the clock, the error says so."""
        date = response.headers.get("date")
        created = parse_dictionary(request.headers["signature-input"])[self._label].params["created"]
        if date is None or not isinstance(created, int):
            return False
        try:
            skew = created - parsedate_to_datetime(date).timestamp()
        except (ValueError, OverflowError):
            return False
        if abs(skew) > self._tolerance:
            raise ClockSkewError(
                f"the server refused our signature, and our clock is {abs(skew):.0f} s "
                f"{'ahead of' if skew > 0 else 'behind'} its own (its Date: {date})",
                skew=skew,
                server_date=date,
            )
        return False

    def _add_digest(self, request: HttpRequest) -> None:
        always, sometimes = ([item.value for item in items] for items in (self._components, self._if_present))
        wanted = DIGEST in always or (request.content is not None and DIGEST in sometimes)
        if not wanted:
            return
        content = b"" if request.content is None else request.content
        if not isinstance(content, bytes):
            raise RequestError("a streamed body cannot be signed: its digest must be known before it is sent")
        request.headers[DIGEST] = content_digest(content, (self._digest,))

    def _parameters(self, now: float) -> dict[str, Bare]:
        given: dict[str, Bare | None] = {
            "created": int(now),
            "expires": None if self._expires_in is None else int(now + self._expires_in),
            "nonce": self._nonce() if self._nonce else None,
            "alg": ALGORITHMS[self._key.algorithm] if self._include_alg else None,
            "keyid": self._keyid,
            "tag": self._tag,
        }
        return {name: value for name, value in given.items() if value is not None}

    def __repr__(self) -> str:
        return f"HttpSigner({self._key!r}, keyid={self._keyid!r})"


class Verified(msgspec.Struct, frozen=True):
    """A signature that holds. `components`: what it covers, by identifier as written, with the texts that were signed.

    `created`, `expires`: seconds since 1970.
    """

    label: str
    key: Key
    components: Mapping[str, str]
    created: int | None
    expires: int | None
    nonce: str | None
    tag: str | None


def sign_message(
    message: HttpMessage, key: Key, components: Sequence[str], *, label: str = "sig1", params: Mapping[str, Bare]
) -> dict[str, str]:
    """The two header fields that sign any message, also a response. `params` as they are sent, in order."""
    covered = InnerList([identifier(name) for name in components], dict(params))
    signature = key.sign(signature_base(covered_texts(message, covered), covered))
    return {"Signature-Input": serialize({label: covered}), "Signature": serialize({label: Item(signature)})}


def verify_message(
    message: HttpMessage,
    keys: Keys,
    *,
    now: float,
    required: Collection[str] = REQUEST_COMPONENTS,
    label: str | None = None,
    tag: str | None = None,
    max_age: float | None = MAX_AGE,
    tolerance: float = TOLERANCE,
    fresh: Callable[[str, float], bool] | None = None,
    body_covered: bool = True,
) -> Verified:
    """Verify one signature of a message.

    It must cover all of `required`, and a body by its digest (unless `body_covered` is False). `label` or `tag` say
    which signature is meant; without them any by a known key will do. `now`: seconds since 1970; `max_age`: the most
    seconds since `created`, which then must be there; `tolerance`: how far the clocks may differ. `fresh`: told the
    nonce and when it ends, says whether it is new; then a nonce must be there.

    Raises a `VerificationError`.
    """
    inputs, signatures = (parse_dictionary(message.lines(name)) for name in ("signature-input", "signature"))
    labels = [name for name, member in inputs.items() if _meant(name, member, label, tag)]
    if not labels:
        raise ClaimError("the message has no such signature", claim="signature-input")
    if len(labels) > MAX_SIGNATURES:
        raise MalformedError(f"more than {MAX_SIGNATURES} signatures")
    rules = _Rules(now, required, max_age, tolerance, fresh, body_covered)
    failure: VerificationError | None = None
    for name in labels:
        try:
            return _verify_one(message, keys, (name, inputs[name], signatures.get(name)), rules)
        except VerificationError as error:
            failure = failure or error
    assert failure is not None  # there was a label, and it did not verify
    raise failure


class _Rules(msgspec.Struct, frozen=True):
    now: float
    required: Collection[str]
    max_age: float | None
    tolerance: float
    fresh: Callable[[str, float], bool] | None
    body_covered: bool


def _meant(name: str, member: Member, label: str | None, tag: str | None) -> bool:
    return (label is None or name == label) and (tag is None or member.params.get("tag") == tag)


def _verify_one(message: HttpMessage, keys: Keys, found: tuple[str, Member, Member | None], rules: _Rules) -> Verified:
    label, covered, signature = found
    if not isinstance(covered, InnerList) or not isinstance(signature, Item) or not isinstance(signature.value, bytes):
        raise MalformedError("a signature without its input, or not in its form")
    params = _Parameters.of(covered)
    _check_times(params, rules)
    texts = covered_texts(message, covered)
    _check_coverage(message, covered, texts, rules)
    key = _proven(keys, params, signature_base(texts, covered), signature.value)
    if rules.fresh is not None:
        _check_fresh(params, rules)
    return Verified(label, key, texts, params.created, params.expires, params.nonce, params.tag)


class _Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    created: int | None = None
    expires: int | None = None
    nonce: str | None = None
    alg: str | None = None
    keyid: str | None = None
    tag: str | None = None

    @classmethod
    def of(cls, covered: InnerList) -> _Parameters:
        for name, value in covered.params.items():
            wanted = int if name in {"created", "expires"} else str
            if name in cls.__struct_fields__ and type(value) is not wanted:
                raise MalformedError(f"{name} of the signature has the wrong form")
        return msgspec.convert(dict(covered.params), cls)


def _check_times(params: _Parameters, rules: _Rules) -> None:
    if params.created is not None:
        check_not_before(params.created, rules.now, rules.tolerance, "the signature")
    if params.expires is not None:
        check_not_after(params.expires, rules.now, rules.tolerance, "the signature")
    if rules.max_age is not None:
        if params.created is None:
            raise ClaimError("the signature does not say when it was made", claim="created")
        check_not_after(params.created + rules.max_age, rules.now, rules.tolerance, "the signature")


def _check_coverage(message: HttpMessage, covered: InnerList, names: Collection[str], rules: _Rules) -> None:
    for name in rules.required:
        if _written(name) not in names:
            raise ClaimError(f"the signature does not cover {name}", claim=name)
    digests = [item for item in covered.items if item.value == DIGEST and not {"key", "tr"} & set(item.params)]
    for item in digests:
        _check_digest(message.request if "req" in item.params else message)
    if rules.body_covered and message.body != b"" and all("req" in item.params for item in digests):
        raise ClaimError("the signature does not cover the body", claim=DIGEST)


@cache
def _written(name: str) -> str:
    return serialize(identifier(name))


def _check_digest(message: HttpMessage | None) -> None:
    if message is None or message.body is None:
        raise ClaimError("the body is not known, so its digest cannot be checked", claim=DIGEST)
    verify_content_digest(message.lines(DIGEST), message.body)


def _proven(keys: Keys, params: _Parameters, base: bytes, signature: bytes) -> Key:
    """The key that signed: the named one, or the one that is given. `alg` may only repeat what the key says."""
    if params.keyid is None and not isinstance(keys, Key):
        raise ClaimError("the signature does not name its key", claim="keyid")
    key = named(keys, params.keyid)
    if params.alg is not None and params.alg != ALGORITHMS.get(key.algorithm):
        raise AlgorithmError(f"signed as {params.alg[:20]!r}, but the key is for {key.algorithm}")
    if key.algorithm not in ALGORITHMS:
        raise AlgorithmError(f"{key.algorithm} is no algorithm of HTTP message signatures")
    key.verify(base, signature)
    return key


def _check_fresh(params: _Parameters, rules: _Rules) -> None:
    if params.nonce is None:
        raise ClaimError("the signature has no nonce", claim="nonce")
    assert rules.fresh is not None
    ends = [params.expires] if params.expires is not None else []
    if params.created is not None and rules.max_age is not None:
        ends.append(int(params.created + rules.max_age))
    if not rules.fresh(params.nonce, min(ends, default=rules.now) + rules.tolerance):
        raise ReplayError("the signature was used before", identifier=params.nonce)
