"""NOTIFY as octets: what all those of a subscription share is written once (RFC 6665 8.1.2).

A change may have to be told to many watchers in the same turn of the loop, and nearly all that is
written for one of them is the same each time.
"""

from __future__ import annotations

from collections.abc import Sequence

from softswitch.sip.dialog.dialog import Dialog
from softswitch.sip.dialog.in_dialog import Header
from softswitch.sip.element import Element
from softswitch.sip.message.message import WrittenRequest

_NO_BODY = b"\r\nContent-Length: 0\r\n\r\n"


class NotifyTemplate:
    """The NOTIFYs of a dialog, but for branch, CSeq, Subscription-State and the body."""

    __slots__ = ("_after", "_before", "_flow", "_kind", "_target", "_uri")

    def __init__(
        self, element: Element, dialog: Dialog, headers: Sequence[Header], content_type: str
    ) -> None:
        """`headers` are those that all of them have; those with a body have `content_type`."""
        self._target = dialog.target
        self._flow = dialog.flow
        self._kind = f"Content-Type: {content_type}\r\n"
        request = dialog.next_request("NOTIFY", headers, cseq=0)
        request.headers.remove("CSeq")
        self._uri = request.uri_text
        start, _, lines = request.to_bytes().removesuffix(_NO_BODY).partition(b"\r\n")
        via, sign, rest = element.via(dialog.flow, "").rpartition(";branch=")
        self._before = b"%b\r\nVia: %b" % (start, f"{via}{sign}".encode())
        self._after = b"%b\r\n%b\r\nCSeq: " % (rest.encode(), lines)

    def is_for(self, dialog: Dialog) -> bool:
        """Whether the dialog goes where it went when this was written."""
        return self._target == dialog.target and self._flow == dialog.flow

    def written(self, branch: str, cseq: int, state: str, body: bytes) -> WrittenRequest:
        """One NOTIFY."""
        said = (
            f"{cseq} NOTIFY\r\nSubscription-State: {state}\r\n{self._kind if body else ''}"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        octets = b"".join((self._before, branch.encode(), self._after, said.encode(), body))
        return WrittenRequest("NOTIFY", self._uri, octets)
