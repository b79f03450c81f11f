"""The transactions that are alive, and which one a message belongs to (RFC 3261 section 17).

A server transaction is found by the top Via's branch and sent-by and the method, in which ACK
counts as INVITE. A request without the magic cookie comes from an RFC 2543 element and is found by
Request-URI, tags, Call-ID, CSeq number and its whole top Via.
"""

from __future__ import annotations

from collections.abc import Iterable

from softswitch.sip.effects import Effect, Flow
from softswitch.sip.message.message import Request, Response
from softswitch.sip.message.via import Via
from softswitch.sip.transaction.client import (
    Client,
    ClientTable,
    ClientTransaction,
    ClientUser,
)
from softswitch.sip.transaction.invite_client import InviteClient, cancel_of
from softswitch.sip.transaction.invite_server import InviteServer
from softswitch.sip.transaction.machine import Event, Key, TransactionError
from softswitch.sip.transaction.server import (
    Server,
    ServerTables,
    ServerTransaction,
    ServerUser,
)

BY_CLASS = (
    Event.RESPONSE_1XX,
    Event.RESPONSE_2XX,
    Event.RESPONSE_3XX_6XX,
    Event.RESPONSE_3XX_6XX,
    Event.RESPONSE_3XX_6XX,
    Event.RESPONSE_3XX_6XX,
)
"The event of a response that came, by the first digit of its status less one."

SEND_BY_CLASS = (
    Event.SEND_1XX,
    Event.SEND_2XX,
    Event.SEND_3XX_6XX,
    Event.SEND_3XX_6XX,
    Event.SEND_3XX_6XX,
    Event.SEND_3XX_6XX,
)
"The same for a response that we send."


class Layer:
    """Both kinds of transactions by their keys."""

    __slots__ = ("_tables", "clients", "merged", "servers")

    def __init__(self) -> None:
        self.clients: ClientTable = {}
        self.servers: dict[Key, ServerTransaction] = {}
        self.merged: dict[Key, ServerTransaction] = {}
        "Server transactions of requests outside dialogs by `merge_key`."
        self._tables = ServerTables(self.servers, self.merged)

    # ------------------------------------------------------------------ requests we receive

    def accept(
        self, request: Request, flow: Flow, user: ServerUser | None, out: list[Effect]
    ) -> ServerTransaction:
        """Create the transaction of a request; an INVITE is answered with 100 by its table.

        Raises TransactionError for a repeat of one that was accepted already: it was passed up
        twice because the first was not accepted at once.
        """
        method = request.method
        key = server_key(request, request.via, method)
        if key in self.servers:
            raise TransactionError(f"this {method} is accepted already")
        merge = merge_key(request) if request.to.tag is None else None
        kind = InviteServer if method == "INVITE" else Server
        transaction = kind(self._tables, key, request, flow, merge_key=merge, user=user)
        self.servers[key] = transaction
        if merge is not None:
            self.merged.setdefault(merge, transaction)
        transaction.feed(Event.REQUEST, request, out)
        return transaction

    def respond(
        self, transaction: ServerTransaction, response: Response, out: list[Effect]
    ) -> None:
        """Send a response; raises `TransactionError` after the final one."""
        transaction.feed(SEND_BY_CLASS[response.status // 100 - 1], response, out)

    def is_merged(self, request: Request) -> bool:
        """Whether this request, which no transaction knows, came by another path already.

        RFC 3261 section 8.2.2.2; only meant for requests without a To tag.
        """
        return bool(self.merged) and merge_key(request) in self.merged

    # ------------------------------------------------------------------ requests we send

    def request(
        self,
        request: Request,
        branch: str,
        flow: Flow,
        user: ClientUser | None,
        out: list[Effect],
    ) -> ClientTransaction:
        """Send a request whose top Via carries `branch`; `user` is told what comes of it."""
        kind = InviteClient if request.method == "INVITE" else Client
        return kind.begin(self.clients, request, branch, flow=flow, user=user, out=out)

    def receive_response(self, response: Response, out: list[Effect]) -> bool:
        """Give a response to its transaction; False when it has none."""
        transaction = self.clients.get((response.via.branch, response.cseq.method))
        if transaction is None:
            return False
        transaction.feed(BY_CLASS[response.status // 100 - 1], response, out)
        return True

    def cancel(
        self,
        transaction: ClientTransaction,
        headers: Iterable[tuple[str, str]],
        out: list[Effect],
    ) -> None:
        """Cancel an INVITE, now or as soon as a provisional response shows that it arrived."""
        cancel = cancel_of(transaction.request)
        for name, value in headers:
            cancel.headers.add(name, value)
        transaction.feed(Event.CANCEL, cancel, out)


def server_key(request: Request, via: Via, method: str) -> Key:
    """Make the key of section 17.2.3; its second half is for requests without the magic cookie.

    `via` is the request's top Via; `method` is the transaction's: `INVITE` for an ACK, and for a
    CANCEL that looks for its victim.

    There the To tag is left out, because the INVITE has none where its ACK has one; nothing is
    lost by it, as requests of one Call-ID and From tag differ in their CSeq numbers.
    """
    if via.has_cookie:
        return (via.branch, via.sent_by, method)
    return (
        request.uri_text,
        request.from_.tag,
        request.call_id,
        request.cseq.number,
        str(via),
        method,
    )


def merge_key(request: Request) -> Key:
    """Make the key by which two copies of a request that forked upstream are the same."""
    cseq = request.cseq
    return (request.from_.tag, request.call_id, cseq.number, cseq.method)
