"""Where the command line gets its settings: flags, then the environment, then defaults. No file is read."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sbn.agent import AgentClient
    from sbn.atlas import Atlas
    from sbn.client import SbnClient

PRODUCTION = "https://api.smartblocks.network"


@dataclass
class SbnCliConfig:
    """The settings of one invocation."""

    base_url: str = PRODUCTION
    api_key: str | None = field(default=None, repr=False)
    atlas_client_id: str | None = None
    atlas_client_secret: str | None = field(default=None, repr=False)
    output_format: str = "table"
    format_flag: str | None = None


def load_config(
    base_url: str | None = None,
    api_key: str | None = None,
    output_format: str | None = None,
    atlas_client_id: str | None = None,
    atlas_client_secret: str | None = None,
) -> SbnCliConfig:
    """Flags win over the environment."""
    environment = os.environ.get
    return SbnCliConfig(
        base_url=base_url or environment("SBN_BASE_URL") or PRODUCTION,
        api_key=api_key or environment("SBN_API_KEY") or None,
        atlas_client_id=atlas_client_id or environment("ATLAS_CLIENT_ID") or None,
        atlas_client_secret=atlas_client_secret or environment("ATLAS_CLIENT_SECRET") or None,
        output_format=output_format or environment("SBN_OUTPUT_FORMAT") or "table",
        format_flag=output_format,
    )


def get_sbn_client(config: SbnCliConfig) -> SbnClient:
    """A client with the settings' credentials."""
    from sbn.client import SbnClient

    client = SbnClient(base_url=config.base_url)
    if config.api_key:
        client.authenticate_api_key(config.api_key)
    return client


def get_agent_client(config: SbnCliConfig) -> AgentClient:
    """An agent's client with the settings' credentials."""
    from sbn.agent import AgentClient

    client = AgentClient(base_url=config.base_url)
    if config.api_key:
        client.authenticate_api_key(config.api_key)
    return client


def get_atlas(config: SbnCliConfig) -> Atlas:
    """An app's view of Atlas. Raises ValueError when its credentials are missing."""
    from sbn.atlas import Atlas

    if not config.atlas_client_id or not config.atlas_client_secret:
        raise ValueError(
            "Atlas credentials are missing: set ATLAS_CLIENT_ID and ATLAS_CLIENT_SECRET, "
            "or pass --atlas-client-id and --atlas-client-secret."
        )
    return Atlas(client_id=config.atlas_client_id, client_secret=config.atlas_client_secret, base_url=config.base_url)


def masked(secret: str | None) -> str:
    """Enough of a secret to tell it apart."""
    if not secret:
        return "(not set)"
    return f"{secret[:4]}..." if len(secret) <= 10 else f"{secret[:8]}...{secret[-4:]}"
