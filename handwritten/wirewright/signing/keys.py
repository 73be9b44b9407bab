"""Keys that know what they are for.

A `Key` is bound to one algorithm when it is made, never by what a message says; a JWK's `use` and `key_ops` are kept
to. Mathematics and formats are joserfc's and cryptography's; what this module adds are refusals: keys that are too
short, not on their curve, of small order, of the ROCA family, with a public half that belongs to another private half.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple, Self, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from wirewright.signing.encoding import b64url, b64url_decode
from wirewright.signing.errors import InvalidKeyError, MalformedError, MismatchError
from wirewright.signing.weakness import MAX_RSA_BITS, MIN_RSA_BITS, check_ed25519, check_rsa

JoseKey = OctKey | ECKey | OKPKey | RSAKey
Native = (
    EllipticCurvePrivateKey
    | EllipticCurvePublicKey
    | Ed25519PrivateKey
    | Ed25519PublicKey
    | RSAPrivateKey
    | RSAPublicKey
)


class _Kind(NamedTuple):
    kty: str
    curve: str = ""
    size: int = 0  # bytes of a coordinate, or the least bytes of a secret


ALGORITHMS: Final[Mapping[str, _Kind]] = {
    "EdDSA": _Kind("OKP", "Ed25519", 32),
    "ES256": _Kind("EC", "P-256", 32),
    "ES384": _Kind("EC", "P-384", 48),
    "ES512": _Kind("EC", "P-521", 66),
    "HS256": _Kind("oct", size=32),
    "HS384": _Kind("oct", size=48),
    "HS512": _Kind("oct", size=64),
    **{name: _Kind("RSA") for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")},
}
_MATERIAL = {
    "OKP": ("x", "d"),
    "EC": ("x", "y", "d"),
    "oct": ("k",),
    "RSA": ("n", "e", "d", "p", "q", "dp", "dq", "qi"),
}
_PUBLIC = {"OKP": ("crv", "x"), "EC": ("crv", "x", "y"), "RSA": ("n", "e")}
_CLASSES: dict[str, type[JoseKey]] = {"OKP": OKPKey, "EC": ECKey, "oct": OctKey, "RSA": RSAKey}
_OPERATIONS = frozenset({"sign", "verify"})


def canonical_algorithm(name: str) -> str:
    """`Ed25519` (RFC 9864) is what RFC 8037 calls `EdDSA`, here always on that curve."""
    return "EdDSA" if name == "Ed25519" else name


class Key:
    """A key for one algorithm: `EdDSA`, `ES256`, `HS256` and their kin, in the names of JOSE.

    `kid` is its name in key sets and tokens. What it may do is in `can_sign` and `can_verify`.
    """

    __slots__ = ("_jose", "_operations", "algorithm", "kid")

    def __init__(
        self, jose: JoseKey, algorithm: str, *, kid: str | None = None, operations: frozenset[str] = _OPERATIONS
    ) -> None:
        self._jose = jose
        self._operations = operations if jose.is_private else operations - {"sign"}
        self.algorithm = algorithm
        self.kid = kid

    # -- making

    @classmethod
    def generate(cls, algorithm: str = "EdDSA", *, kid: str | None = None) -> Self:
        """A new key from the system's randomness; RSA keys have 3072 bits."""
        algorithm = canonical_algorithm(algorithm)
        kind = _kind(algorithm)
        if kind.kty == "oct":
            return cls(OctKey.generate_key(kind.size * 8), algorithm, kid=kid)
        if kind.kty == "RSA":
            return cls(RSAKey.generate_key(3072), algorithm, kid=kid)
        made: Any = cast(Any, _CLASSES[kind.kty]).generate_key(kind.curve)
        return cls(made, algorithm, kid=kid)

    @classmethod
    def from_secret(cls, secret: bytes, algorithm: str = "HS256", *, kid: str | None = None) -> Self:
        """A shared secret: at least as long as its hash, 32 bytes for HS256 (RFC 7518 §3.2)."""
        kind = _kind(algorithm)
        if kind.kty != "oct":
            raise InvalidKeyError(f"{algorithm} does not work with a shared secret")
        if len(secret) < kind.size:
            raise InvalidKeyError(f"a secret for {algorithm} has at least {kind.size} bytes, this one {len(secret)}")
        try:
            return cls(OctKey.import_key(secret), algorithm, kid=kid)
        except (JoseError, ValueError):
            raise InvalidKeyError("a public key or certificate is no secret") from None

    @classmethod
    def from_ed25519(cls, seed: bytes, *, kid: str | None = None) -> Self:
        """A private Ed25519 key from its 32 bytes."""
        if len(seed) != 32:
            raise InvalidKeyError(f"a private Ed25519 key has 32 bytes, not {len(seed)}")
        return cls(OKPKey.import_key(Ed25519PrivateKey.from_private_bytes(seed)), "EdDSA", kid=kid)

    @classmethod
    def from_ed25519_public(cls, raw: bytes, *, kid: str | None = None) -> Self:
        """A public Ed25519 key from its 32 bytes."""
        check_ed25519(raw)
        return cls(OKPKey.import_key(Ed25519PublicKey.from_public_bytes(raw)), "EdDSA", kid=kid)

    @classmethod
    def from_pem(
        cls, pem: str | bytes, *, algorithm: str | None = None, password: bytes | None = None, kid: str | None = None
    ) -> Self:
        """A private or public key in PEM. RSA keys fit several algorithms, so theirs must be named.

        Raises `InvalidKeyError` for what is none, is encrypted with another password, or is of another kind.
        """
        data = pem.encode() if isinstance(pem, str) else pem
        try:
            native = (
                load_pem_public_key(data) if b"-BEGIN PUBLIC KEY-" in data else load_pem_private_key(data, password)
            )
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise InvalidKeyError("not a PEM key, or not one that this password opens") from None
        if not isinstance(native, Native):
            raise InvalidKeyError(f"a key that does not sign: {type(native).__name__}")
        return cls.from_native(native, algorithm=algorithm, kid=kid)

    @classmethod
    def from_native(cls, native: Native, *, algorithm: str | None = None, kid: str | None = None) -> Self:
        """A key of the `cryptography` library."""
        jose: JoseKey
        if isinstance(native, Ed25519PrivateKey | Ed25519PublicKey):
            jose = OKPKey.import_key(native)
        elif isinstance(native, RSAPrivateKey | RSAPublicKey):
            check_rsa(native.public_key() if isinstance(native, RSAPrivateKey) else native)
            jose = RSAKey.import_key(native)
        else:
            jose = ECKey.import_key(native)
        return cls.from_jwk(dict(jose.as_dict(private=jose.is_private)), algorithm=algorithm, kid=kid)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Any], *, algorithm: str | None = None, kid: str | None = None) -> Self:
        """A JSON Web Key (RFC 7517) for signatures.

        Its `alg` binds it, or `algorithm` does where the key has none; both must agree. EC and Ed25519 keys say it by
        their curve. Raises `InvalidKeyError` for any flaw, and for keys that are for encryption.
        """
        bound = _bound_algorithm(jwk, algorithm)
        kind = _kind(bound)
        operations = _permitted(jwk)
        material = _checked_material(jwk, kind, bound)
        try:
            jose = _CLASSES[kind.kty].import_key(cast(Any, material))
            _ = jose.public_key if not isinstance(jose, OctKey) else None  # loads the numbers
        except (JoseError, ValueError, TypeError, UnsupportedAlgorithm):
            raise InvalidKeyError(f"not a key for {bound}: its numbers do not fit") from None
        if isinstance(jose, RSAKey):
            check_rsa(jose.public_key)
        if isinstance(jose, OKPKey) and jose.is_private and _derived_x(jose) != material["x"]:
            raise InvalidKeyError("the public half is not that of the private half")
        return cls(jose, bound, kid=kid or _kid(jwk), operations=operations)

    # -- using

    @property
    def is_private(self) -> bool:
        """Whether it must be kept secret (shared secrets are)."""
        return self._jose.is_private

    @property
    def is_symmetric(self) -> bool:
        """Whether it is a shared secret: who can verify can also sign."""
        return isinstance(self._jose, OctKey)

    @property
    def can_sign(self) -> bool:
        """Whether it is private and its `key_ops` permit to sign."""
        return "sign" in self._operations

    @property
    def can_verify(self) -> bool:
        """Whether its `key_ops` permit to verify."""
        return "verify" in self._operations

    def sign(self, message: bytes) -> bytes:
        """The signature in the form of JOSE: 64 bytes r and s for ES256, not DER."""
        if not self.can_sign:
            raise InvalidKeyError("a public key, or one whose key_ops do not permit to sign")
        signature: bytes = _implementation(self.algorithm).sign(message, self._jose)
        return signature

    def verify(self, message: bytes, signature: bytes) -> None:
        """Return when it is the signature of `message`. Raises `MismatchError` otherwise."""
        if not self.can_verify:
            raise InvalidKeyError("the key's key_ops do not permit to verify")
        try:
            good = _implementation(self.algorithm).verify(message, signature, self._jose)
        except (JoseError, ValueError):
            good = False
        if not good:
            raise MismatchError("the signature does not match")

    # -- giving away

    def public(self) -> Key:
        """The half that may be published. A shared secret has none."""
        if self.is_symmetric:
            raise InvalidKeyError("a shared secret has no public half")
        return type(self).from_jwk(self.as_jwk())

    def as_jwk(self, *, private: bool = False) -> dict[str, Any]:
        """A JSON Web Key, public unless asked otherwise."""
        if self.is_symmetric and not private:
            raise InvalidKeyError("a shared secret has no public half")
        if private and not self.is_private:
            raise InvalidKeyError("a public key has no private half")
        values: Mapping[str, Any] = self._jose.as_dict(private=private)
        kty = self._jose.key_type
        names = [*(_PUBLIC.get(kty, ())), *(n for n in _MATERIAL[kty] if private and n not in _PUBLIC.get(kty, ()))]
        jwk: dict[str, Any] = {"kid": self.kid} if self.kid is not None else {}
        jwk |= {"kty": kty, **{name: values[name] for name in names if name in values}}
        return jwk | {"alg": self.algorithm, "use": "sig"}

    def as_pem(self, *, private: bool = False, password: str | None = None) -> bytes:
        """PEM: SubjectPublicKeyInfo, or PKCS#8 for the private key, encrypted when there is a password."""
        if isinstance(self._jose, OctKey):
            raise InvalidKeyError("a shared secret has no PEM form")
        if private and not self.is_private:
            raise InvalidKeyError("a public key has no private half")
        return self._jose.as_pem(private=private, password=password)

    def public_bytes(self) -> bytes:
        """The 32 bytes of a public Ed25519 key."""
        if not isinstance(self._jose, OKPKey):
            raise InvalidKeyError("only Ed25519 keys have a raw form")
        return b64url_decode(_derived_x(self._jose))

    def thumbprint(self) -> str:
        """The SHA-256 thumbprint of RFC 7638, base64url."""
        return self._jose.thumbprint()

    def __repr__(self) -> str:
        return f"Key({self.algorithm!r}, kid={self.kid!r}, {'private' if self.is_private else 'public'})"

    def __reduce__(self) -> Any:
        raise TypeError("a key is not pickled: export it with as_jwk or as_pem")


def _implementation(algorithm: str) -> Any:
    return JWSRegistry.algorithms["Ed25519" if algorithm == "EdDSA" else algorithm]


def _kind(algorithm: str) -> _Kind:
    kind = ALGORITHMS.get(algorithm)
    if kind is None:
        raise InvalidKeyError(f"no signature algorithm that is known here: {algorithm[:20]!r}")
    return kind


def _bound_algorithm(jwk: Mapping[str, Any], wanted: str | None) -> str:
    stated = jwk.get("alg")
    if stated is not None and not isinstance(stated, str):
        raise InvalidKeyError("alg of a key is no text")
    names = [canonical_algorithm(name) for name in (stated, wanted) if name is not None]
    names += [
        name
        for name, kind in ALGORITHMS.items()
        if kind.curve and (kind.kty, kind.curve) == (jwk.get("kty"), jwk.get("crv"))
    ]
    if not names:
        raise InvalidKeyError("the key does not say which algorithm it is for; name it")
    if len(set(names)) > 1:
        raise InvalidKeyError(f"the key is for another algorithm than {names[0][:20]}")
    return names[0]


def _permitted(jwk: Mapping[str, Any]) -> frozenset[str]:
    if "use" in jwk and jwk["use"] != "sig":
        raise InvalidKeyError("the key's use is not sig")
    if "key_ops" not in jwk:
        return _OPERATIONS
    given = jwk["key_ops"]
    if not isinstance(given, list) or not all(isinstance(name, str) for name in cast("list[object]", given)):
        raise InvalidKeyError("key_ops is no list of names")
    names = cast("list[str]", given)
    if len(set(names)) != len(names):
        raise InvalidKeyError("key_ops names an operation twice")
    permitted = _OPERATIONS.intersection(names)
    if not permitted:
        raise InvalidKeyError("the key's key_ops permit neither to sign nor to verify")
    return permitted


def _checked_material(jwk: Mapping[str, Any], kind: _Kind, algorithm: str) -> dict[str, str]:
    """The members that make the key, of the lengths that its kind has."""
    if jwk.get("kty") != kind.kty or (kind.curve and jwk.get("crv") != kind.curve):
        raise InvalidKeyError(f"the key's type or curve is not that of {algorithm}")
    material: dict[str, str] = {"kty": kind.kty}
    if kind.curve:
        material["crv"] = kind.curve
    for name in _MATERIAL[kind.kty]:
        if name in jwk:
            material[name] = _checked_number(name, jwk[name], kind)
    needed = _PUBLIC.get(kind.kty, ("k",))
    if missing := [name for name in needed if name not in material]:
        raise InvalidKeyError(f"the key lacks {', '.join(missing)}")
    if kind.kty == "OKP":
        check_ed25519(b64url_decode(material["x"]))
    return material


def _checked_number(name: str, value: object, kind: _Kind) -> str:
    if not isinstance(value, str):
        raise InvalidKeyError(f"{name} of the key is no text")
    try:
        size = len(b64url_decode(value, f"{name} of the key"))
    except MalformedError as error:
        raise InvalidKeyError(str(error)) from None
    if kind.curve and size != kind.size:
        raise InvalidKeyError(f"{name} of the key has {size} bytes, not {kind.size}")
    if kind.kty == "RSA" and (size * 8 > MAX_RSA_BITS or (name == "n" and size * 8 < MIN_RSA_BITS)):
        raise InvalidKeyError(f"an RSA key has {MIN_RSA_BITS} to {MAX_RSA_BITS} bits")
    if kind.kty == "oct" and size < kind.size:
        raise InvalidKeyError(f"the secret has {size} bytes, its algorithm needs at least {kind.size}")
    return value


def _kid(jwk: Mapping[str, Any]) -> str | None:
    kid = jwk.get("kid")
    if kid is not None and not isinstance(kid, str):
        raise InvalidKeyError("kid of a key is no text")
    return kid


def _derived_x(key: OKPKey) -> str:
    public = key.public_key
    assert isinstance(public, Ed25519PublicKey)
    return b64url(public.public_bytes_raw())
