"""What tests of apps and SDKs may use: a network that misbehaves on purpose. (For a server to talk to, see
`wirewright.sandbox`.)

    from wirewright.testing import ChaosProxy, Latency, ResetPeer

    with ChaosProxy(("127.0.0.1", port), seed=7) as proxy:
        proxy.add(Latency(0.2, jitter=0.1), ResetPeer(0.05, toxicity=0.3))
        client = Client(proxy.url)
"""

from __future__ import annotations

from wirewright.testing.proxy import ChaosProxy
from wirewright.testing.toxics import (
    Bandwidth,
    Down,
    Latency,
    LimitData,
    ResetPeer,
    Slicer,
    SlowClose,
    Timeout,
    Toxic,
)

__all__ = [
    "Bandwidth",
    "ChaosProxy",
    "Down",
    "Latency",
    "LimitData",
    "ResetPeer",
    "Slicer",
    "SlowClose",
    "Timeout",
    "Toxic",
]
