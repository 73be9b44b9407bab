"""`examples/web.search`: search the web without a key, by reading DuckDuckGo's HTML page. Brittle by nature.

`EXAMPLES_WEB_SEARCH_ENDPOINT` and `EXAMPLES_WEB_SEARCH_UA` say where to search, and as whom.
"""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from holokai_neuron_sdk import Capability, HandlerContext
from holokai_neuron_sdk.examples._run import main
from holokai_neuron_sdk.examples._web import fetch

CAPABILITY = Capability.model_validate(
    {"type": "examples/web.search", "scope": "any", "concurrency": 4, "leaseTtlMs": 30_000}
)
INPUT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["query"],
    "properties": {
        "query": {"type": "string", "minLength": 1},
        "max_results": {"type": "integer", "minimum": 1},
        "region": {"type": "string"},
    },
}
OUTPUT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["query", "results"],
    "properties": {
        "query": {"type": "string"},
        "results": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["title", "url", "snippet"],
                "properties": {name: {"type": "string"} for name in ("title", "url", "snippet")},
            },
        },
    },
}
DEFAULT_ENDPOINT = "https://html.duckduckgo.com/html/"
DEFAULT_USER_AGENT = "Mozilla/5.0 (compatible; holokai-neuron-sdk example)"
_RATE_LIMITED = 202


@dataclass(slots=True)
class Result:
    """One hit."""

    title: str = ""
    url: str = ""
    snippet: str = ""


class ResultParser(HTMLParser):
    """Reads the hits of a result page: links of class `result__a`, and the `result__snippet` that follows each.

    Advertisements are passed over, and so is what has no title or no address.
    """

    def __init__(self, base_url: str = DEFAULT_ENDPOINT) -> None:
        super().__init__(convert_charrefs=True)
        self._base_url = base_url
        self._results: list[Result] = []
        self._reading: str | None = None
        self._tag = ""
        self._depth = 0
        self._in_ad = 0

    @property
    def results(self) -> list[Result]:
        """The hits so far, white space tidied."""
        tidy = [Result(_tidy(hit.title), hit.url, _tidy(hit.snippet)) for hit in self._results]
        return [hit for hit in tidy if hit.title and hit.url]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        if self._in_ad or "result--ad" in classes:
            self._in_ad += tag == "div"
            return
        if self._reading:
            self._depth += tag == self._tag
        elif "result__a" in classes:
            self._results.append(Result(url=real_url(given.get("href") or "", self._base_url)))
            self._start("title", tag)
        elif "result__snippet" in classes and self._results:
            self._start("snippet", tag)

    def handle_endtag(self, tag: str) -> None:
        if self._in_ad:
            self._in_ad -= tag == "div"
        elif self._reading and tag == self._tag:
            self._depth -= 1
            if self._depth == 0:
                self._reading = None

    def handle_data(self, data: str) -> None:
        if self._reading and not self._in_ad:
            hit = self._results[-1]
            setattr(hit, self._reading, getattr(hit, self._reading) + data)

    def _start(self, field: str, tag: str) -> None:
        self._reading, self._tag, self._depth = field, tag, 1


def _tidy(text: str) -> str:
    return " ".join(text.split())


def real_url(href: str, base_url: str = DEFAULT_ENDPOINT) -> str:
    """Where a hit leads: the page links through a redirect that carries the address in `uddg`."""
    if not href:
        return ""
    absolute = urljoin(base_url, href)
    target = parse_qs(urlsplit(absolute).query).get("uddg")
    return target[0] if target else absolute


def parse_results(page: str, base_url: str = DEFAULT_ENDPOINT) -> list[Result]:
    """The hits of a page; an empty list for a page that has none, or that is something else."""
    parser = ResultParser(base_url)
    parser.feed(page)
    parser.close()
    return parser.results


async def web_search(task_input: dict[str, Any], ctx: HandlerContext) -> dict[str, Any]:
    """Search. A provider that limits us fails the task for good: trying again at once would make it worse."""
    endpoint = os.environ.get("EXAMPLES_WEB_SEARCH_ENDPOINT", DEFAULT_ENDPOINT)
    page = await fetch(
        endpoint,
        method="POST",
        headers={
            "content-type": "application/x-www-form-urlencoded",
            "user-agent": os.environ.get("EXAMPLES_WEB_SEARCH_UA", DEFAULT_USER_AGENT),
        },
        content=urlencode({"q": task_input["query"], "kl": task_input.get("region", "wt-wt")}).encode(),
    )
    if page.status == _RATE_LIMITED:
        ctx.fail("the search provider limits us", code="RATE_LIMITED")
    if page.status != 200:
        raise RuntimeError(f"the search provider answered {page.status}")
    hits = parse_results(page.body.decode(errors="replace"), endpoint)[: task_input.get("max_results", 10)]
    return {"query": task_input["query"], "results": [asdict(hit) for hit in hits]}


if __name__ == "__main__":
    sys.exit(main(CAPABILITY, web_search, INPUT_SCHEMA, OUTPUT_SCHEMA))
