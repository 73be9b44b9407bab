"""Clients by product profile."""

from tower.profiles._base import BaseProfileClient, DominionProfileClient, GridProfileClient, StillpointProfileClient

__all__ = ["BaseProfileClient", "DominionProfileClient", "GridProfileClient", "StillpointProfileClient"]
