"""Facts, evidence, ingestions and reviews (protocol sheet, section 21.5)."""

from __future__ import annotations

import re
from typing import Any

from wirewright.records import listed
from wirewright.sandbox import Call, rule

from sbn.testing.space import Json, Space, conflict, found, invalid, newest
from sbn.testing.workflows import WorkflowRules

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")
_STATES = {"accept": "accepted", "reject": "rejected", "merge": "merged"}
_NEXT = {"promote": ("local_only", "promotion_requested"), "handoff": ("promotion_requested", "handoff_prepared")}


def claim_of(sentence: str) -> str:
    """A sentence as a claim: lower case, no full stop."""
    return sentence.strip().rstrip(".!?").lower()


class FactRules(WorkflowRules):
    """Reality."""

    def make_fact(self, space: Space, text: str, **more: Any) -> Json:
        identity = self.short("fact_")
        claims = more.pop("claims", None) or [claim_of(s) for s in _SENTENCE.findall(text) if s.strip()]
        fact: Json = {
            "fact_id": identity,
            "id": identity,
            "text": text,
            "state": "pending",
            "receipt_hash": None,
            "latest_receipt_hash": None,
            "is_public": False,
            "claims": claims,
            "entities": [],
            "citations": [],
            "created_at": self.stamp(),
            "promotion_status": "local_only",
            **more,
        }
        space.facts[identity] = fact
        self.score(space, fact)
        self.suggest(space, fact)
        return fact

    def supporters(self, space: Space, fact: Json) -> list[Json]:
        return [item for item in space.evidence.values() if set(item["extracted_claims"]) & set(fact["claims"])]

    def score(self, space: Space, fact: Json) -> None:
        """Trust grows with the reliability of what supports the fact; the other scores describe its text."""
        doubt = 0.5
        for item in self.supporters(space, fact):
            doubt *= 1 - float(item["reliability"] or 0) / 2
        sentences = max(1, len(_SENTENCE.findall(fact["text"])))
        words = fact["text"].lower().split()
        fact["trust_score"] = round(1 - doubt, 4)
        fact["density_index"] = round(min(1.0, len(fact["claims"]) / sentences / 2), 4)
        fact["compression_index"] = round(len(set(words)) / max(1, len(words)), 4)
        names = {"trust": "trust_score", "density": "density_index", "compression": "compression_index"}
        fact["scores"] = {short: fact[name] for short, name in names.items()}

    def suggest(self, space: Space, fact: Json) -> None:
        """Facts that claim the same may be one."""
        for other in space.facts.values():
            if other is not fact and set(other["claims"]) & set(fact["claims"]):
                identity = self.short("sug_")
                space.suggestions[identity] = {
                    "suggestion_id": identity,
                    "branch_kind": "duplicate",
                    "reason": "same claim",
                    "subject": (fact["entities"] or [None])[0],
                    "predicate": fact["claims"][0],
                    "fact_ids": [other["fact_id"], fact["fact_id"]],
                }

    def fact(self, call: Call) -> Json:
        return found(self.space(call).facts, call.path["fact_id"], "fact")

    @rule("reality_create_fact")
    def create_fact(self, call: Call) -> Json:
        names = ("claims", "entities", "citations", "is_public")
        given = {name: call.body[name] for name in names if call.body.get(name)}
        return self.make_fact(self.space(call), call.body["text"], **given)

    @rule("reality_get_fact")
    def get_fact(self, call: Call) -> Json:
        return self.fact(call)

    @rule("reality_list_facts")
    def list_facts(self, call: Call) -> Json:
        asked, space = call.query, self.space(call)
        facts = list(space.facts.values())
        if asked.get("include_public"):
            others = [s for s in self.spaces.values() if s is not space]
            facts = [fact for other in others for fact in other.facts.values() if fact["is_public"]] + facts
        listed = [
            fact
            for fact in facts
            if (not asked.get("entity") or asked["entity"] in fact["entities"])
            and (not asked.get("state") or fact["state"] == asked["state"])
        ]
        page = newest(listed, asked.get("limit") or 100, asked.get("offset"))
        return {"items": page, "facts": page, "count": len(page), "offset": int(asked.get("offset") or 0)}

    @rule("reality_recompute")
    def recompute(self, call: Call) -> Json:
        fact = self.fact(call)
        self.score(self.space(call), fact)
        return fact

    @rule("reality_review_fact")
    def review(self, call: Call) -> Json:
        space, body, fact = self.space(call), call.body, self.fact(call)
        target = body.get("target_fact_id")
        if body["action"] == "merge":
            if not target:
                raise invalid("A merge needs target_fact_id.")
            self.merge(space, fact, found(space.facts, target, "fact"))
        fact["state"] = _STATES[body["action"]]
        review: Json = {
            "action": body["action"],
            "target_fact_id": target,
            "note": body.get("note"),
            "reviewed_by": "sandbox",
            "reviewed_at": self.stamp(),
        }
        merged = {"fact_id": target} if target else {}
        identity = {name: fact[name] for name in ("fact_id", "id", "state")}
        return {**identity, "review_state": fact["state"], "review": review, "merge_target": merged}

    def merge(self, space: Space, fact: Json, target: Json) -> None:
        for name in ("claims", "entities", "citations"):
            target[name] = list(dict.fromkeys([*target[name], *fact[name]]))
        self.score(space, target)

    # Evidence and ingestions ----------------------------------------------------------------------------------------

    def make_evidence(self, space: Space, item: Json) -> Json:
        identity = self.short("ev_")
        evidence: Json = {
            "evidence_id": identity,
            "id": identity,
            "source_uri": item.get("source_uri"),
            "extracted_claims": [claim_of(str(claim)) for claim in listed(item, "extracted_claims")],
            "reliability": item.get("reliability", 0.5),
            "created_at": self.stamp(),
            "promotion_status": "local_only",
            "latest_receipt_hash": None,
        }
        space.evidence[identity] = evidence
        return evidence

    @rule("reality_ingest_evidence")
    def ingest_evidence(self, call: Call) -> Json:
        space = self.space(call)
        made = [self.make_evidence(space, item) for item in call.body["items"]]
        links = sum(item in self.supporters(space, fact) for item in made for fact in space.facts.values())
        for fact in space.facts.values():
            self.score(space, fact)
        return {"evidence": made, "items": made, "links_created": links}

    def ingest(self, space: Space, text: str, said: Json) -> Json:
        sentences = [sentence.strip() for sentence in _SENTENCE.findall(text) if sentence.strip()]
        identity = self.short("ing_")
        source = {"source_uri": said.get("source_uri"), "extracted_claims": sentences, "reliability": 0.5}
        evidence = self.make_evidence(space, source)
        ingestion: Json = {
            "ingestion_id": identity,
            "id": identity,
            "status": "completed",
            "source_type": said.get("source_type") or "text",
            "source_title": said.get("source_title"),
            "source_uri": said.get("source_uri"),
            "submission_channel": said.get("submission_channel"),
            "chunks": [{"index": index, "text": sentence} for index, sentence in enumerate(sentences)],
            "facts": [self.make_fact(space, sentence) for sentence in sentences],
            "evidence": [evidence],
            "created_at": self.stamp(),
        }
        space.ingestions[identity] = ingestion
        return ingestion

    @rule("reality_ingest_content")
    def ingest_content(self, call: Call) -> Json:
        return self.ingest(self.space(call), call.body["content"], call.body)

    @rule("reality_upload_source")
    def upload(self, call: Call) -> Json:
        form = call.body
        content = getattr(form["file"], "content", form["file"])
        text = content.decode(errors="replace") if isinstance(content, bytes) else str(content)
        return self.ingest(self.space(call), text, form)

    @rule("reality_list_ingestions")
    def list_ingestions(self, call: Call) -> Json:
        status = call.query.get("status")
        listed = [item for item in self.space(call).ingestions.values() if not status or item["status"] == status]
        page = newest(listed, call.query.get("limit") or 50, call.query.get("offset"))
        return {"items": page, "ingestions": page, "count": len(page)}

    @rule("reality_get_ingestion")
    def get_ingestion(self, call: Call) -> Json:
        return found(self.space(call).ingestions, call.path["ingestion_id"], "ingestion")

    @rule("reality_get_lattice")
    def lattice(self, call: Call) -> Json:
        space = self.space(call)
        nodes: list[Json] = [{"id": f["fact_id"], "kind": "fact", "label": f["text"]} for f in space.facts.values()]
        nodes += [
            {"id": e["evidence_id"], "kind": "evidence", "label": e["source_uri"]} for e in space.evidence.values()
        ]
        edges: list[Json] = [
            {"source": item["evidence_id"], "target": fact["fact_id"], "kind": "supports"}
            for fact in space.facts.values()
            for item in self.supporters(space, fact)
        ]
        edges += [
            {"source": s["fact_ids"][0], "target": s["fact_ids"][1], "kind": "same_as"}
            for s in space.suggestions.values()
        ]
        return {"nodes": nodes, "edges": edges}

    # On the way to the network (0.14) -------------------------------------------------------------------------------

    def step(self, thing: Json, verb: str) -> None:
        before, after = _NEXT[verb]
        if thing["promotion_status"] != before:
            raise conflict(f"It is {thing['promotion_status']}, so it cannot be {verb}d now.")
        thing["promotion_status"] = after

    def subject(self, call: Call) -> tuple[Json, Json]:
        """The fact or evidence of a path, and how it is named in answers."""
        if "fact_id" in call.path:
            fact = self.fact(call)
            return fact, {"fact_id": fact["fact_id"]}
        item = found(self.space(call).evidence, call.path["evidence_id"], "evidence")
        return item, {"evidence_id": item["evidence_id"]}

    @rule("reality_promote_fact", "reality_promote_evidence")
    def request_promotion(self, call: Call) -> Json:
        thing, named = self.subject(call)
        self.step(thing, "promote")
        return {
            **named,
            "promotion_status": "promotion_requested",
            "requested_at": self.stamp(),
            "next_step": "handoff",
        }

    @rule("reality_handoff_fact", "reality_handoff_evidence")
    def handoff(self, call: Call) -> Json:
        thing, named = self.subject(call)
        self.step(thing, "handoff")
        package = {"handoff_status": "ready_for_sbn_submission", "promotion_status": "handoff_prepared"}
        return {**named, "handoff_package": package, "prepared_at": self.stamp()}

    @rule("reality_submit_fact", "reality_submit_evidence")
    def submit_subject(self, call: Call) -> Json:
        thing, named = self.subject(call)
        if thing["promotion_status"] != "handoff_prepared":
            raise conflict(f"It is {thing['promotion_status']}, so it cannot be submitted now.")
        thing["promotion_status"] = "submitted_to_sbn"
        receipt = self.issue(self.space(call), "fact", thing["id"], {"subject": thing["id"]})
        thing["latest_receipt_hash"] = receipt["hash"]
        if "receipt_hash" in thing:
            thing["receipt_hash"] = receipt["hash"]
        submission = {"status": "submitted_to_sbn", "receipt_hash": receipt["hash"], "submitted_at": self.stamp()}
        return {**named, "submission": submission}

    @rule("reality_get_evidence")
    def get_evidence(self, call: Call) -> Json:
        return self.subject(call)[0]

    @rule("reality_list_review_queue")
    def review_queue(self, call: Call) -> Json:
        items = list(self.space(call).suggestions.values())
        return {"items": items, "count": len(items)}

    @rule("reality_resolve_review_queue")
    def resolve_suggestion(self, call: Call) -> Json:
        space, body = self.space(call), call.body
        suggestion = found(space.suggestions, call.path["suggestion_id"], "suggestion")
        target = body.get("target_fact_id") or suggestion["fact_ids"][0]
        kept = found(space.facts, target, "fact")
        recomputed: list[str] = []
        if body["action"] == "accept":
            for identity in suggestion["fact_ids"]:
                if identity != target and identity in space.facts:
                    self.merge(space, space.facts[identity], kept)
                    space.facts[identity]["state"] = "merged"
            recomputed = [target]
        del space.suggestions[suggestion["suggestion_id"]]
        return {
            "suggestion_id": suggestion["suggestion_id"],
            "action": body["action"],
            "target_fact": {"fact_id": target} if body["action"] == "accept" else {},
            "recomputed_facts": recomputed,
        }

    @rule("reality_get_operations")
    def operations(self, call: Call) -> Json:
        space = self.space(call)

        def waiting(status: str) -> Json:
            facts = [fact for fact in space.facts.values() if fact["promotion_status"] == status]
            evidence = [item for item in space.evidence.values() if item["promotion_status"] == status]
            return {"facts": facts, "evidence": evidence}

        return {
            "review_queue": list(space.suggestions.values()),
            "promotion_requested": waiting("promotion_requested"),
            "handoff_prepared": waiting("handoff_prepared"),
            "submitted": waiting("submitted_to_sbn"),
        }
