"""P-256 keys and signatures over hashes (protocol sheet §10)."""

from __future__ import annotations

import base64
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from wirewright.signing.encoding import b64_decode
from wirewright.signing.errors import MalformedError

from symbiont.agentpin.crypto import private_key, public_key


class KeyManager:
    """Making, reading and naming keys."""

    @staticmethod
    def generate_keypair() -> tuple[EllipticCurvePrivateKey, EllipticCurvePublicKey]:
        """A new key."""
        key = generate_private_key(SECP256R1())
        return key, key.public_key()

    @staticmethod
    def export_private_key_pem(private_key: EllipticCurvePrivateKey) -> str:
        """PKCS#8, not encrypted. Keep it secret."""
        return private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @staticmethod
    def export_public_key_pem(public_key: EllipticCurvePublicKey) -> str:
        """SubjectPublicKeyInfo."""
        return public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    @staticmethod
    def load_private_key_pem(pem_data: str) -> EllipticCurvePrivateKey:
        """Raises `ValueError` for anything but a P-256 key."""
        return private_key(pem_data)

    @staticmethod
    def load_public_key_pem(pem_data: str) -> EllipticCurvePublicKey:
        """Raises `ValueError` for anything but a P-256 key."""
        return public_key(pem_data)

    @staticmethod
    def calculate_key_fingerprint(public_key: EllipticCurvePublicKey) -> str:
        """`sha256:` and the hash of its DER, in hex."""
        der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return f"sha256:{hashlib.sha256(der).hexdigest()}"

    @staticmethod
    def calculate_key_fingerprint_from_pem(public_key_pem: str) -> str:
        """As `calculate_key_fingerprint`."""
        return KeyManager.calculate_key_fingerprint(public_key(public_key_pem))


class SignatureManager:
    """Signatures: base64 of DER, over the 32 bytes of a hash (which ECDSA hashes once more)."""

    @staticmethod
    def sign_hash(hash_bytes: bytes, private_key: EllipticCurvePrivateKey) -> str:
        """Sign a hash."""
        return base64.b64encode(private_key.sign(hash_bytes, ECDSA(SHA256()))).decode("ascii")

    @staticmethod
    def verify_signature(hash_bytes: bytes, signature_b64: str, public_key: EllipticCurvePublicKey) -> bool:
        """Whether the key signed the hash; False for anything that is no signature."""
        try:
            public_key.verify(b64_decode(signature_b64), hash_bytes, ECDSA(SHA256()))
        except (InvalidSignature, MalformedError, TypeError):
            return False
        return True

    @classmethod
    def sign_schema_hash(cls, schema_hash: bytes, private_key: EllipticCurvePrivateKey) -> str:
        """As `sign_hash`."""
        return cls.sign_hash(schema_hash, private_key)

    @classmethod
    def verify_schema_signature(
        cls, schema_hash: bytes, signature_b64: str, public_key: EllipticCurvePublicKey
    ) -> bool:
        """As `verify_signature`."""
        return cls.verify_signature(schema_hash, signature_b64, public_key)
