"""The version that the User-Agent and `sbn version` name."""

__version__ = "0.14.0"
