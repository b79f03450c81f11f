"""What an extension or a trunk may say about SRTP."""

from __future__ import annotations

from typing import Literal

from softswitch.settings.values import Section

SrtpPolicy = Literal["off", "optional", "required"]
SrtpKeying = Literal["sdes", "dtls"]


class SrtpChoice(Section):
    """Whether the media of its calls are encrypted, and where the keys come from."""

    srtp: SrtpPolicy | None = None
    "Without the key, `media.srtp`."
    srtp_keys: SrtpKeying | None = None
    """How calls to it get their keys: in SDP, or by a handshake of DTLS. Without the key, DTLS over
    WebSocket, and else SDP where `media.sdes_without_tls` lets it hold keys."""
