"""The grid profile."""

from tower.profiles._base import GridProfileClient

__all__ = ["GridProfileClient"]
