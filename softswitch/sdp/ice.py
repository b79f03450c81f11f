"""`a=ice-ufrag`, `a=ice-pwd`, `a=candidate`: the lite side of ICE in descriptions (RFC 8839).

The full side finds us by its checks, so its candidates are not read, whether they come here or
later (trickle, RFC 8840); names that only its own network knows would have to be resolved for it.
"""

from __future__ import annotations

import re

import msgspec

from softswitch.sdp.description import Attribute
from softswitch.sdp.dtls import Find

NOWHERE_PORT = 9
"The port of an `m=` line without a default candidate (RFC 8840 section 4.1.1)."

_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}", re.ASCII)
_PWD = re.compile(r"[A-Za-z0-9+/]{22,256}", re.ASCII)

_HOST = 126
"The preference of host candidates (RFC 8445 section 5.1.2.2)."


class IceParameters(msgspec.Struct, frozen=True):
    """What a description says about ICE. The password is never shown."""

    ufrag: str
    pwd: str
    lite: bool = False
    "Whether that side only answers checks."

    def __repr__(self) -> str:
        return f"<ICE {self.ufrag}>"


def read_ice(find: Find) -> IceParameters | None:
    """Return what is said about ICE; None without a user fragment and a password."""
    ufrag, pwd = next(iter(find("ice-ufrag")), ""), next(iter(find("ice-pwd")), "")
    if _UFRAG.fullmatch(ufrag) is None or _PWD.fullmatch(pwd) is None:
        return None
    return IceParameters(ufrag, pwd, bool(find("ice-lite")))


def ice_attributes(ice: IceParameters, address: str, port: int, *, mux: bool) -> list[Attribute]:
    """Return them as they are written, with our only candidate; without `mux` one for RTCP, too."""
    return [
        Attribute("ice-ufrag", ice.ufrag),
        Attribute("ice-pwd", ice.pwd),
        *(_candidate(component, address, port) for component in ((1,) if mux else (1, 2))),
        Attribute("end-of-candidates"),
    ]


def _candidate(component: int, address: str, port: int) -> Attribute:
    priority = (_HOST << 24) + (0xFFFF << 8) + 256 - component
    where = f"{address} {port + component - 1}"
    return Attribute("candidate", f"1 {component} udp {priority} {where} typ host")
