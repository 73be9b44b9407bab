"""A Symbiont runtime in this process, for tests and first steps: `wirewright serve symbiont`."""
