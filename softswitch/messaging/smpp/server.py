"""Our SMS centre: accounts bind to it, submit messages and receive messages (SMPP 3.4).

A submit_sm is answered when the message is on disk. Receipts go to the account that asked for them,
by any of its sessions that can receive, now or after its next bind.
"""

from __future__ import annotations

import asyncio
import hmac
import ssl
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from softswitch.guard.bans import Bans
from softswitch.guard.rates import RequestSources
from softswitch.messaging.connections.connection import (
    ConnectionState,
    DeliveryRefused,
    Hub,
    Later,
    NotStarted,
    Sent,
)
from softswitch.messaging.queue.routes import pattern_of
from softswitch.messaging.smpp.fragments import FragmentStore
from softswitch.messaging.smpp.intake import Intake, IntakeRefusal
from softswitch.messaging.smpp.link import Answer, Link, LinkCounts, LinkLost
from softswitch.messaging.smpp.outbound import OutboundPdu, delivery, receipts
from softswitch.messaging.smpp.pdu import Pdu
from softswitch.messaging.smpp.tables import (
    INTERFACE_VERSION,
    PASSING,
    CommandId,
    CommandStatus,
    Tlv,
    status_name,
)
from softswitch.messaging.smpp.text import encode
from softswitch.store.messages import TextMessage
from softswitch.transport.addresses import cannot_listen

_LOG = structlog.get_logger("softswitch.smpp")

BIND_TIMEOUT = 10.0
"Seconds in which a connection must bind."
REFUSAL_DELAY = 1.0
"Seconds until a wrong password is answered."
BINDS: dict[int, tuple[bool, bool]] = {
    CommandId.BIND_TRANSMITTER: (True, False),
    CommandId.BIND_RECEIVER: (False, True),
    CommandId.BIND_TRANSCEIVER: (True, True),
}
"For each bind whether the session may submit and whether it receives."


@dataclass(frozen=True, slots=True)
class EsmeAccount:
    """An account that may bind."""

    system_id: str
    password: str = field(repr=False)
    numbers: tuple[str, ...] = ()
    "Recipients whose messages it gets, with `*` and `?`."


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Bounds of the sessions."""

    window: int = 100
    sessions: int = 100
    enquire_interval: float = 30.0
    response_timeout: float = 10.0


@dataclass(slots=True, eq=False)
class SmppSession:
    """One connection of a peer."""

    link: Link
    account: str = ""
    "Empty until it is bound."
    submits: bool = False
    receives: bool = False


class SmppServer:
    """The listener and its sessions."""

    kind = "smpp-server"
    window = 20

    def __init__(
        self,
        name: str,
        listen: tuple[str, int],
        accounts: Sequence[EsmeAccount],
        disk: FragmentStore,
        *,
        limits: ServerLimits | None = None,
        alphabet: str = "gsm7",
        user: str = "",
        tls: ssl.SSLContext | None = None,
        bans: Bans | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`bans` counts wrong passwords, by address and account."""
        self.name = name
        self.listen = listen
        self.counts = LinkCounts()
        self._accounts = {account.system_id: account for account in accounts}
        self._numbers = [
            (pattern_of(number), account.system_id)
            for account in accounts
            for number in account.numbers
        ]
        self._limits = limits or ServerLimits()
        self._alphabet = alphabet
        self._tls = tls
        self._bans = Bans("SMPP") if bans is None else bans
        self._sources = RequestSources()
        self._clock = clock
        self._intake = Intake(
            name, disk, alphabet=alphabet, user=user, must_route=True, clock=clock
        )
        self._hub: Hub = NotStarted()
        self._server: asyncio.Server | None = None
        self._sessions: OrderedDict[SmppSession, asyncio.Task[None]] = OrderedDict()

    @property
    def state(self) -> ConnectionState:
        bound = [session.account for session in self._sessions if session.account]
        return ConnectionState(self._server is not None, f"bound: {', '.join(bound) or 'nobody'}")

    async def start(self, hub: Hub) -> None:
        """Listen; port 0 takes a free one. Raises OSError with a sentence."""
        self._hub = hub
        await self._intake.start(hub)
        try:
            self._server = await asyncio.start_server(self._accept, *self.listen, ssl=self._tls)
        except OSError as error:
            raise cannot_listen(self.listen, error) from error
        self.listen = self._server.sockets[0].getsockname()[:2]

    async def stop(self) -> None:
        """Unbind all sessions and stop listening."""
        if self._server is not None:
            self._server.close()
            self._server = None
        tasks = list(self._sessions.values())
        links = [session.link for session in self._sessions if session.account]
        await asyncio.gather(*(link.unbind() for link in links), return_exceptions=True)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._intake.stop()

    # -- sessions ----------------------------------------------------------------------------------

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._sessions) >= self._limits.sessions:
            unbound = next((each for each in self._sessions if not each.account), None)
            if unbound is None:
                writer.close()
                return
            self._sessions.pop(unbound).cancel()
        session = self._session(reader, writer)
        self._sessions[session] = asyncio.get_running_loop().create_task(
            self._serve(session, writer), name="smpp session"
        )

    def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> SmppSession:
        async def handle(pdu: Pdu) -> Answer:
            return await self._take(session, pdu)

        link = Link(
            reader,
            writer,
            handle,
            window=self.window,
            peer_window=self._limits.window,
            response_timeout=self._limits.response_timeout,
            enquire_interval=self._limits.enquire_interval,
            counts=self.counts,
        )
        session = SmppSession(link)
        return session

    async def _serve(self, session: SmppSession, writer: asyncio.StreamWriter) -> None:
        link = session.link
        bind_deadline = asyncio.get_running_loop().call_later(
            BIND_TIMEOUT, self._end_unbound, session
        )
        try:
            await link.run()
        finally:
            bind_deadline.cancel()
            _LOG.info("session ended", account=session.account, peer=link.peer, reason=link.lost)
            self._sessions.pop(session, None)
            writer.close()
            with suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    def _end_unbound(self, session: SmppSession) -> None:
        if not session.account:
            session.link.abort("not bound in time")

    # -- in ----------------------------------------------------------------------------------------

    async def _take(self, session: SmppSession, pdu: Pdu) -> Answer:
        if pdu.command in BINDS:
            return await self._bind(session, pdu)
        if pdu.command not in (CommandId.SUBMIT_SM, CommandId.DATA_SM):
            return Answer(CommandStatus.RINVCMDID)
        if not session.submits:
            return Answer(CommandStatus.RINVBNDSTS)
        try:
            identity = await self._intake.take(pdu, session.account)
        except IntakeRefusal as refusal:
            return Answer(refusal.status)
        return Answer(body={"message_id": identity})

    async def _bind(self, session: SmppSession, pdu: Pdu) -> Answer:
        if session.account:
            return Answer(CommandStatus.RALYBND)
        system_id, password = pdu.text("system_id"), pdu.text("password")
        if not self._knows(system_id, password, session.link.host):
            _LOG.warning("bind refused", account=system_id[:16], peer=session.link.peer)
            await asyncio.sleep(REFUSAL_DELAY)
            # Of an unknown account, too: nobody learns which ones there are.
            return Answer(CommandStatus.RINVPASWD)
        session.account = system_id
        session.submits, session.receives = BINDS[pdu.command]
        _LOG.info("bound", account=system_id, peer=session.link.peer)
        if session.receives:
            asyncio.get_running_loop().call_soon(self._hub.wake, self.name)
        version = {int(Tlv.SC_INTERFACE_VERSION): bytes([INTERFACE_VERSION])}
        return Answer(body={"system_id": self.name[:15]}, tlvs=version)

    def _knows(self, system_id: str, password: str, host: str) -> bool:
        """Whether that is the password of the account, and its sender may try at all."""
        source = self._sources.find(host)
        if self._bans.refuses(source, system_id):
            return False
        account = self._accounts.get(system_id)
        expected = account.password if account else "\0"
        right = hmac.compare_digest(password.encode(), expected.encode())
        if account is None or not right:
            self._bans.wrong(source, system_id)
            return False
        self._bans.right(source, system_id)
        return True

    # -- out ---------------------------------------------------------------------------------------

    async def send(self, message: TextMessage) -> Sent:
        """Deliver a message or a receipt to the account that it is for."""
        account = message.to_station or self._account_for(message.to_address)
        if not account:
            raise DeliveryRefused(f"no account gets messages for {message.to_address}")
        link = self._receiver(account)
        for pdu in self._pdus(message):
            try:
                answer = await link.request(CommandId.DELIVER_SM, pdu.body, pdu.tlvs)
            except ValueError as error:
                raise DeliveryRefused(str(error)) from None
            except LinkLost as lost:
                raise Later(str(lost)) from None
            if answer.status != CommandStatus.ROK:
                reason = f"{account} answers {status_name(answer.status)}"
                raise (Later(reason) if answer.status in PASSING else DeliveryRefused(reason))
        return Sent(delivered=True)

    def _pdus(self, message: TextMessage) -> list[OutboundPdu]:
        if message.kind == "receipt":
            return receipts(message, self._clock())
        return delivery(message, encode(message.text, self._alphabet), self._alphabet)

    def _account_for(self, number: str) -> str:
        for pattern, account in self._numbers:
            if pattern.match(number):
                return account
        return ""

    def _receiver(self, account: str) -> Link:
        """A session of the account; they take turns. Raises Later."""
        for session in self._sessions:
            if session.account == account and session.receives:
                self._sessions.move_to_end(session)
                return session.link
        raise Later(f"{account} is not bound")
