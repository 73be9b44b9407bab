"""The page that a sandbox shows in a browser: plain files of this package, no build step, nothing from outside.

It is served at `/_sandbox/page`, and at `/` to browsers where the spec has no such operation. What a spec, a client or
a server says is put into it as text, never as markup; the content security policy allows the page's own files only.
"""

from __future__ import annotations

from importlib.resources import files

from wirewright.sandbox.answers import Answer, Refuse

_MEDIA_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
FILES = (
    "index.html",
    "style.css",
    "icon.svg",
    "main.js",
    "dom.js",
    "operations.js",
    "samples.js",
    "traffic.js",
    "picture.js",
    "chaos.js",
)
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


def page_file(name: str) -> Answer:
    """One file of the page. Raises Refuse (404) for any other name."""
    if name not in FILES:
        raise Refuse(404, message=f"the page has no file {name}")
    body = (files(__name__) / name).read_bytes()
    return Answer(200, body, headers=_HEADERS, media_type=_MEDIA_TYPES[name.rpartition(".")[2]])
