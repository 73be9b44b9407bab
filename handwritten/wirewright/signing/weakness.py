"""Keys that are well formed and still worth nothing."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from wirewright.signing.errors import InvalidKeyError

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192
_P = 2**255 - 19
# y of the points whose order divides 8 (the two of order 8 solve d*y^4 + 2*y^2 = 1), and their forms beyond the prime:
# with such a key anyone makes signatures that verify.
_ORDER_8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022
_SMALL_ORDER = frozenset({0, 1, _P - 1, _P, _P + 1, _ORDER_8, _P - _ORDER_8})
# A modulus of the ROCA family (CVE-2017-15361) is a power of 65537 modulo every one of these primes.
_ROCA_PRIMES = (
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
)  # fmt: skip


def check_ed25519(raw: bytes) -> None:
    """Raises `InvalidKeyError` for a public key that is no 32 bytes or a point of small order."""
    if len(raw) != 32:
        raise InvalidKeyError(f"a public Ed25519 key has 32 bytes, not {len(raw)}")
    if int.from_bytes(raw, "little") & (2**255 - 1) in _SMALL_ORDER:
        raise InvalidKeyError("a public Ed25519 key of small order: anyone could sign for it")


def check_rsa(key: RSAPublicKey) -> None:
    """Raises `InvalidKeyError` for a modulus out of 2048 to 8192 bits, a bad exponent, or one of the ROCA family."""
    if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        raise InvalidKeyError(f"an RSA key has {MIN_RSA_BITS} to {MAX_RSA_BITS} bits, this one {key.key_size}")
    numbers = key.public_numbers()
    if numbers.e < 3 or numbers.e % 2 == 0 or numbers.e.bit_length() > 256:
        raise InvalidKeyError("an RSA key with a public exponent that must not be used")
    if all(numbers.n % prime in _powers(prime) for prime in _ROCA_PRIMES):
        raise InvalidKeyError("an RSA key of the ROCA family (CVE-2017-15361): its private half can be computed")


def _powers(prime: int) -> set[int]:
    powers, value = {1}, 65537 % prime
    while value not in powers:
        powers.add(value)
        value = value * 65537 % prime
    return powers
