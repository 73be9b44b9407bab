"""Which certificates are trusted: those of certifi, unless the environment or the caller names others."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import certifi


def ssl_context(verify: ssl.SSLContext | str | bool, trust_env: bool) -> ssl.SSLContext:
    """`verify`: a context as it is, a file or folder of certificates, or whether to check at all.

    `trust_env`: SSL_CERT_FILE and SSL_CERT_DIR count, as with httpx and OpenSSL. Raises OSError.
    """
    if isinstance(verify, ssl.SSLContext):
        return verify
    if verify is False:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return context
    place = verify if isinstance(verify, str) else (trust_env and _of_environment()) or certifi.where()
    if Path(place).is_dir():
        return ssl.create_default_context(capath=place)
    return ssl.create_default_context(cafile=place)


def _of_environment() -> str | None:
    return os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
