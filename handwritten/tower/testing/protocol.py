"""The plug-in: what the Tower Agent API is, for `wirewright serve` and tests."""

from __future__ import annotations

from wirewright.protocols import Protocol, Spec

PROTOCOL = Protocol(
    name="tower",
    title="Tower Agent API",
    versions={"0.1": Spec(package="tower_api.v0_1", spec_dir="specs/tower/0.1")},
    sandbox="tower.testing.rules:TowerRules",
    demo="tower.testing.demo:demo",
)
