"""Asking a person about a key."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from symbiont.schemapin.crypto import KeyManager

REVOKED_WARNING: Final = "This key has been revoked by the developer. Do not use this tool."


class PromptType(Enum):
    """What is asked about."""

    FIRST_TIME_KEY = "first_time_key"
    KEY_CHANGE = "key_change"
    REVOKED_KEY = "revoked_key"
    EXPIRED_KEY = "expired_key"


class UserDecision(Enum):
    """What a person says."""

    ACCEPT = "accept"
    REJECT = "reject"
    ALWAYS_TRUST = "always_trust"
    NEVER_TRUST = "never_trust"
    TEMPORARY_ACCEPT = "temporary_accept"


@dataclass
class KeyInfo:
    """A key, for people."""

    fingerprint: str
    pem_data: str
    domain: str
    developer_name: str | None = None
    pinned_at: str | None = None
    last_verified: str | None = None
    is_revoked: bool = False


@dataclass
class PromptContext:
    """A question."""

    prompt_type: PromptType
    tool_id: str
    domain: str
    current_key: KeyInfo | None = None
    new_key: KeyInfo | None = None
    developer_info: Mapping[str, str] | None = None
    security_warning: str | None = None


class InteractiveHandler(ABC):
    """Asks people."""

    @abstractmethod
    def prompt_user(self, context: PromptContext) -> UserDecision:
        """Ask, and answer what was decided."""

    @abstractmethod
    def display_key_info(self, key_info: KeyInfo) -> str:
        """A key as text."""

    @abstractmethod
    def display_security_warning(self, warning: str) -> None:
        """Show a warning."""


class ConsoleInteractiveHandler(InteractiveHandler):
    """Asks on the terminal. Whoever only presses return, or is not there, rejects."""

    _CHOICES: Final = {
        "a": (UserDecision.ACCEPT, "accept and pin this key"),
        "r": (UserDecision.REJECT, "reject this key"),
        "t": (UserDecision.ALWAYS_TRUST, "always trust this domain"),
        "n": (UserDecision.NEVER_TRUST, "never trust this domain"),
        "o": (UserDecision.TEMPORARY_ACCEPT, "accept this once"),
    }
    _TITLES: Final = {
        PromptType.FIRST_TIME_KEY: "A key that was not seen before",
        PromptType.KEY_CHANGE: "The key has changed",
        PromptType.REVOKED_KEY: "The key was revoked",
        PromptType.EXPIRED_KEY: "The key has expired",
    }

    def __init__(self, ask: Callable[[str], str] = input, show: Callable[[str], None] = print) -> None:
        self._ask, self._show = ask, show

    def prompt_user(self, context: PromptContext) -> UserDecision:
        """Ask until one of the letters is given."""
        self._show(f"\n{self._TITLES[context.prompt_type]}: tool {context.tool_id!r} of {context.domain!r}")
        for title, key in (("Pinned so far", context.current_key), ("Offered now", context.new_key)):
            if key is not None:
                self._show(f"\n{title}:\n{self.display_key_info(key)}")
        if context.security_warning:
            self.display_security_warning(context.security_warning)
        self._show("\n" + "\n".join(f"  {letter}) {words}" for letter, (_, words) in self._CHOICES.items()))
        while True:
            try:
                answer = self._ask("Choice [r]: ").strip().lower() or "r"
            except EOFError:
                return UserDecision.REJECT
            if answer in self._CHOICES:
                return self._CHOICES[answer][0]

    def display_key_info(self, key_info: KeyInfo) -> str:
        """One line for each thing that is known."""
        return "\n".join(f"{name}: {value}" for name, value in _described(key_info))

    def display_security_warning(self, warning: str) -> None:
        """Show a warning."""
        self._show(f"\nWARNING: {warning}\n")


class CallbackInteractiveHandler(InteractiveHandler):
    """Leaves the question to a function."""

    def __init__(
        self,
        prompt_callback: Callable[[PromptContext], UserDecision],
        display_callback: Callable[[str], None] | None = None,
    ) -> None:
        self._prompt, self._display = prompt_callback, display_callback

    def prompt_user(self, context: PromptContext) -> UserDecision:
        """What the function decides."""
        return self._prompt(context)

    def display_key_info(self, key_info: KeyInfo) -> str:
        """All that is known, in one line."""
        return " | ".join(f"{name}: {value}" for name, value in _described(key_info))

    def display_security_warning(self, warning: str) -> None:
        """Hand a warning on."""
        if self._display is not None:
            self._display(f"SECURITY WARNING: {warning}")


class InteractivePinningManager:
    """Makes the questions."""

    def __init__(self, handler: InteractiveHandler | None = None) -> None:
        self.handler = handler or ConsoleInteractiveHandler()

    def create_key_info(  # noqa: PLR0917 - the order of SchemaPin 1.3
        self,
        public_key_pem: str,
        domain: str,
        developer_name: str | None = None,
        pinned_at: str | None = None,
        last_verified: str | None = None,
        is_revoked: bool = False,
    ) -> KeyInfo:
        """A key, for people; one that cannot be read has the fingerprint `Invalid key`."""
        try:
            fingerprint = KeyManager.calculate_key_fingerprint_from_pem(public_key_pem)
        except ValueError:
            fingerprint = "Invalid key"
        return KeyInfo(fingerprint, public_key_pem, domain, developer_name, pinned_at, last_verified, is_revoked)

    def prompt_first_time_key(
        self, tool_id: str, domain: str, public_key_pem: str, developer_info: Mapping[str, str] | None = None
    ) -> UserDecision:
        """A key that was not seen before."""
        key = self.create_key_info(public_key_pem, domain, (developer_info or {}).get("developer_name"))
        question = PromptContext(PromptType.FIRST_TIME_KEY, tool_id, domain, None, key, developer_info)
        return self.handler.prompt_user(question)

    def prompt_key_change(  # noqa: PLR0917 - the order of SchemaPin 1.3
        self,
        tool_id: str,
        domain: str,
        current_key_pem: str,
        new_key_pem: str,
        current_key_info: Mapping[str, str] | None = None,
        developer_info: Mapping[str, str] | None = None,
    ) -> UserDecision:
        """Another key than the pinned one."""
        known = current_key_info or {}
        current = self.create_key_info(
            current_key_pem, domain, known.get("developer_name"), known.get("pinned_at"), known.get("last_verified")
        )
        new = self.create_key_info(new_key_pem, domain, (developer_info or {}).get("developer_name"))
        question = PromptContext(PromptType.KEY_CHANGE, tool_id, domain, current, new, developer_info)
        return self.handler.prompt_user(question)

    def prompt_revoked_key(
        self, tool_id: str, domain: str, revoked_key_pem: str, key_info: Mapping[str, str] | None = None
    ) -> UserDecision:
        """A key that was taken back."""
        known = key_info or {}
        key = self.create_key_info(
            revoked_key_pem,
            domain,
            known.get("developer_name"),
            known.get("pinned_at"),
            known.get("last_verified"),
            True,
        )
        question = PromptContext(
            PromptType.REVOKED_KEY, tool_id, domain, current_key=key, security_warning=REVOKED_WARNING
        )
        return self.handler.prompt_user(question)


def _described(key: KeyInfo) -> list[tuple[str, str]]:
    known = [
        ("Fingerprint", key.fingerprint),
        ("Domain", key.domain),
        ("Developer", key.developer_name),
        ("Pinned", key.pinned_at),
        ("Last Verified", key.last_verified),
        ("STATUS", "REVOKED" if key.is_revoked else None),
    ]
    return [(name, value) for name, value in known if value]
