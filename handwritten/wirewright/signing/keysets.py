"""Key sets (JWKS, RFC 7517 §5), and which of its keys a message was signed with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self, cast

from wirewright.signing.encoding import strict_object
from wirewright.signing.errors import AlgorithmError, InvalidKeyError, MalformedError, UnknownKeyError
from wirewright.signing.keys import Key, canonical_algorithm

MAX_BYTES = 1024 * 1024
MAX_KEYS = 256
TRIED_AT_MOST = 8


class KeySet:
    """Keys by their `kid`.

    Refused with `InvalidKeyError`: two keys of one name, and shared secrets beside public keys (a public key could
    then be taken for a secret). `skipped` says which members of a parsed set are of no use here and why: a set may
    hold keys for encryption, or of kinds that are not known yet.
    """

    def __init__(self, keys: Iterable[Key], *, skipped: Sequence[tuple[int, str]] = ()) -> None:
        self._keys = tuple(keys)
        self.skipped = tuple(skipped)
        names = [key.kid for key in self._keys if key.kid is not None]
        if len(set(names)) != len(names):
            raise InvalidKeyError("two keys of the set have the same kid")
        if len({key.is_symmetric for key in self._keys}) > 1:
            raise InvalidKeyError("the set mixes shared secrets with public keys")
        self._by_kid = {key.kid: key for key in self._keys if key.kid is not None}

    @classmethod
    def parse(cls, document: str | bytes | Mapping[str, Any], *, algorithm: str | None = None) -> Self:
        """A set from its JSON. `algorithm` binds the keys that name none.

        Raises `MalformedError` when it is no key set, `InvalidKeyError` when it cannot be trusted as a whole.
        """
        if isinstance(document, str | bytes):
            if len(document) > MAX_BYTES:
                raise MalformedError(f"the key set is larger than {MAX_BYTES} bytes")
            document = strict_object(document, "the key set")
        members = document.get("keys")
        if not isinstance(members, list) or len(cast("list[object]", members)) > MAX_KEYS:
            raise MalformedError(f"a key set has a list of at most {MAX_KEYS} keys")
        _refuse_doubles(cast("list[object]", members))
        keys: list[Key] = []
        skipped: list[tuple[int, str]] = []
        for index, member in enumerate(cast("list[object]", members)):
            try:
                keys.append(Key.from_jwk(_object(member), algorithm=algorithm))
            except InvalidKeyError as error:
                skipped.append((index, str(error)))
        return cls(keys, skipped=skipped)

    def candidates(self, kid: str | None, algorithm: str) -> Sequence[Key]:
        """The keys that may have signed: the one of that name, or without a name all that are for the algorithm.

        Raises `UnknownKeyError`, or `AlgorithmError` when the named key is for another algorithm.
        """
        if kid is not None:
            return [usable(self.named(kid), algorithm)]
        fitting = [key for key in self._keys if key.algorithm == canonical_algorithm(algorithm) and key.can_verify]
        if not fitting:
            raise UnknownKeyError("no key for that algorithm" + self._why_not())
        return fitting[:TRIED_AT_MOST]

    def named(self, kid: str) -> Key:
        """The key of that name, or `UnknownKeyError`."""
        key = self._by_kid.get(kid)
        if key is None:
            raise UnknownKeyError("no key of that name" + self._why_not())
        return key

    def _why_not(self) -> str:
        if not self.skipped:
            return ""
        index, reason = self.skipped[0]
        return f" ({len(self.skipped)} keys of the set are of no use here, number {index}: {reason})"

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def __repr__(self) -> str:
        return f"KeySet({[key.kid for key in self._keys]!r})"


Keys = Key | KeySet | Iterable[Key]


def candidates(keys: Keys, kid: str | None, algorithm: str) -> Sequence[Key]:
    """As `KeySet.candidates`, also for a single key: it may be nameless, but a name that differs is another key."""
    if isinstance(keys, Key):
        return [usable(named(keys, kid), algorithm)]
    return (keys if isinstance(keys, KeySet) else KeySet(keys)).candidates(kid, algorithm)


def named(keys: Keys, kid: str | None) -> Key:
    """The key of that name; a single key may be nameless. Raises `UnknownKeyError`."""
    if not isinstance(keys, Key):
        return (keys if isinstance(keys, KeySet) else KeySet(keys)).named(kid or "")
    if kid is not None and keys.kid is not None and kid != keys.kid:
        raise UnknownKeyError("signed with a key of another name")
    return keys


def usable(key: Key, algorithm: str) -> Key:
    """The key, when it is for that algorithm and may verify; else `AlgorithmError` or `UnknownKeyError`."""
    if key.algorithm != canonical_algorithm(algorithm):
        raise AlgorithmError(f"signed as {algorithm[:20]!r}, but the key is for {key.algorithm}")
    if not key.can_verify:
        raise UnknownKeyError("the key's key_ops do not permit to verify")
    return key


def _object(member: object) -> Mapping[str, Any]:
    if not isinstance(member, Mapping):
        raise InvalidKeyError("no JSON object")
    return cast("Mapping[str, Any]", member)


def _refuse_doubles(members: Sequence[object]) -> None:
    """Also among the keys that are skipped, a name must be unique: which of the two was meant?"""
    names = [cast("Mapping[str, object]", member).get("kid") for member in members if isinstance(member, Mapping)]
    named = [name for name in names if isinstance(name, str)]
    if len(set(named)) != len(named):
        raise InvalidKeyError("two keys of the set have the same kid")
