"""Short messages that arrive by SMPP, whole or in parts, on their way to the hub."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import structlog
from msgspec.structs import replace

from softswitch.messaging.connections.connection import (
    Arrival,
    Full,
    Hub,
    MessageRefused,
    NoRoute,
    NotStarted,
)
from softswitch.messaging.smpp.fragments import Fragments, FragmentStore, Whole
from softswitch.messaging.smpp.pdu import Pdu
from softswitch.messaging.smpp.tables import CommandStatus
from softswitch.messaging.smpp.text import decode, read_piece
from softswitch.messaging.smpp.times import read_time
from softswitch.store.errors import StoreError
from softswitch.store.texts import storable

_LOG = structlog.get_logger("softswitch.smpp")

LOOK_EVERY = 60.0
"Seconds between two looks for long messages that stay incomplete."


class IntakeRefusal(Exception):
    """A message is not kept; `status` is the answer that the peer gets."""

    def __init__(self, status: CommandStatus) -> None:
        super().__init__(status.name)
        self.status = status


class Intake:
    """Reads texts out of PDUs and has them kept before anybody acknowledges them."""

    def __init__(
        self,
        connection: str,
        disk: FragmentStore,
        *,
        alphabet: str,
        user: str,
        must_route: bool,
        clock: Callable[[], float],
    ) -> None:
        self._connection = connection
        self._alphabet = alphabet
        self._user = user
        self._must_route = must_route
        self._clock = clock
        self._hub: Hub = NotStarted()
        self.fragments = Fragments(connection, disk, alphabet, clock)
        self._looking: asyncio.Task[None] | None = None

    async def start(self, hub: Hub) -> None:
        """Load the parts that an earlier process has acknowledged."""
        self._hub = hub
        await self.fragments.load()
        self._looking = asyncio.get_running_loop().create_task(self._look(), name="fragments")

    async def stop(self) -> None:
        """End."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def take(self, pdu: Pdu, station: str = "") -> str:
        """Keep the text of a PDU; our id of it, once it is on disk. Raises IntakeRefusal.

        `station` is the account that sends it.
        """
        piece = read_piece(pdu)
        arrival = self._arrival(pdu, station)
        try:
            if piece.parts == 1:
                text = decode(piece.coding, piece.octets, self._alphabet)
                return await self._arrived(replace(arrival, text=text))
            identity, whole = await self.fragments.add(
                piece, arrival.from_address, arrival.to_address
            )
            if whole is not None:
                await self._arrived(_joined(arrival, whole))
                await self.fragments.done(whole)
            return identity
        except NoRoute:
            raise IntakeRefusal(CommandStatus.RINVDSTADR) from None
        except (StoreError, Full) as error:
            _LOG.error("message not stored", connection=self._connection, error=str(error))
            raise IntakeRefusal(CommandStatus.RMSGQFUL) from None
        except MessageRefused:
            raise IntakeRefusal(CommandStatus.RSUBMITFAIL) from None

    def _arrival(self, pdu: Pdu, station: str) -> Arrival:
        """All but the text. Raises IntakeRefusal for times that cannot be read."""
        now = self._clock()
        return Arrival(
            connection=self._connection,
            text="",
            from_address=address(pdu, "source_addr"),
            to_address=address(pdu, "dest_addr", "destination_addr"),
            from_station=station,
            user=self._user,
            must_route=self._must_route,
            report=bool(station) and pdu.number("registered_delivery") & 3 in (1, 2),
            valid_until=_moment(pdu, "validity_period", now, CommandStatus.RINVEXPIRY),
            time_to_send=_moment(pdu, "schedule_delivery_time", now, CommandStatus.RINVSCHED),
        )

    async def _arrived(self, arrival: Arrival) -> str:
        return (await self._hub.arrived(replace(arrival, text=storable(arrival.text)))).id

    async def _look(self) -> None:
        """Keep long messages whose other parts did not come in time, with gaps."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            for whole in self.fragments.overdue():
                first = whole.fragments[0]
                arrival = Arrival(
                    connection=self._connection,
                    text="",
                    from_address=first.source,
                    to_address=first.destination,
                    user=self._user,
                )
                try:
                    await self._arrived(_joined(arrival, whole))
                    await self.fragments.done(whole)
                except (StoreError, MessageRefused) as error:
                    _LOG.error("incomplete message not kept", error=str(error))


def _joined(arrival: Arrival, whole: Whole) -> Arrival:
    """A long message: its first part tells it from others, should it be kept a second time."""
    origin = f"{arrival.connection}:{whole.ids[0]}"
    return replace(arrival, text=whole.text, origin=origin, tags={"parts": ",".join(whole.ids)})


def address(pdu: Pdu, prefix: str, name: str = "") -> str:
    """An address of a PDU: international numbers with a plus sign (section 5.2.5)."""
    text = pdu.text(name or prefix)
    if pdu.number(f"{prefix}_ton") == 1 and text.isdigit():
        return f"+{text}"
    return text


def address_fields(prefix: str, text: str, name: str = "") -> dict[str, str | int]:
    """Type, plan and digits of an address."""
    if text.startswith("+") and text[1:].isdigit():
        ton, npi, digits = 1, 1, text[1:]
    elif text.isdigit():
        ton, npi, digits = (0, 0, text) if len(text) <= 6 else (0, 1, text)
    else:
        ton, npi, digits = (5, 0, text) if text else (0, 0, "")
    return {f"{prefix}_ton": ton, f"{prefix}_npi": npi, name or prefix: digits}


def _moment(pdu: Pdu, name: str, now: float, status: CommandStatus) -> float | None:
    text = pdu.text(name)
    if not text:
        return None
    at = read_time(text, now)
    if at is None or (name == "validity_period" and math.floor(at) < math.floor(now)):
        raise IntakeRefusal(status)
    return at
