"""Keys and signatures: P-256 in PEM, ECDSA with SHA-256, DER in standard base64 (protocol sheet §9.1)."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from wirewright.signing.encoding import b64_decode
from wirewright.signing.errors import MalformedError

_ECDSA = ECDSA(SHA256())


class KeyPair(tuple[str, str]):
    """Private and public PEM: a pair that also has names. It does not show itself."""

    __slots__ = ()

    def __new__(cls, private_key_pem: str, public_key_pem: str) -> KeyPair:
        return super().__new__(cls, (private_key_pem, public_key_pem))

    @property
    def private_key_pem(self) -> str:
        """PKCS#8, not encrypted. Keep it secret."""
        return self[0]

    @property
    def public_key_pem(self) -> str:
        """SubjectPublicKeyInfo."""
        return self[1]

    private_key = private_key_pem
    public_key = public_key_pem

    def __repr__(self) -> str:
        return "KeyPair(private_key_pem=***, public_key_pem=...)"

    def __getnewargs__(self) -> tuple[str, str]:
        return self[0], self[1]


def generate_key_pair() -> KeyPair:
    """A new key: `(private_pem, public_pem)`."""
    key = generate_private_key(SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return KeyPair(private.decode(), public.decode())


def generate_key_id(public_key_pem: str) -> str:
    """The key's name: SHA-256 of its DER, 64 hex digits."""
    return sha256_hex(public_key(public_key_pem).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def sign_data(private_key_pem: str, data: bytes) -> str:
    """Sign bytes. Raises `ValueError` when it is no private P-256 key."""
    return base64.b64encode(sign_der(private_key_pem, data)).decode("ascii")


def verify_signature(public_key_pem: str, data: bytes, signature_b64: str) -> bool:
    """Whether it is the signature of `data`; also False for anything that is none."""
    try:
        return verify_der(public_key_pem, data, b64_decode(signature_b64))
    except (MalformedError, ValueError, TypeError):
        return False


def sign_der(private_key_pem: str, data: bytes) -> bytes:
    """The signature in DER."""
    return private_key(private_key_pem).sign(data, _ECDSA)


def verify_der(public_key_pem: str, data: bytes, signature: bytes) -> bool:
    """Whether it is the signature in DER. Raises `ValueError` when the key is none."""
    try:
        public_key(public_key_pem).verify(signature, data, _ECDSA)
    except InvalidSignature:
        return False
    return True


def public_pem_of(private_key_pem: str) -> str:
    """The public half of a private key, in PEM."""
    public = private_key(private_key_pem).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def private_key(pem: str) -> EllipticCurvePrivateKey:
    """A private P-256 key from its PEM. Raises `ValueError` for anything else, without a word of it."""
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError):
        raise ValueError("not an unencrypted private key in PEM") from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("not a private P-256 key")
    return key


@lru_cache(maxsize=256)
def public_key(pem: str) -> EllipticCurvePublicKey:
    """A public P-256 key from its PEM. Raises `ValueError` for anything else."""
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("not a public P-256 key")
    return key


def sha256_hash(data: bytes) -> bytes:
    """The 32 bytes of SHA-256."""
    return hashlib.sha256(data).digest()


def sha256_hex(data: bytes) -> str:
    """SHA-256 in lower-case hex."""
    return hashlib.sha256(data).hexdigest()
