"""Channels: what an enterprise runtime does, and how a community one refuses it (protocol sheet, section 19.3)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from wirewright.contract.shapes import is_array, is_object
from wirewright.sandbox import Answer, Call, rule

from symbiont.testing.base import Base, Json, failed

LINES_SHOWN = 50
LINES_KEPT = 1000


@dataclass
class Channel:
    id: str
    name: str
    platform: str
    config: Any
    created_at: str
    updated_at: str
    status: str = "stopped"
    started: float = 0.0
    mappings: dict[str, Json] = field(default_factory=dict[str, Json])
    log: deque[Json] = field(default_factory=lambda: deque[Json](maxlen=LINES_KEPT))

    def summary(self) -> Json:
        return {"id": self.id, "name": self.name, "platform": self.platform, "status": self.status}

    def detail(self) -> Json:
        return {**self.summary(), "config": self.config, "created_at": self.created_at, "updated_at": self.updated_at}


class ChannelRules(Base):
    """Channels by id. In profile `runtime` there are none, and everything but the list fails."""

    def setup_channels(self) -> None:
        self.channels: dict[str, Channel] = {}

    def channel(self, call: Call, code: str, status: int = 404) -> Channel:
        found = self.channels.get(call.path["channel_id"]) if self.for_sdk(call) else None
        if found is None:
            text = "Channel not found" if status == 404 else "Internal error: channel not found"
            raise failed(code, text, status)
        return found

    def log_line(self, channel: Channel, event: str, **details: Any) -> None:
        line = {"timestamp": self.stamp(), "event_type": event, "user_id": details.get("platform_user_id")}
        channel.log.appendleft(line | {"channel_id": channel.id, "agent": None, "details": details})

    @rule("list_channels")
    def list_channels(self, call: Call) -> Any:
        return [channel.summary() for channel in self.channels.values()] if self.for_sdk(call) else []

    @rule("register_channel")
    def register_channel(self, call: Call) -> Answer:
        if not self.for_sdk(call):
            raise failed("REGISTER_CHANNEL_FAILED", "Internal error: channels need the enterprise runtime")
        now, body = self.stamp(), call.body
        channel = Channel(self.uuid(), body["name"], body["platform"], body["config"], now, now)
        self.channels[channel.id] = channel
        self.log_line(channel, "channel_registered")
        return Answer(201, channel.summary())

    @rule("get_channel")
    def get_channel(self, call: Call) -> Json:
        return self.channel(call, "CHANNEL_NOT_FOUND").detail()

    @rule("update_channel")
    def update_channel(self, call: Call) -> Json:
        channel = self.channel(call, "UPDATE_CHANNEL_FAILED", 500)
        if call.body.get("config") is not None:
            channel.config, channel.updated_at = call.body["config"], self.stamp()
        self.log_line(channel, "channel_updated")
        return channel.detail()

    @rule("delete_channel")
    def delete_channel(self, call: Call) -> Json:
        channel = self.channel(call, "CHANNEL_NOT_FOUND")
        del self.channels[channel.id]
        return {"id": channel.id, "deleted": True}

    @rule("start_channel")
    def start_channel(self, call: Call) -> Json:
        channel = self.channel(call, "CHANNEL_START_FAILED")
        if channel.status != "running":
            channel.started = self.unix()
        return self._switch(channel, "start", "running")

    @rule("stop_channel")
    def stop_channel(self, call: Call) -> Json:
        return self._switch(self.channel(call, "CHANNEL_STOP_FAILED"), "stop", "stopped")

    def _switch(self, channel: Channel, action: str, status: str) -> Json:
        channel.status = status
        self.log_line(channel, "channel_started" if action == "start" else "channel_stopped")
        return {"id": channel.id, "action": action, "status": status}

    @rule("get_channel_health")
    def get_channel_health(self, call: Call) -> Json:
        channel = self.channel(call, "CHANNEL_HEALTH_FAILED")
        running = channel.status == "running"
        config: Json = channel.config if is_object(channel.config) else {}
        listed = config.get("channels")
        return {
            "id": channel.id,
            "connected": running,
            "platform": channel.platform,
            "workspace_name": config.get("workspace_name"),
            "channels_active": len(listed) if running and is_array(listed) else 0,
            "last_message_at": None,
            "uptime_secs": int(self.unix() - channel.started) if running else 0,
        }

    @rule("list_channel_mappings")
    def list_channel_mappings(self, call: Call) -> Any:
        return list(self.channel(call, "CHANNEL_MAPPINGS_FAILED").mappings.values())

    @rule("add_channel_mapping")
    def add_channel_mapping(self, call: Call) -> Answer:
        channel = self.channel(call, "ADD_CHANNEL_MAPPING_FAILED", 500)
        body: Json = call.body
        user = body["platform_user_id"]
        mapping = {name: body[name] for name in ("platform_user_id", "symbiont_user_id", "display_name", "roles")}
        mapping |= {"platform": channel.platform, "email": body.get("email"), "verified": False}
        channel.mappings[user] = mapping | {"created_at": self.stamp()}
        self.log_line(channel, "mapping_added", platform_user_id=user)
        return Answer(201, channel.mappings[user])

    @rule("remove_channel_mapping")
    def remove_channel_mapping(self, call: Call) -> Answer:
        channel = self.channel(call, "REMOVE_CHANNEL_MAPPING_FAILED")
        user = call.path["user_id"]
        if channel.mappings.pop(user, None) is None:
            raise failed("REMOVE_CHANNEL_MAPPING_FAILED", "Mapping not found", 404)
        self.log_line(channel, "mapping_removed", platform_user_id=user)
        return Answer(204)

    @rule("query_channel_audit")
    def query_channel_audit(self, call: Call) -> Json:
        channel = self.channel(call, "CHANNEL_AUDIT_FAILED")
        return {"channel_id": channel.id, "entries": list(channel.log)[:LINES_SHOWN]}
