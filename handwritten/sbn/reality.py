"""Facts, evidence and ingestions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sbn_calls import reality as calls
from wirewright.calls import Call, Request, member, present, whole

from sbn._faces import AsyncSubClient, SubClient


def _upload(
    path: str | Path,
    *,
    source_type: str | None = None,
    source_title: str | None = None,
    submitted_by: str | None = None,
    submission_channel: str = "sdk_upload",
    gec_domain: str | None = None,
) -> Request[Any]:
    """Ingest a file. Its type is its suffix unless `source_type` says otherwise."""
    from wirewright.bodies import File

    file = Path(path)
    fields = {
        "source_type": source_type or file.suffix.lower().lstrip(".") or "text",
        "submission_channel": submission_channel,
        "source_title": source_title or None,
        "submitted_by": submitted_by or None,
        "gec_domain": gec_domain or None,
        "file": File(file.read_bytes(), file.name, "application/octet-stream"),
    }
    return Request(calls.UPLOAD_SOURCE, body=present(fields))


def _search(*, entity: str | None = None, state: str | None = None) -> Request[Any]:
    """Find facts by entity and state."""
    return Request(calls.LIST_FACTS, query={"entity": entity or None, "state": state or None})


class RealityMethods(calls.RealityCalls):
    """Facts, evidence and ingestions."""

    upload_source = Call(_upload, whole)
    search_facts = Call(_search, member("items"))


class RealityClient(RealityMethods, SubClient):
    """Facts, evidence and ingestions."""


class AsyncRealityClient(RealityMethods, AsyncSubClient):
    """Facts, evidence and ingestions, async."""

    create_evidence = Call(calls.ingest_evidence, whole)
    recompute_fact = Call(calls.recompute, whole)
