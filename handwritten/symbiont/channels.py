"""Channels to Slack, Teams and Mattermost: `client.channels`.

A community runtime lists no channels and refuses everything else.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from symbiont_api.v1_16.operations import channels as operations
from wirewright.request import Request

from symbiont._calls import Method, given, nothing, present, record, records, untyped
from symbiont._sub import AsyncSubClient, SubClient


@dataclass
class RegisterChannelRequest:
    """A channel to be registered. `platform`: slack, teams or mattermost; `config` is the platform's."""

    name: str
    platform: str
    config: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)


@dataclass
class RegisterChannelResponse:
    """The channel that was registered."""

    id: str
    name: str
    platform: str
    status: str


@dataclass
class UpdateChannelRequest:
    """A channel's new settings; None leaves them as they are."""

    config: dict[str, Any] | None = field(default=None, repr=False)


@dataclass
class ChannelSummary:
    """A channel in a list. `status`: running, stopped or error."""

    id: str
    name: str
    platform: str
    status: str


@dataclass
class ChannelDetail:
    """A channel. `config` holds secrets, so it is not shown."""

    id: str
    name: str
    platform: str
    status: str
    config: dict[str, Any] = field(repr=False)
    created_at: str
    updated_at: str


@dataclass
class ChannelActionResponse:
    """What was done to a channel."""

    id: str
    action: str
    status: str


@dataclass
class DeleteChannelResponse:
    """Whether a channel was removed."""

    id: str
    deleted: bool


@dataclass
class ChannelHealthResponse:
    """A channel's connection."""

    id: str
    connected: bool
    platform: str
    workspace_name: str | None
    channels_active: int
    last_message_at: str | None
    uptime_secs: int


@dataclass
class IdentityMappingEntry:
    """Who a platform's user is to the runtime."""

    platform_user_id: str
    platform: str
    symbiont_user_id: str
    email: str | None
    display_name: str
    roles: list[str]
    verified: bool
    created_at: str


@dataclass
class AddIdentityMappingRequest:
    """A mapping to be added."""

    platform_user_id: str
    symbiont_user_id: str
    display_name: str
    roles: list[str] = field(default_factory=list[str])
    email: str | None = None


@dataclass
class ChannelAuditEntry:
    """Something that happened in a channel."""

    timestamp: str
    event_type: str
    user_id: str | None
    channel_id: str | None
    agent: str | None
    details: dict[str, Any]


@dataclass
class ChannelAuditResponse:
    """What happened in a channel, newest first."""

    channel_id: str
    entries: list[ChannelAuditEntry]


def register_channel(request: RegisterChannelRequest) -> Request[Any]:
    """Register a channel. It is stopped at first."""
    return operations.register_channel(untyped(asdict(request)))


def update_channel(channel_id: str, request: UpdateChannelRequest) -> Request[Any]:
    """Change a channel's settings."""
    return operations.update_channel(channel_id, untyped(given(request)))


def add_mapping(channel_id: str, request: AddIdentityMappingRequest) -> Request[Any]:
    """Say who a platform's user is to the runtime."""
    return operations.add_channel_mapping(channel_id, untyped(present(asdict(request))))


def query_audit(channel_id: str, limit: int = 50) -> Request[Any]:
    """What happened last. Runtimes answer up to 50 entries, whatever `limit` says."""
    return operations.query_channel_audit(channel_id, limit=limit)


class ChannelCalls:
    """Channels to Slack, Teams and Mattermost."""

    list_channels = Method(operations.list_channels, records(ChannelSummary))
    register_channel = Method(register_channel, record(RegisterChannelResponse))
    get_channel = Method(operations.get_channel, record(ChannelDetail))
    update_channel = Method(update_channel, record(ChannelDetail))
    delete_channel = Method(operations.delete_channel, record(DeleteChannelResponse))
    start_channel = Method(operations.start_channel, record(ChannelActionResponse))
    stop_channel = Method(operations.stop_channel, record(ChannelActionResponse))
    get_channel_health = Method(operations.get_channel_health, record(ChannelHealthResponse))
    list_mappings = Method(operations.list_channel_mappings, records(IdentityMappingEntry))
    add_mapping = Method(add_mapping, record(IdentityMappingEntry))
    remove_mapping = Method(operations.remove_channel_mapping, nothing)
    query_audit = Method(query_audit, record(ChannelAuditResponse, entries=ChannelAuditEntry))


class ChannelClient(ChannelCalls, SubClient):
    """Channels to Slack, Teams and Mattermost."""


class AsyncChannelClient(ChannelCalls, AsyncSubClient):
    """Channels to Slack, Teams and Mattermost, to be awaited."""
