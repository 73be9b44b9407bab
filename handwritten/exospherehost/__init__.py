"""ExosphereHost Python SDK: background work as graphs of nodes.

Write nodes, run them with a `Runtime`, steer graphs with a `StateManager`:

    class Shout(BaseNode):
        class Inputs(BaseModel):
            text: str

        class Outputs(BaseModel):
            text: str

        async def execute(self) -> Outputs:
            return self.Outputs(text=self.inputs.text.upper())

    Runtime(namespace="MyProject", name="shouter", nodes=[Shout]).start()

The address and the key of the state manager come from `EXOSPHERE_STATE_MANAGER_URI` and `EXOSPHERE_API_KEY`, or from
arguments. All inputs, outputs and secrets are strings. `wirewright serve exosphere` starts a state manager. Names load
when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from exospherehost._version import version as __version__

if TYPE_CHECKING:
    from exospherehost.models import (
        CronTrigger,
        GraphNodeModel,
        RetryPolicyModel,
        RetryStrategyEnum,
        StoreConfigModel,
        UnitesModel,
        UnitesStrategyEnum,
    )
    from exospherehost.models import (
        TriggerState as TriggerState,
    )
    from exospherehost.node import BaseNode
    from exospherehost.runtime import Runtime
    from exospherehost.signals import PruneSignal, ReQueueAfterSignal
    from exospherehost.statemanager import StateManager
    from exospherehost.statemanager import SyncStateManager as SyncStateManager

VERSION = __version__

# As in SDK 0.0.3; TriggerState (its documentation shows it) and SyncStateManager (ours) can be imported by name.
__all__ = [
    "VERSION",
    "BaseNode",
    "CronTrigger",
    "GraphNodeModel",
    "PruneSignal",
    "ReQueueAfterSignal",
    "RetryPolicyModel",
    "RetryStrategyEnum",
    "Runtime",
    "StateManager",
    "StoreConfigModel",
    "UnitesModel",
    "UnitesStrategyEnum",
]

_HOMES = {
    "BaseNode": "exospherehost.node",
    "CronTrigger": "exospherehost.models",
    "GraphNodeModel": "exospherehost.models",
    "PruneSignal": "exospherehost.signals",
    "ReQueueAfterSignal": "exospherehost.signals",
    "RetryPolicyModel": "exospherehost.models",
    "RetryStrategyEnum": "exospherehost.models",
    "Runtime": "exospherehost.runtime",
    "StateManager": "exospherehost.statemanager",
    "StoreConfigModel": "exospherehost.models",
    "SyncStateManager": "exospherehost.statemanager",
    "TriggerState": "exospherehost.models",
    "UnitesModel": "exospherehost.models",
    "UnitesStrategyEnum": "exospherehost.models",
}
_MODULES = frozenset({"models", "node", "runtime", "signals", "statemanager"})


def __getattr__(name: str) -> object:
    if name in _HOMES:
        value: object = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return importlib.import_module(f"exospherehost.{name}")
    raise AttributeError(f"module 'exospherehost' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_HOMES, *_MODULES, "__version__"})
