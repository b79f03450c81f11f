"""Connectivity checks as a full agent sends them, and what comes back."""

from __future__ import annotations

import os

from media.control.security import Ice
from media.secure import stun
from media.secure.stun import StunMessage

OURS = Ice("ours", "a-password-of-24-letters", "them")
"The credentials of the leg."
PRIORITY = (stun.PRIORITY, bytes.fromhex("6e7f1eff"))
CONTROLLING = (stun.ICE_CONTROLLING, b"\x11" * 8)
CONTROLLED = (stun.ICE_CONTROLLED, b"\x11" * 8)
NOMINATES = (stun.USE_CANDIDATE, b"")


def check(
    ice: Ice = OURS,
    *more: stun.Attribute,
    theirs: str | None = None,
    role: stun.Attribute = CONTROLLING,
    password: str | None = None,
) -> bytes:
    """Return a check by somebody who knows these credentials of ours; `more` are attributes."""
    name = f"{ice.ufrag}:{ice.their_ufrag if theirs is None else theirs}".encode()
    attributes = [(stun.USERNAME, name), role, PRIORITY, *more]
    return stun.build(stun.BINDING_REQUEST, os.urandom(12), attributes, password or ice.pwd)


def nominate(ice: Ice = OURS, *, theirs: str | None = None) -> bytes:
    """Return a check that nominates."""
    return check(ice, NOMINATES, theirs=theirs)


def indication() -> bytes:
    """Return what keeps a NAT open, and proves nothing."""
    return stun.build(stun.BINDING_INDICATION, os.urandom(12), ())


def mapped(reply: bytes, ice: Ice = OURS) -> tuple[StunMessage, bytes | None]:
    """Return an authentic reply, and the mapped address in it, as it stands."""
    message = stun.parse(reply)
    assert message.is_authentic(ice.pwd)
    return message, message.value(stun.XOR_MAPPED_ADDRESS)
