"""The stillpoint profile."""

from tower.profiles._base import StillpointProfileClient

__all__ = ["StillpointProfileClient"]
