"""Exosphere as a plug-in of wirewright."""

from wirewright.protocols import Protocol, Spec

PROTOCOL = Protocol(
    name="exosphere",
    title="Exosphere state manager",
    versions={"v0": Spec(package="exosphere_api.v0", spec_dir="specs/exosphere/v0")},
    sandbox="exospherehost.testing.rules:ExosphereRules",
    demo="exospherehost.testing.demo:demo",
    port=8000,
    description="Nodes, graphs and the states that run through them.",
)
