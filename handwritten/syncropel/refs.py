"""Canonical references: pointers to real-world entities that mean the same in every app (protocol sheet §14).

Each constructor takes several identifiers of one entity and uses the most canonical one given; empty ones count as
absent.
"""

from __future__ import annotations

from typing import Any


def _first(name: str, kind: str, **schemes: tuple[str, str | None]) -> dict[str, str]:
    """The first identifier that is there; `schemes` maps argument names to (prefix, value)."""
    for prefix, value in schemes.values():
        if value:
            return {"kind": kind, "id": f"{prefix}:{value}"}
    raise ValueError(f"Ref.{name} requires one of: {', '.join(schemes)}")


class Ref:
    """Constructors of canonical references, each answers `{"kind": "@...", "id": "..."}`.

    Raise `ValueError` when no identifier is given. Values are taken as they are.
    """

    @staticmethod
    def music_track(
        *, isrc: str | None = None, spotify_id: str | None = None, apple_id: str | None = None
    ) -> dict[str, str]:
        """A recording; its ISRC where known."""
        return _first(
            "music_track",
            "@music.track",
            isrc=("isrc", isrc),
            spotify_id=("spotify", spotify_id),
            apple_id=("apple", apple_id),
        )

    @staticmethod
    def code_file(*, path: str, repo: str | None = None, git_url: str | None = None) -> dict[str, str]:
        """A file of a repository: `repo` is owner/name on GitHub, `git_url` any other."""
        if not path:
            raise ValueError("Ref.code_file requires a non-empty path")
        if repo:
            return {"kind": "@code.file", "id": f"github:{repo}:{path}"}
        if git_url:
            return {"kind": "@code.file", "id": f"git:{git_url}:{path}"}
        raise ValueError("Ref.code_file requires one of: repo, git_url (plus path)")

    @staticmethod
    def ops_incident(
        *, pagerduty: str | None = None, linear: str | None = None, url: str | None = None
    ) -> dict[str, str]:
        """An incident."""
        return _first(
            "ops_incident",
            "@ops.incident",
            pagerduty=("pagerduty", pagerduty),
            linear=("linear", linear),
            url=("url", url),
        )

    @staticmethod
    def cal_event(*, uid: str) -> dict[str, str]:
        """A calendar event, by its iCalendar UID."""
        if not uid:
            raise ValueError("Ref.cal_event requires a non-empty uid")
        return {"kind": "@cal.event", "id": f"icalendar:{uid}"}

    @staticmethod
    def social_person(
        *, did: str | None = None, email: str | None = None, handle: str | None = None, name: str | None = None
    ) -> dict[str, str]:
        """A person: a DID as it is, a mail address, or the account `name` on the platform `handle`."""
        if did:
            return {"kind": "@social.person", "id": did}
        if email:
            return {"kind": "@social.person", "id": f"email:{email}"}
        if handle and name:
            return {"kind": "@social.person", "id": f"{handle}:{name}"}
        raise ValueError("Ref.social_person requires one of: did, email, or both handle+name")

    @staticmethod
    def media_photo(*, sha256: str | None = None, url: str | None = None) -> dict[str, str]:
        """A photo, by its content where known."""
        return _first("media_photo", "@media.photo", sha256=("sha256", sha256), url=("url", url))

    @staticmethod
    def media_video(
        *, youtube: str | None = None, vimeo: str | None = None, sha256: str | None = None
    ) -> dict[str, str]:
        """A video."""
        return _first(
            "media_video",
            "@media.video",
            youtube=("youtube", youtube),
            vimeo=("vimeo", vimeo),
            sha256=("sha256", sha256),
        )

    @staticmethod
    def doc_text(*, doi: str | None = None, url: str | None = None, platform_id: str | None = None) -> dict[str, str]:
        """A document; `platform_id` is `<platform>:<id>` and stands as it is."""
        if platform_id and not (doi or url):
            if ":" not in platform_id:
                raise ValueError('Ref.doc_text platform_id must be "<platform>:<id>"')
            return {"kind": "@doc.text", "id": platform_id}
        return _first("doc_text", "@doc.text", doi=("doi", doi), url=("url", url), platform_id=("", None))

    @staticmethod
    def fin_transaction(
        *, stripe: str | None = None, plaid: str | None = None, iso20022: str | None = None
    ) -> dict[str, str]:
        """A payment."""
        return _first(
            "fin_transaction",
            "@fin.transaction",
            stripe=("stripe", stripe),
            plaid=("plaid", plaid),
            iso20022=("iso20022", iso20022),
        )

    @staticmethod
    def research_paper(*, doi: str | None = None, arxiv: str | None = None, s2: str | None = None) -> dict[str, str]:
        """A paper; its DOI where known, `s2` is Semantic Scholar."""
        return _first("research_paper", "@research.paper", doi=("doi", doi), arxiv=("arxiv", arxiv), s2=("s2", s2))

    @staticmethod
    def core_thread(*, id: str) -> dict[str, str]:
        """Another thread, by its id with any `th_` in front."""
        if not id:
            raise ValueError("Ref.core_thread requires a non-empty id")
        return {"kind": "@core.thread", "id": f"thread:{id}"}


def merge_refs(body: dict[str, Any], refs: list[dict[str, str]] | None) -> dict[str, Any]:
    """A copy of `body` whose `_refs` also hold `refs`, after those that are there. Duplicates stay."""
    if not refs:
        return dict(body)
    return {**body, "_refs": [*body.get("_refs", []), *refs]}
