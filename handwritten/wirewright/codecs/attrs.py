"""The attrs flavour: msgspec decodes attrs classes natively where wire and Python names agree."""

from __future__ import annotations

from wirewright.codecs.msgspec import MsgspecCodec


class AttrsCodec(MsgspecCodec):
    """See `wirewright.codecs.Codec`."""

    name = "attrs"
