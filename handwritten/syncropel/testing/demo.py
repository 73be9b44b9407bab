"""Syncropel's quick start, against the kernel at a URL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from syncropel import Client, Emission, Identity, Ref


def demo(url: str) -> Iterator[str]:
    """Runs the quick start; yields a line after each step."""
    with asyncio.Runner() as runner:
        steps = _steps(url)
        while (line := runner.run(anext(steps, None))) is not None:
            yield line


async def _steps(url: str) -> AsyncIterator[str]:
    async with Client(endpoint=url, identity=Identity.static("did:example:me")) as client:
        arrived: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        subscription = client.subscribe("music.library", arrived.put_nowait, since_clock=0)
        yield f"following music.library by {subscription.transport_name}"

        emitted = await client.emit(
            act="PUT",
            kind="music.catalog.track",
            body={"title": "Glow", "artists": ["Zonke"]},
            refs=[Ref.music_track(isrc="USJI19810404")],
            thread="music.library",
        )
        yield f"emitted {_short(emitted.record_id)}"
        followed = await asyncio.wait_for(arrived.get(), timeout=10)
        yield f"the subscription saw {_short(followed['id'])}"
        records = await client.query_thread("music.library")
        yield f"the thread has {len(records)} record(s)"

        intent = await client.intend("tidy the library")
        done = await client.fulfill(intent.thread, "all in order", fulfills=intent.record_id)
        yield f"intended {_short(intent.record_id)}, fulfilled by {_short(done.record_id)}"

        tracks = [
            Emission(act="PUT", kind="music.catalog.track", body={"title": title}, thread="music.library")
            for title in ("Dusk", "Dawn", "Noon")
        ]
        results = await client.emit_batch(tracks)
        yield f"a batch of {len(results)}, {sum(result.success for result in results)} stored"
        found = await client.rich_query(filter={"body.title": {"$ilike": "d%"}}, sort={"clock": 1})
        yield f"{len(found['records'])} titles begin with d"

        await client.data.write(path="/files/notes.txt", data="Glow is the first track")
        published = await client.data.publish("/files/notes.txt")
        yield f"published /files/notes.txt as {_short(published.content_hash)}"

    async with Client(endpoint=url, identity=Identity.key()) as signer:
        signed = await signer.emit(act="PUT", kind="core.note", body={"text": "mine"}, thread="notes")
        yield f"a record signed by {signer.identity.actor_did[:18]}… is {_short(signed.record_id)}"


def _short(name: str | None) -> str:
    return (name or "nothing")[:12]
