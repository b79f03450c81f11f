"""Where responses go, and the To tag that they must have (RFC 3261 sections 8.2.6 and 18.2.2)."""

from __future__ import annotations

import hashlib

from softswitch.sip.effects import Flow
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import Request, Response


def answer_flow(request: Request, flow: Flow) -> Flow:
    """Find where a response goes (section 18.2.2, RFC 3581 section 4).

    Over UDP a client that did not ask for rport gets it at the port of its Via. `maddr` is not
    followed: it would let any client direct our responses at a third party. A request whose Via
    cannot be read is answered where it came from.
    """
    if flow.transport != "udp":
        return flow
    try:
        via = request.via
    except MessageError:
        return flow
    if "rport" in via.parameters:
        return flow
    port = via.port or 5060
    return flow if port == flow.remote[1] else flow._replace(remote=(flow.remote[0], port))


class StatelessTags:
    """Makes the same To tag for a request and its repeats without keeping state (section 8.2.7)."""

    __slots__ = ("_key",)

    def __init__(self, secret: str) -> None:
        """With the `secret` nobody else can make the tags of dialogs that they are not in."""
        self._key = secret.encode()[:32]

    def of(self, request: Request) -> str:
        """Make the tag: a word for the request and one for its call."""
        call = (request.headers.get("Call-ID") or "", _caller_of(request))
        return self._word(*call, _branch_of(request)) + self._word(*call)

    def answered(self, ack: Request) -> bool:
        """Tell whether an ACK is for a response of ours that has left nothing behind.

        Only the call is looked at: not every phone repeats the branch, as section 17.1.1.3 asks.
        """
        call = self._word(ack.call_id, ack.from_.tag or "")
        return (ack.to.tag or "").endswith(call)

    def _word(self, *texts: str) -> str:
        octets = "\0".join(texts).encode("utf-8", "replace")
        return hashlib.blake2s(octets, digest_size=8, key=self._key).hexdigest()

    def add(self, request: Request, response: Response) -> None:
        """Give the response its tag, if it needs one and has none (section 8.2.6.2).

        It has one unless it has the request's To as it stands. A To that cannot be read goes back
        as it came.
        """
        to = request.headers.get("To")
        if response.status > 100 and response.headers.get("To") == to and _lacks_tag(request):
            response.headers.set("To", f"{to};tag={self.of(request)}")


def _lacks_tag(request: Request) -> bool:
    try:
        return request.to.tag is None
    except MessageError:
        return False


def _branch_of(request: Request) -> str:
    """The branch of the top Via, or all of it where it cannot be read."""
    try:
        return request.via.branch or ""
    except MessageError:
        return request.headers.get("Via") or ""


def _caller_of(request: Request) -> str:
    """The tag of From, or all of it where it cannot be read."""
    try:
        return request.from_.tag or ""
    except MessageError:
        return request.headers.get("From") or ""
