"""Embedded servers: the server of a protocol, or of any spec, for tests and first steps. See `Sandbox` and `Rules`."""

from wirewright.contract.bodies import Upload
from wirewright.sandbox.answers import Answer, Call, Event, Events, Lines, Refuse
from wirewright.sandbox.clock import Clock, ManualClock, SystemClock
from wirewright.sandbox.faults import Fault, Faults
from wirewright.sandbox.recording import Exchange, Recording
from wirewright.sandbox.rules import Rules, Setting, control, rule, socket
from wirewright.sandbox.sandbox import ContractBrokenError, Sandbox
from wirewright.sandbox.sockets import Socket, SocketClosedError
from wirewright.sandbox.topic import Lagged, Topic

__all__ = [
    "Answer",
    "Call",
    "Clock",
    "ContractBrokenError",
    "Event",
    "Events",
    "Exchange",
    "Fault",
    "Faults",
    "Lagged",
    "Lines",
    "ManualClock",
    "Recording",
    "Refuse",
    "Rules",
    "Sandbox",
    "Setting",
    "Socket",
    "SocketClosedError",
    "SystemClock",
    "Topic",
    "Upload",
    "control",
    "rule",
    "socket",
]
