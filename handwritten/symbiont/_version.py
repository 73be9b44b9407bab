"""The version of the SDK whose public surface this is."""

__version__ = "1.16.0"
