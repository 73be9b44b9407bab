"""What the sandbox remembers: one `Space` per tenant, and the `Network` that all tenants share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wirewright.calls import is_object
from wirewright.sandbox import Call, Refuse, Rules

Json = dict[str, Any]
Table = dict[str, Json]
DEFAULT_TENANT = "default"


@dataclass
class Space:
    """One tenant's things, by id, in the order they came."""

    tenant: str
    slots: Table = field(default_factory=dict[str, Json])
    bitblocks: Table = field(default_factory=dict[str, Json])
    blocks: Table = field(default_factory=dict[str, Json])
    receipts: Table = field(default_factory=dict[str, Json])
    ledger: list[Json] = field(default_factory=list[Json])
    sealed: Table = field(default_factory=dict[str, Json])
    chains: Table = field(default_factory=dict[str, Json])
    queue: Table = field(default_factory=dict[str, Json])
    workflows: Table = field(default_factory=dict[str, Json])
    runs: Table = field(default_factory=dict[str, Json])
    edges: Table = field(default_factory=dict[str, Json])
    facts: Table = field(default_factory=dict[str, Json])
    evidence: Table = field(default_factory=dict[str, Json])
    ingestions: Table = field(default_factory=dict[str, Json])
    suggestions: Table = field(default_factory=dict[str, Json])
    proposals: Table = field(default_factory=dict[str, Json])
    signals: Table = field(default_factory=dict[str, Json])
    hints: Table = field(default_factory=dict[str, Json])
    forecasts: Table = field(default_factory=dict[str, Json])
    custom_frontiers: Table = field(default_factory=dict[str, Json])
    answered: dict[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any])
    meters: dict[str, int] = field(default_factory=dict[str, int])


@dataclass
class Network:
    """What all tenants share."""

    keys: Table = field(default_factory=dict[str, Json])
    projects: Table = field(default_factory=dict[str, Json])
    settings: dict[str, Json] = field(default_factory=dict[str, Json])
    webhooks: Table = field(default_factory=dict[str, Json])
    deliveries: Table = field(default_factory=dict[str, Json])
    audit: list[Json] = field(default_factory=list[Json])
    plans: Table = field(default_factory=dict[str, Json])
    tenants: Table = field(default_factory=dict[str, Json])
    apps: Table = field(default_factory=dict[str, Json])
    tokens: Table = field(default_factory=dict[str, Json])
    trusted: dict[tuple[str, str], bytes] = field(default_factory=dict[tuple[str, str], bytes])
    frontiers: Table = field(default_factory=dict[str, Json])
    couplings: Table = field(default_factory=dict[str, Json])
    cards: Table = field(default_factory=dict[str, Json])
    budgets: Table = field(default_factory=dict[str, Json])
    leases: Table = field(default_factory=dict[str, Json])
    acp_receipts: Table = field(default_factory=dict[str, Json])
    invoices: Table = field(default_factory=dict[str, Json])
    current_project: str = "proj-123"


class Base(Rules):
    """What the rules of every area use."""

    network: Network
    spaces: dict[str, Space]
    make_space: Callable[[str], Space]

    def space(self, call: Call) -> Space:
        """The tenant's things; a tenant is made when it is first named."""
        name = call.path.get("tenant_id") if (call.operation and call.operation.id.startswith("tenant_")) else None
        name = str(name or call.headers.get("x-tenant-id") or DEFAULT_TENANT)
        if name not in self.spaces:
            self.spaces[name] = self.make_space(name)
        return self.spaces[name]

    def stamp(self) -> str:
        """Now, as ISO 8601 with an offset."""
        return self.now().isoformat()

    def short(self, prefix: str) -> str:
        """A short id with a prefix."""
        return self.token(prefix, 12)

    def once(self, call: Call, space: Space, act: Callable[[], Any]) -> Any:
        """Do something once for an idempotency key (header, or member of the body)."""
        body: Any = call.body if is_object(call.body) else {}
        key = call.headers.get("idempotency-key") or body.get("idempotency_key")
        if not key:
            return act()
        known = (call.operation.id if call.operation else "", str(key))
        if known not in space.answered:
            space.answered[known] = act()
        return space.answered[known]

    def log(self, action: str, actor: str | None = None, **details: Any) -> None:
        """A line of the audit log."""
        self.network.audit.append({"action": action, "actor": actor, "at": self.stamp(), "details": details})


def found(things: Mapping[str, Json], identity: Any, what: str) -> Json:
    """The thing, or a refusal with 404."""
    if identity not in things:
        raise Refuse(404, code=f"{what}_not_found", message=f"There is no {what.replace('_', ' ')} {identity!r}.")
    return things[identity]


def conflict(message: str, code: str = "invalid_state") -> Refuse:
    return Refuse(409, code=code, message=message)


def invalid(message: str) -> Refuse:
    return Refuse(422, code="validation_error", message=message)


def newest(things: Iterable[Json], limit: Any = None, offset: Any = 0) -> list[Json]:
    """The last ones first, a page of them."""
    items = list(things)[::-1][int(offset or 0) :]
    return items[: int(limit)] if limit else items


def matches(value: Any, pattern: Any) -> bool:
    """Equality, where a trailing `*` of the pattern matches any ending; no pattern matches everything."""
    if not pattern:
        return True
    text = str(value or "")
    return text.startswith(pattern[:-1]) if str(pattern).endswith("*") else text == pattern


def said(call: Call) -> Json:
    """The body, an object; an empty one when there is none."""
    body: Json = call.body if is_object(call.body) else {}
    return body
