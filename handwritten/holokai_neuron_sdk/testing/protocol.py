"""The protocol as a plug-in."""

from wirewright.protocols import Protocol, Spec

PROTOCOL = Protocol(
    name="neuron",
    title="Neuron (Holokai)",
    versions={"1.0": Spec(package="neuron_api.v1_0", spec_dir="specs/neuron/1.0")},
    sandbox="holokai_neuron_sdk.testing.rules:NeuronRules",
    demo="holokai_neuron_sdk.testing.demo:demo",
    description="Workers that take leases of capability-typed tasks from a gateway, over server-sent events and POSTs.",
)
