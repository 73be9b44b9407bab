"""Runs in the original's environment: calls every method of its client against a kernel and prints what each answered.

Reads `{"url": ...}` from standard input; writes `{name: outcome}`, an outcome being a JSON value or `{"raised": ...}`.
"""

import asyncio
import dataclasses
import json
import sys

import httpx
from syncropel import Client, Identity, InferOptions, Ref

KIND = "music.catalog.track"


def plain(value):
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)


class Report(dict):
    async def note(self, name, awaitable):
        try:
            result = await awaitable
        except Exception as error:
            self[name] = {"raised": type(error).__name__, "text": str(error)}
            return None
        self[name] = plain(result)
        return result


async def records(client, report):
    note = report.note
    await note(
        "emit",
        client.emit(
            act="PUT",
            kind=KIND,
            body={"title": "Glow", "n": 1.0},
            refs=[Ref.music_track(isrc="I")],
            thread="t",
            clock=1,
        ),
    )
    await note(
        "emit again",
        client.emit(
            act="PUT",
            kind=KIND,
            body={"title": "Glow", "n": 1.0},
            refs=[Ref.music_track(isrc="I")],
            thread="t",
            clock=1,
        ),
    )
    await note("emit duplicate clock", client.emit(act="PUT", kind=KIND, body={"title": "Dusk"}, thread="t", clock=1))
    await note(
        "emit odd",
        client.emit(
            act="anything",
            kind="x.a.b",
            body={"_refs": [], "ü": [None, 1e-7]},
            thread="a b/ü",
            clock=-5,
            data_type="whatever",
            parents=["b", "a"],
        ),
    )
    report["emit_sync"] = plain(client.emit_sync(act="PUT", kind="core.x", body={}, thread="t", clock=2))
    intent = await note("intend", client.intend("do it", thread="work", clock=1))
    await note("fulfill", client.fulfill("work", "done", fulfills=intent.record_id, clock=2))
    await note(
        "emit_correction", client.emit_correction(corrects=["aa"], revised_fields={"v": 1}, reason="r", thread="c")
    )
    await note("emit_erasure", client.emit_erasure(erases=["aa"], reason="r", thread="c"))
    await note("emit_alias", client.emit_alias(old_kind="music.a.b", new_kind="music.a.c", reason="r", thread="c"))
    await note(
        "emit_scope_transfer",
        client.emit_scope_transfer(scope="music", from_publisher="did:a", to_publisher="did:b", reason="r", thread="c"),
    )
    await note("emit_scope_claim", client.emit_scope_claim(scope="music", governance_policy={"type": "x"}, thread="c"))
    await note("query_thread", client.query_thread("t"))
    await note("query_thread limit", client.query_thread("t", limit=1, since=2))
    await note("query_thread slash", client.query_thread("a b/ü"))
    await note("query_thread unknown", client.query_thread("nobody"))
    await note("query", client.query(kind=KIND, where={"body.title": "Glow"}))
    await note("query actor", client.query(actor="did:example:me", thread="work"))
    await note("rich_query", client.rich_query(filter={"body.kind": KIND}, sort={"clock": -1}, limit=5, offset=0))
    await note("rich_query explain", client.rich_query(filter={"clock": {"$gte": 0}}, thread="work", explain=True))
    await note("rich_query malformed", client.rich_query(filter={"a": {"$near": 1}}))
    await note("search", client.search("glow", k=3))
    await note("search narrowed", client.search("glow", thread="t", actor="did:example:me", kind=KIND, after_clock=1))
    await note("health", client.health())
    question = {"input": {"goal": "g"}, "responders": [{"kind": "llm"}], "fold": {"function": "consensus"}}
    await note("infer", client.infer(question, InferOptions(poll_interval_ms=10, poll_timeout_ms=5000)))
    await note("infer pending", client.infer(question, InferOptions(wait=False, thread="q")))


async def following(client, report):
    arrived, standing = asyncio.Queue(), asyncio.Event()
    subscription = client.subscribe("live", arrived.put_nowait, since_clock=0, on_heartbeat=standing.set)
    await asyncio.wait_for(standing.wait(), 10)
    sent = await client.emit(act="PUT", kind="core.x", body={"s": "\u2028"}, thread="live", clock=9)
    record = await asyncio.wait_for(arrived.get(), 10)
    report["subscribe"] = {
        "sent": sent.record_id,
        "received": record["id"],
        "cursor": subscription.cursor,
        "body": record["body"],
    }
    subscription.close()
    await subscription.wait_closed(5)


async def data(client, report):
    note, data = report.note, client.data
    await note(
        "data.write", data.write(path="/files/a/n.txt", data="glow", content_type="text/plain", expected_hash=None)
    )
    await note("data.write large", data.write(path="/files/large", data=bytes(range(256)) * 40))
    await note("data.write empty", data.write(path="/files/empty", data=b""))
    await note("data.write collision", data.write(path="/files/a/n.txt", data="x", expected_hash=None))
    await note("data.write stale", data.write(path="/files/a/n.txt", data="x", expected_hash="old"))
    await note("data.read_url", data.read_url("/files/a/n.txt"))
    await note("data.read_text", data.read_text("/files/a/n.txt"))
    large = await data.read("/files/large")
    report["data.read"] = large == bytes(range(256)) * 40
    await note("data.list", data.list("/files", limit=10))
    await note("data.stat", data.stat("/files/a/n.txt"))
    await note("data.stat missing", data.stat("/files/none"))
    await note("data.publish", data.publish("/files/a/n.txt", storage_class="durable"))
    await note("data.stat published", data.stat("/files/a/n.txt"))
    await note("data.mkdir", data.mkdir("/files/b"))
    await note("data.mv", data.mv("/files/a/n.txt", "/files/b/n.txt"))
    await note("data.rm not empty", data.rm("/files/b"))
    await note("data.rm", data.rm("/files/b", recursive=True))
    await note("data.materials", data.materials(q="large", limit=5))
    await note("data.node", data.node("/files"))
    await note("data.usage", data.usage())
    await note("data.capabilities", data.capabilities())
    await note("data.provenance", data.provenance(limit=10))


async def membership(url, report):
    from syncropel import ClientMembership

    async with httpx.AsyncClient(base_url=url, headers={"content-type": "application/json"}) as http:
        note, members = report.note, ClientMembership(http)
        guest = await note("issue_invite", members.issue_invite())
        await note("redeem_invite", members.redeem_invite(guest["invite_id"], holder_pubkey="z6"))
        await note("redeem_invite again", members.redeem_invite(guest["invite_id"], holder_pubkey="z6"))
        invite = await note(
            "issue_invite member",
            members.issue_invite(
                max_uses=3, ttl_seconds=60, membership={"preset": "contributor", "caveats": {"max_fanout": 2}}
            ),
        )
        await note("redeem_invite without label", members.redeem_invite(invite["invite_id"], holder_pubkey="z6"))
        await note(
            "redeem_invite device",
            members.redeem_invite(invite["invite_id"], holder_pubkey="z6", member_label="ada", custody="device"),
        )
        await note(
            "redeem_invite member", members.redeem_invite(invite["invite_id"], holder_pubkey="z6", member_label="ada")
        )
        await note("list_members", members.list_members())
        await note("adopt", members.adopt("bot", sa_id="sa-1"))
        grant = await note("mint_agent_grant", members.mint_agent_grant("ada", aud="did:a", scopes=["records:read"]))
        await note("mint_agent_grant wider", members.mint_agent_grant("ada", aud="did:a", scopes=["everything"]))
        await note("revoke_agent_grant", members.revoke_agent_grant("ada", grant["grant_id"]))
        await note("revoke_member", members.revoke_member("ada", note="left"))
        await note("revoke_member again", members.revoke_member("ada"))


async def main(question):
    report = Report()
    identity = Identity.static("did:example:me")
    async with Client(endpoint=question["url"], identity=identity, backoff_ms=1) as client:
        await records(client, report)
        if hasattr(client, "subscribe"):
            await following(client, report)
        if hasattr(Client, "data"):
            await data(client, report)
    if hasattr(Client, "membership"):
        await membership(question["url"], report)
    return report


json.dump(asyncio.run(main(json.load(sys.stdin))), sys.stdout)
