"""Via: where a message came from and where its answer goes (RFC 3261 section 20.42, RFC 3581)."""

from __future__ import annotations

import re

import msgspec

from softswitch.sip.message.grammar import MAGIC_COOKIE, MessageError, shown
from softswitch.sip.message.parameters import NONE, Parameters, parse_parameters
from softswitch.sip.message.uri import parse_host_port, parse_port

_USUAL = {
    f"SIP/2.0/{transport}": transport for transport in ("UDP", "TCP", "TLS", "WS", "WSS", "SCTP")
}
_PROTOCOL = re.compile(
    r"[A-Za-z0-9\-.!%*_+`'~]+[ \t]*/[ \t]*[A-Za-z0-9\-.!%*_+`'~]+[ \t]*/[ \t]*"
    r"([A-Za-z0-9\-.!%*_+`'~]+)[ \t]+"
)


class Via(msgspec.Struct, frozen=True):
    """One hop."""

    transport: str
    "In upper case, as it is written: UDP, TCP, TLS, WS, WSS or what else the peer uses."
    host: str
    "In lower case; IPv6 in brackets."
    port: int | None = None
    parameters: Parameters = NONE

    @property
    def branch(self) -> str | None:
        """The transaction's name; see `has_cookie`."""
        return self.parameters.get("branch")

    @property
    def has_cookie(self) -> bool:
        """Whether the branch is unique by itself: the cookie and something after it."""
        branch = self.parameters.get("branch")
        return branch is not None and len(branch) > 7 and branch.startswith(MAGIC_COOKIE)

    @property
    def received(self) -> str | None:
        """The address that the request really came from, brackets taken off (RFC 5118)."""
        value = self.parameters.get("received")
        return value if value is None else value.strip("[]")

    @property
    def rport(self) -> int | None:
        """The port that the request really came from; None also for an empty `rport`."""
        value = self.parameters.get("rport")
        return parse_port(value) if value else None

    @property
    def sent_by(self) -> str:
        """Host and port as one word, for matching; an absent port stays absent."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def arrived_from(self, address: str, port: int) -> Via:
        """Return what a server makes of the top Via (RFC 3261 section 18.2.1, RFC 3581 section 4).

        `received` is added when the sender asked for rport or is not where it says it is; `rport`
        is filled in only where the sender asked for it.
        """
        parameters = self.parameters
        if "rport" in parameters:
            parameters = parameters.merged({"received": address, "rport": str(port)})
        elif self.host.strip("[]") != address:
            parameters = parameters.replace("received", address)
        else:
            return self
        return Via(self.transport, self.host, self.port, parameters)

    def __str__(self) -> str:
        return f"SIP/2.0/{self.transport} {self.sent_by}{self.parameters}"


def parse_via(text: str) -> Via:
    """Read one Via; blanks around the slashes are legal (RFC 4475 section 3.1.1.1)."""
    protocol, _, rest = text.partition(" ")
    transport = _USUAL.get(protocol)
    if transport is None:
        match = _PROTOCOL.match(text)
        if match is None:
            raise MessageError(f"{shown(text)} does not begin with protocol and transport")
        transport = match.group(1).upper()
        rest = text[match.end() :]
    sent_by, semicolon, tail = rest.partition(";")
    sent_by = sent_by.strip(" \t")
    if " " in sent_by or "\t" in sent_by:
        sent_by = ":".join([part.strip(" \t") for part in sent_by.split(":")])
    host, port = parse_host_port(sent_by)
    return Via(transport, host, port, parse_parameters(tail) if semicolon else NONE)
