"""The quick start, against a server."""

from __future__ import annotations

from collections.abc import Iterator

from sbn import SbnClient
from sbn.testing.rules import SEED_KEY


def demo(url: str) -> Iterator[str]:
    """Runs the quick start against the server at `url`; yields a line after each step."""
    with SbnClient(base_url=url) as client:
        client.authenticate_api_key(SEED_KEY)
        client.set_tenant("tower-agents")
        captured = client.snapchore.capture({"event": "signup", "user": "u-42"})
        checked = client.snapchore.verify(captured["snapchore_hash"], {"event": "signup", "user": "u-42"})
        yield f"captured {captured['snapchore_hash'][:12]}..., verified: {checked['valid']}"
        with client.open_slot(
            worker_id="tower-agents",
            task_type="grid.atomic_rentals",
            domain="grid.atomic_rentals.streaming",
            generation_interval=1800,
        ) as stream:
            stream.pulse("delivery_picked_up", score=0.9, events={"friendly": 1})
            seal = stream.seal()
            yield f"slot {stream.slot_id[:8]}...: a pulse sealed as {seal.anchor_type} {str(seal.anchor_hash)[:12]}..."
            stream.pulse("delivery_complete", score=1.0, events={"friendly": 1})
        final = stream.finalize(request_attestation=True, snap_hash=seal.anchor_hash)
        attested = final.explicit_attestation_succeeded
        yield f"closed with receipt {str(final.close.receipt_id)[:8]}..., attested: {attested}"
        app = client.atlas.register_app(
            app_name="pt-kinetic", app_family="kinetic.sessions", declared_workflows=["pushup_session"]
        )
        key = client.atlas.mint_bound_key(app["app_id"], label="pt-kinetic network key")
        yield f"app {app['app_id']} registered, ready to attest: {key['attestation_ready']}"
