"""Surfaces: streaming sessions that stand for a place, or for a branch of another block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from sbn.streaming import SlotSession


def build_surface_slot_metadata(
    *,
    surface_family: str,
    surface_id: str,
    root_id: str | None = None,
    parent_block_id: str | None = None,
    branch_kind: str | None = None,
    auto_rollup: bool | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Slot metadata of a surface; what the caller set stays as it is."""
    surface: dict[str, Any] = {"surface_family": surface_family, "surface_id": surface_id}
    if root_id:
        surface["root_id"] = root_id
    if parent_block_id:
        surface["fractal_parent_block_id"] = parent_block_id
        surface["fractal_auto_rollup"] = True if auto_rollup is None else auto_rollup
        surface["surface_role_hint"] = "branch_surface"
        if branch_kind:
            surface["branch_kind"] = branch_kind
    else:
        surface["surface_role_hint"] = "origin_surface"
    return {**surface, **(metadata or {})}


@dataclass(slots=True)
class SurfaceSessionConfig:
    """What a surface session was made with. `generation_interval`: seconds."""

    worker_id: str
    surface_family: str
    surface_id: str
    generation_interval: int = 60
    task_type: str | None = None
    domain: str | None = None
    metadata: Mapping[str, Any] | None = None
    root_id: str | None = None
    parent_block_id: str | None = None
    branch_kind: str | None = None
    auto_rollup: bool | None = None


class SurfaceSession:
    """A streaming session of a surface; it has the methods of `SlotSession`."""

    def __init__(self, slot: SlotSession, config: SurfaceSessionConfig) -> None:
        self.slot = slot
        self.config = config

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "slot":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.slot, name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name for name in dir(self.slot) if not name.startswith("_"))})

    def __enter__(self) -> Self:
        self.slot.__enter__()
        return self

    def __exit__(self, *exc: Any) -> None:
        self.slot.__exit__(*exc)
