"""What all parts of the state manager share."""

from __future__ import annotations

import uuid
from functools import cached_property

from exospherehost.testing.manager.database import Database
from exospherehost.testing.manager.ids import ObjectIds
from exospherehost.testing.manager.refusal import Refusal
from exospherehost.testing.manager.settings import Settings
from exospherehost.testing.manager.vault import Vault, key_from_passphrase

LARGEST = 2**62
"""Numbers on the wire have no bound; those in databases have 64 bits."""


class Context:
    """The database, the settings, and what is made from them."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database = database
        self.settings = settings
        self.new_id = ObjectIds(settings.clock)

    @property
    def now(self) -> int:
        """Milliseconds since 1970."""
        return int(self.settings.clock() * 1000)

    def after(self, milliseconds: int) -> int:
        """The moment so many milliseconds from now, or the last one that a database can hold."""
        return min(self.now + milliseconds, LARGEST)

    def new_uuid(self) -> str:
        """A random UUID, as runs and fan-outs have."""
        return str(uuid.uuid4())

    @property
    def vault(self) -> Vault:
        """The secrets' cipher; a bad key is found out when it is first needed, and refused (400)."""
        try:
            return self._vault
        except ValueError as error:
            raise Refusal(400, f"Error validating graph template: {error}") from error

    @cached_property
    def _vault(self) -> Vault:
        return Vault(self.settings.encryption_key or key_from_passphrase(self.settings.api_key))
