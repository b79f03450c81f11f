"""REFER: the party that a phone wants called in its place, and the news of that call.

RFC 3515; RFC 4488 for phones that want no news; RFC 3891 section 6.1 for Replaces, which names the
dialog of an attended transfer, as Join does that of a call to be joined (RFC 3911 section 7.1). A
REFER makes a subscription that outlives the call's own dialog usage: a phone that has sent BYE may
still be told how the transfer went (RFC 5057 section 3).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from softswitch.sip.dialog.dialog import DialogId
from softswitch.sip.dialog.in_dialog import InDialog
from softswitch.sip.dialog.invite import InviteUsage
from softswitch.sip.effects import Effect
from softswitch.sip.message.address import Address
from softswitch.sip.message.grammar import TOKEN, VERSION, MessageError, shown
from softswitch.sip.message.message import Request, Response
from softswitch.sip.message.parameters import parse_parameters
from softswitch.sip.message.reasons import reason
from softswitch.sip.message.uri import SipUri, Uri, unescape
from softswitch.sip.subscription.event import EndReason, active, terminated

SIPFRAG = "message/sipfrag;version=2.0"
_CALL_ID = re.compile(r"[^\s;,]+")


@dataclass(frozen=True, slots=True)
class Replaces:
    """The dialog that is to be replaced, as the element sees it that is asked to do so."""

    call_id: str
    to_tag: str
    "Ours."
    from_tag: str
    "That of the phone at the other end."
    early_only: bool = False
    "Whether it must not be answered yet."

    @property
    def dialog(self) -> DialogId:
        """The key of the dialog."""
        return (self.call_id, self.to_tag, self.from_tag)


@dataclass(frozen=True, slots=True)
class Refer:
    """What a REFER asks for."""

    uri: Uri
    "The target of the transfer."
    replaces: Replaces | None
    "The call that the target is in already, for an attended transfer."
    is_silent: bool
    "Whether the phone wants no NOTIFY (RFC 4488)."


def read_refer(request: Request) -> Refer:
    """Read a REFER; raises MessageError: 400 when it is broken, 603 for a method but INVITE.

    Of the headers that the INVITE is to have only Replaces is looked at.
    """
    target = cast("Address | None", request.headers.read("Refer-To"))
    if target is None:
        raise MessageError("Refer-To: missing")
    silent = request.headers.get("Refer-Sub") or ""
    is_silent = silent.partition(";")[0].strip(" \t").lower() == "false"
    uri = target.uri
    if not isinstance(uri, SipUri):
        return Refer(uri, None, is_silent)
    method = uri.parameters.get("method", "INVITE")
    if method != "INVITE":
        raise MessageError(f"Refer-To: method {shown(method or '')} is not done for others", 603)
    named = _headers_of(uri, "replaces")
    if len(named) > 1:
        raise MessageError("Refer-To: Replaces is given twice")
    return Refer(uri, parse_replaces(named[0]) if named else None, is_silent)


def _headers_of(uri: SipUri, wanted: str) -> list[str]:
    """The values of a header that a URI holds (RFC 3261 section 19.1.1)."""
    pairs = [header.partition("=") for header in uri.headers.split("&")]
    return [unescape(value) for name, _, value in pairs if unescape(name).lower() == wanted]


def parse_replaces(text: str) -> Replaces:
    """Read the value of a Replaces header; raises MessageError."""
    dialog, parameters = _named_dialog("Replaces", text)
    return Replaces(*dialog, "early-only" in parameters)


def parse_join(text: str) -> DialogId:
    """Read the value of a Join header: the dialog as we have it; raises MessageError."""
    dialog, _ = _named_dialog("Join", text)
    return dialog


def _named_dialog(header: str, text: str) -> tuple[DialogId, Mapping[str, str | None]]:
    """The dialog that a header names, and the parameters beside its tags."""
    name, _, rest = text.partition(";")
    call_id = name.strip(" \t")
    parameters = parse_parameters(rest)
    ours, theirs = parameters.get("to-tag") or "", parameters.get("from-tag") or ""
    if _CALL_ID.fullmatch(call_id) is None or not all(map(TOKEN.fullmatch, (ours, theirs))):
        raise MessageError(f"{header}: {shown(text)} does not name a dialog")
    return (call_id, ours, theirs), parameters


class Referral:
    """The subscription of a phone that has sent REFER: some NOTIFYs, the last with the outcome."""

    __slots__ = ("_told", "_usage", "event", "is_over")

    def __init__(self, usage: InviteUsage, refer: Request) -> None:
        self.event = f"refer;id={refer.cseq.number}"
        self.is_over = False
        "Whether the outcome is told, or the phone does not want to hear it."
        self._usage = usage
        self._told = 0

    def tell(self, status: int, seconds: int, out: list[Effect]) -> None:
        """Say how the call to the target stands, once each; a final status is the outcome.

        `seconds` are those for which the subscription still lasts.
        """
        if self.is_over or status == self._told:
            return
        self._told = status
        state = active(seconds)
        if status >= 200 or seconds <= 0:
            self.is_over = True
            state = terminated(EndReason.NO_RESOURCE if status >= 200 else EndReason.TIMEOUT)
        headers = [
            ("Contact", self._usage.contact),
            ("Event", self.event),
            ("Subscription-State", state),
            ("Content-Type", SIPFRAG),
        ]
        body = f"{VERSION} {status} {reason(status)}\r\n".encode()
        _Notify(self, self._usage, headers, body).start(out)


class _Notify(InDialog[InviteUsage]):
    """One NOTIFY. Its failure ends the subscription and nothing else (RFC 5057 section 5.1)."""

    __slots__ = ("_referral",)

    def __init__(
        self,
        referral: Referral,
        usage: InviteUsage,
        headers: Sequence[tuple[str, str]],
        body: bytes,
    ) -> None:
        super().__init__(usage, usage.dialog, "NOTIFY", headers, body)
        self._referral = referral

    def finished(self, response: Response, out: list[Effect]) -> None:
        """Go on if the phone has taken it."""
        if response.status >= 300:
            self._referral.is_over = True

    def unanswered(self, reason: str, out: list[Effect]) -> None:
        """Tell a phone no more that does not answer."""
        self._referral.is_over = True
