"""The GSM 7-bit default alphabet and its extension, one septet an octet (3GPP TS 23.038, 6.2.1)."""

from __future__ import annotations

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"Septet to character; 0x1B leads to the extension."
ESCAPE = 0x1B
EXTENSION = {
    0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]",
    0x40: "|", 0x65: "€",
}  # fmt: skip
"Septet after the escape to character."

_ENCODE = {character: bytes([code]) for code, character in enumerate(BASIC) if code != ESCAPE}
_ENCODE |= {character: bytes([ESCAPE, code]) for code, character in EXTENSION.items()}


def encode(text: str) -> bytes | None:
    """The septets of a text, or None when a character is not in the alphabet."""
    try:
        return b"".join(map(_ENCODE.__getitem__, text))
    except KeyError:
        return None


def decode(septets: bytes) -> str:
    """The text of septets; an unknown extension is its basic character, as 6.2.1.1 has it."""
    if ESCAPE not in septets:
        return "".join(BASIC[code] if code < 128 else "\ufffd" for code in septets)
    characters = []
    escaped = False
    for code in septets:
        if code == ESCAPE and not escaped:
            escaped = True
            continue
        basic = BASIC[code] if code < 128 else "\ufffd"
        characters.append(EXTENSION.get(code, basic) if escaped else basic)
        escaped = False
    return "".join(characters)
