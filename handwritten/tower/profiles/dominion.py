"""The dominion profile."""

from tower.profiles._base import DominionProfileClient

__all__ = ["DominionProfileClient"]
