"""The base class of all nodes."""

from exospherehost.node.BaseNode import BaseNode

__all__ = ["BaseNode"]
