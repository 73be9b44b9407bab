"""AgentPin at the runtime's door: credentials are verified with a discovery document at hand (sheet, 4.4)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from symbiont.agentpin import KeyPinStore, verify_credential_offline


def offline_verifier(document: Path, now: Callable[[], float]) -> Callable[[str], str]:
    """Answers the agent that a credential is about, or raises ValueError. `now`: seconds since 1970.

    Raises OSError or ValueError at once for a document that cannot be read.
    """
    discovery = json.loads(document.read_text())
    pins = KeyPinStore()

    def verify(jwt: str) -> str:
        result = verify_credential_offline(jwt, discovery, None, pins, None, now=now())
        if not result.valid or result.agent_id is None:
            raise ValueError(result.error_message or "the credential does not verify")
        return result.agent_id

    return verify
