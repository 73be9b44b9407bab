"""Syncropel as a plug-in of wirewright."""

from wirewright.protocols import Protocol, Spec

PROTOCOL = Protocol(
    name="syncropel",
    title="Syncropel kernel",
    versions={
        "0.2": Spec(package="syncropel_api.v0_2", spec_dir="specs/syncropel/0.2"),
        "0.7": Spec(package="syncropel_api.v0_7", spec_dir="specs/syncropel/0.7"),
        "0.8": Spec(package="syncropel_api.v0_8", spec_dir="specs/syncropel/0.8"),
    },
    sandbox="syncropel.testing.rules:SyncropelRules",
    demo="syncropel.testing.demo:demo",
    description="Content-addressed records on threads, a live feed, a data plane and membership.",
)
