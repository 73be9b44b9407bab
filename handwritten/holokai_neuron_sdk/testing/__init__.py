"""A gateway for tests and first steps: `wirewright serve neuron`, or `wirewright.sandbox.Sandbox("neuron")`."""
