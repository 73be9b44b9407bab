"""The contract between client and server: checks of wire traffic against a canonical document."""

from wirewright.contract.checks import WireRequest, check_request, check_response
from wirewright.contract.document import SpecDocument, SpecOperation
from wirewright.contract.problems import Problem
from wirewright.contract.routing import Router

__all__ = ["Problem", "Router", "SpecDocument", "SpecOperation", "WireRequest", "check_request", "check_response"]
