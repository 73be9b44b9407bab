"""A state manager for tests and first steps: `wirewright serve exosphere`, `Sandbox("exosphere")`.

`exospherehost.testing.manager` is the same without HTTP.
"""
