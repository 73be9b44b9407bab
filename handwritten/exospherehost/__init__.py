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

from typing import TYPE_CHECKING

from wirewright.lazy import attach

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
    "node": "BaseNode",
    "models": "CronTrigger GraphNodeModel RetryPolicyModel RetryStrategyEnum StoreConfigModel TriggerState "
    "UnitesModel UnitesStrategyEnum",
    "signals": "PruneSignal ReQueueAfterSignal",
    "runtime": "Runtime",
    "statemanager": "StateManager SyncStateManager",
}

__getattr__, __dir__ = attach(__name__, _HOMES, "models node runtime signals statemanager")
