"""The commands of `sbn`, made from the spec's table."""

from __future__ import annotations

import importlib
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sbn_calls.commands import COMMANDS, MINIMUM
from wirewright.commands.program import Program

from sbn._clients import NAMESPACES
from sbn.cli._config import SbnCliConfig, get_agent_client, get_atlas, get_sbn_client
from sbn.errors import SbnError, SbnTransportError

if TYPE_CHECKING:
    from collections.abc import Generator


def _area(name: str) -> type:
    module, kind = NAMESPACES[name]
    found: type = getattr(importlib.import_module(f"sbn.{module}"), kind)
    return found


@contextmanager
def _app_client(config: SbnCliConfig) -> Generator[Any]:
    """An app's own view of Atlas, in the place of the area."""
    with get_atlas(config) as atlas:
        yield SimpleNamespace(atlas=atlas)


program = Program(
    table=COMMANDS,
    home="sbn.cli",
    clients={"": get_sbn_client, "agent": get_agent_client, "app": _app_client},
    areas=_area,
    errors=(SbnError, SbnTransportError),
    minimum=MINIMUM,
)
