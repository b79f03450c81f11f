"""An SMS centre that we bind to as a transceiver (SMPP 3.4).

A message is sent as one submit_sm or several; a deliver_sm is answered when what it brings is on
disk. The connection is made again, after growing waits, as long as we run.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from softswitch.guard.causes import cause
from softswitch.messaging.connections.connection import (
    ConnectionState,
    DeliveryRefused,
    Hub,
    Later,
    NotStarted,
    Sent,
)
from softswitch.messaging.delivery.backoff import BackOff
from softswitch.messaging.delivery.delivery import FAULT
from softswitch.messaging.smpp.fragments import FragmentStore
from softswitch.messaging.smpp.intake import Intake, IntakeRefusal, address_fields
from softswitch.messaging.smpp.link import Answer, Link, LinkCounts, LinkLost
from softswitch.messaging.smpp.outbound import (
    Fields,
    OutboundPdu,
    as_payload,
    reference_of,
    whole_or_parts,
)
from softswitch.messaging.smpp.pdu import Pdu
from softswitch.messaging.smpp.rate_limit import RateLimit
from softswitch.messaging.smpp.receipt import is_receipt, read_receipt
from softswitch.messaging.smpp.tables import (
    INTERFACE_VERSION,
    PASSING,
    CommandId,
    CommandStatus,
    Tlv,
    status_name,
)
from softswitch.messaging.smpp.text import encode, split
from softswitch.messaging.smpp.times import relative_time
from softswitch.store.errors import StoreError
from softswitch.store.messages import TextMessage

_LOG = structlog.get_logger("softswitch.smpp")

CONNECT_TIMEOUT = 10.0
RECONNECT = BackOff(1.0, 60.0)
PATIENCE_FOR_LINK = 2.0
"Seconds that a message waits for a connection that is being made."
INCOMING_WINDOW = 200
"Requests of the centre that may wait for our answer; more are throttled."
THROTTLED_TRIES = 6
"Attempts at one part that the centre throttles, before the message waits its turn again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """Address of the centre, our account there, and what the centre expects."""

    host: str
    port: int
    system_id: str
    password: str
    system_type: str = ""
    source: str = ""
    window: int = 10
    rate: float | None = None
    enquire_interval: float = 30.0
    response_timeout: float = 10.0
    alphabet: str = "gsm7"
    latin1: bool = False
    long_messages: str = "udh"
    tls: ssl.SSLContext | None = None
    resend_unanswered: bool = True


class SmppConnection:
    """The binding to one centre."""

    kind = "smpp"

    def __init__(
        self,
        name: str,
        centre: Centre,
        disk: FragmentStore,
        *,
        user: str = "",
        is_extension: Callable[[str], bool] = lambda _number: False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`is_extension`: numbers that mean nothing outside; `centre.source` stands for them."""
        self.name = name
        self.window = centre.window
        self.counts = LinkCounts()
        self._centre = centre
        self._is_extension = is_extension
        self._clock = clock
        self._intake = Intake(
            name, disk, alphabet=centre.alphabet, user=user, must_route=False, clock=clock
        )
        self._rate_limit = RateLimit(centre.rate)
        self._link: Link | None = None
        self._bound = asyncio.Event()
        self._detail = "not started"
        self._hub: Hub = NotStarted()
        self._keeping: asyncio.Task[None] | None = None

    @property
    def state(self) -> ConnectionState:
        return ConnectionState(self._link is not None, self._detail)

    async def start(self, hub: Hub) -> None:
        """Bind, now and after every loss of the connection."""
        self._hub = hub
        await self._intake.start(hub)
        self._keeping = asyncio.get_running_loop().create_task(
            self._keep_bound(), name=f"smpp {self.name}"
        )

    async def stop(self) -> None:
        """Unbind."""
        if self._link is not None:
            await self._link.unbind()
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        await self._intake.stop()

    # -- the binding -------------------------------------------------------------------------------

    async def _keep_bound(self) -> None:
        failures = 0
        while True:
            began = self._clock()
            try:
                await self._bind_and_run()
            except LinkLost as error:
                self._detail = str(error)
            except (OSError, TimeoutError, ssl.SSLError) as error:
                _LOG.debug("not bound", connection=self.name, error=repr(error))
                self._detail = cause(error)
            except Exception:
                _LOG.exception("binding failed", connection=self.name)
                self._detail = FAULT
            failures = 0 if self._clock() - began > RECONNECT.last else failures + 1
            wait = RECONNECT.wait(max(1, failures))
            _LOG.warning("not bound", connection=self.name, error=self._detail, seconds=wait)
            await asyncio.sleep(wait)

    async def _bind_and_run(self) -> None:
        centre = self._centre
        async with asyncio.timeout(CONNECT_TIMEOUT):
            reader, writer = await asyncio.open_connection(centre.host, centre.port, ssl=centre.tls)
        link = Link(
            reader,
            writer,
            self._take,
            window=centre.window,
            peer_window=INCOMING_WINDOW,
            response_timeout=centre.response_timeout,
            enquire_interval=centre.enquire_interval,
            counts=self.counts,
        )
        running = asyncio.get_running_loop().create_task(link.run(), name="smpp link")
        try:
            await self._bind(link)
            self._link, self._detail = link, f"bound to {link.peer}"
            _LOG.info("bound", connection=self.name, peer=link.peer)
            self._bound.set()
            self._hub.wake(self.name)
            await running
            raise LinkLost(link.lost or "closed")
        finally:
            self._link = None
            self._bound.clear()
            link.abort("closed")
            await asyncio.gather(running, return_exceptions=True)
            with suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    async def _bind(self, link: Link) -> None:
        answer = await link.request(
            CommandId.BIND_TRANSCEIVER,
            {
                "system_id": self._centre.system_id,
                "password": self._centre.password,
                "system_type": self._centre.system_type,
                "interface_version": INTERFACE_VERSION,
            },
        )
        if answer.status != CommandStatus.ROK:
            raise LinkLost(f"the centre refuses to bind: {status_name(answer.status)}")

    # -- out ---------------------------------------------------------------------------------------

    async def send(self, message: TextMessage) -> Sent:
        """Submit a message, in parts where it is long."""
        link = self._link
        if link is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_FOR_LINK):
                    await self._bound.wait()
            link = self._link
            if link is None:
                raise Later(f"not bound: {self._detail}")
        ids = []
        for pdu in self._pdus(message):
            answer = await self._submit(link, pdu)
            ids.append(answer.text("message_id"))
        return Sent(tuple(identity for identity in ids if identity))

    def _pdus(self, message: TextMessage) -> list[OutboundPdu]:
        """What each submit_sm holds. Raises DeliveryRefused."""
        centre = self._centre
        encoded = encode(message.text, centre.alphabet, latin1=centre.latin1)
        parts = split(encoded, centre.alphabet)
        source = message.from_address
        if not source or (centre.source and self._is_extension(source)):
            source = centre.source
        common: Fields = {
            **address_fields("source_addr", source),
            **address_fields("dest_addr", message.to_address, "destination_addr"),
            "data_coding": encoded.coding,
            "registered_delivery": 1,
            "validity_period": relative_time(message.valid_until - self._clock()),
        }
        reference = reference_of(message)
        tlvs = {int(Tlv.USER_MESSAGE_REFERENCE): (reference & 0xFFFF).to_bytes(2)}
        if not 0 < len(message.to_address) <= 20 or len(str(common["source_addr"])) > 20:
            raise DeliveryRefused("an address that SMPP cannot carry")
        if len(parts) > 1 and centre.long_messages == "payload":
            return as_payload(common, encoded, tlvs)
        return whole_or_parts(common, parts, reference, tlvs)

    async def _submit(self, link: Link, pdu: OutboundPdu) -> Pdu:
        for _ in range(THROTTLED_TRIES):
            await self._rate_limit.wait()
            try:
                answer = await link.request(CommandId.SUBMIT_SM, pdu.body, pdu.tlvs)
            except ValueError as error:
                raise DeliveryRefused(str(error)) from None
            except LinkLost as lost:
                if lost.sent and not self._centre.resend_unanswered:
                    reason = f"unknown: {lost} before the answer"
                    raise DeliveryRefused(reason, final=True) from None
                raise Later(str(lost)) from None
            if answer.status == CommandStatus.ROK:
                self._rate_limit.faster()
                return answer
            if answer.status != CommandStatus.RTHROTTLED:
                break
            self._rate_limit.slower()
        reason = f"the centre answers {status_name(answer.status)}"
        raise (Later(reason) if answer.status in PASSING else DeliveryRefused(reason))

    # -- in ----------------------------------------------------------------------------------------

    async def _take(self, pdu: Pdu) -> Answer:
        """Answer a request of the centre, once what it brings is on disk."""
        if pdu.command not in (CommandId.DELIVER_SM, CommandId.DATA_SM):
            return Answer(CommandStatus.RINVCMDID)
        if self._link is None:
            return Answer(CommandStatus.RINVBNDSTS)
        try:
            if is_receipt(pdu):
                receipt = read_receipt(pdu)
                if receipt is None:
                    _LOG.warning("receipt cannot be read", connection=self.name)
                else:
                    await self._hub.reported(self.name, receipt)
            else:
                await self._intake.take(pdu)
        except StoreError as error:
            _LOG.error("receipt not stored", connection=self.name, error=str(error))
            return Answer(CommandStatus.RX_T_APPN)
        except IntakeRefusal as refusal:
            passing = refusal.status == CommandStatus.RMSGQFUL
            return Answer(CommandStatus.RX_T_APPN if passing else CommandStatus.RX_R_APPN)
        return Answer()
