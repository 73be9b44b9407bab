"""Where a credential stands in HTTP, MCP, WebSocket and gRPC (protocol sheet §9.5)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from symbiont.agentpin._values import is_object
from symbiont.agentpin.types import AgentPinError, ErrorCode

FIELD_NAME: Final = "agentpin_credential"
AUTH_TYPE: Final = "agentpin-auth"
GRPC_METADATA_KEY: Final = "agentpin-credential"
_PREFIX = "AgentPin "


def http_extract_credential(header_value: str) -> str:
    """The credential of an `Authorization` field."""
    if not header_value.startswith(_PREFIX):
        raise _missing("Missing 'AgentPin ' prefix in Authorization header")
    credential = header_value.removeprefix(_PREFIX)
    if not credential.strip():
        raise _missing("Empty credential in Authorization header")
    return credential


def http_format_authorization_header(jwt: str) -> str:
    """The value of an `Authorization` field."""
    return f"{_PREFIX}{jwt}"


def mcp_extract_credential(meta: Mapping[str, Any]) -> str:
    """The credential of MCP metadata."""
    if FIELD_NAME not in meta:
        raise _missing(f"Missing '{FIELD_NAME}' field in MCP metadata")
    credential = meta[FIELD_NAME]
    if not isinstance(credential, str):
        raise _missing(f"'{FIELD_NAME}' field is not a string")
    return credential


def mcp_format_meta_field(jwt: str) -> dict[str, str]:
    """Metadata for MCP."""
    return {FIELD_NAME: jwt}


def ws_extract_credential(message: str) -> str:
    """The credential of the first message on a WebSocket."""
    try:
        value: Any = json.loads(message)
    except (ValueError, RecursionError) as error:
        raise _missing(f"Invalid JSON: {error}") from None
    fields = value if is_object(value) else {}
    if fields.get("type") != AUTH_TYPE:
        raise _missing(f"Expected type '{AUTH_TYPE}', got '{str(fields.get('type'))[:40]}'")
    credential = fields.get("credential")
    if not isinstance(credential, str):
        raise _missing("Missing or non-string 'credential' field")
    return credential


def ws_format_auth_message(jwt: str) -> str:
    """The first message on a WebSocket."""
    return json.dumps({"type": AUTH_TYPE, "credential": jwt})


def grpc_extract_credential(metadata_value: str) -> str:
    """The credential of gRPC metadata."""
    if not metadata_value:
        raise _missing("Empty gRPC metadata value")
    return metadata_value


def grpc_format_metadata_value(jwt: str) -> str:
    """The value of gRPC metadata."""
    return jwt


def _missing(message: str) -> AgentPinError:
    return AgentPinError(ErrorCode.DISCOVERY_FETCH_FAILED, message)
