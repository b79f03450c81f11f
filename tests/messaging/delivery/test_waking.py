"""A lane wakes for whatever is asked of it, also when one of those goes away meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Container
from pathlib import Path

import pytest

from softswitch.calls.kinds.phone import PHONE
from softswitch.messaging.connections.connection import Arrival, Later, Receipt, Sent
from softswitch.messaging.delivery.lane import Done, Lane
from softswitch.messaging.delivery.receipts import Receipts
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.messaging.queue.routes import Rule
from softswitch.store.database.changes import Change
from softswitch.store.errors import StoreError
from softswitch.store.message_parts import MessagePart
from softswitch.store.messages import TextMessage
from tests.messaging.scene import FakeConnection, messages_on, state_of, until

SOON = 5.0
"Seconds that are many for a lane that wakes, and few for one that sleeps for a minute."


def message(identity: str, **fields: object) -> TextMessage:
    plain = {
        "id": identity,
        "created_at": 0.0,
        "user": "admin",
        "folder": "outbox",
        "state": "queued",
        "valid_until": 1e12,
    }
    return TextMessage(**plain | fields)  # type: ignore[arg-type]


class SlowDisk:
    """Rows that are read when the test lets them be read."""

    def __init__(self) -> None:
        self.rows: dict[str, TextMessage] = {}
        self.reading = asyncio.Event()
        self.go_on = asyncio.Event()
        self.aheads: list[float] = []

    def write(self, *changes: Change) -> asyncio.Future[None]:
        written = asyncio.get_running_loop().create_future()
        written.set_result(None)
        return written

    async def load_due(
        self, lane: str, now: float, limit: int, ahead: float, held: Container[str]
    ) -> tuple[list[TextMessage], bool]:
        self.aheads.append(ahead)
        due = [row for row in self.rows.values() if (row.next_at or 0) <= now + ahead]
        return [row for row in due if row.id not in held], False

    async def next_due(self, lane: str, after: float) -> float | None:
        times = [row.next_at for row in self.rows.values() if (row.next_at or 0) > after]
        self.reading.set()
        await self.go_on.wait()
        return min((at for at in times if at is not None), default=None)


async def lane_on(
    disk: SlowDisk, work: Callable[[TextMessage], None], clock: Callable[[], float] = time.time
) -> Lane:
    async def attempt(message: TextMessage) -> Done:
        disk.rows.pop(message.id, None)
        work(message)
        return Done()

    lane = Lane("sms", disk, attempt, lambda _: None, workers=1, clock=clock)
    lane.start()
    async with asyncio.timeout(SOON):
        await disk.reading.wait()
    return lane


async def test_what_is_due_soon_and_comes_while_rows_are_read_is_not_slept_over() -> None:
    disk, done = SlowDisk(), asyncio.Queue[str]()
    lane = await lane_on(disk, lambda message: done.put_nowait(message.id))
    disk.rows["m"] = message("m", next_at=time.time() + 0.05)
    lane.put(disk.rows["m"])
    disk.go_on.set()
    async with asyncio.timeout(SOON):
        assert await done.get() == "m"
    await lane.stop()


async def test_a_connection_that_comes_back_while_rows_are_read_has_all_tried_again() -> None:
    disk, done = SlowDisk(), asyncio.Queue[str]()
    lane = await lane_on(disk, lambda message: done.put_nowait(message.id))
    disk.go_on.set()
    await asyncio.sleep(0)
    disk.go_on.clear()
    disk.reading.clear()
    lane.wake(ahead=True)
    async with asyncio.timeout(SOON):
        await disk.reading.wait()
    disk.rows["failed meanwhile"] = message("failed meanwhile", next_at=time.time() + 600)
    lane.wake(ahead=True)
    disk.go_on.set()
    async with asyncio.timeout(SOON):
        assert await done.get() == "failed meanwhile"
    await lane.stop()


async def test_a_sender_that_goes_away_leaves_its_message_to_be_sent_at_once(
    tmp_path: Path,
) -> None:
    sms = FakeConnection("sms", window=1)
    async with messages_on(tmp_path, [sms]) as messages:
        await messages.send(Outgoing(text="0", to_address="+361"))
        await sms.until_sent(1)
        written = asyncio.Event()
        write = messages._disk.write

        def watched(*changes: Change) -> asyncio.Future[None]:
            written.set()
            return write(*changes)

        messages._disk.write = watched  # type: ignore[method-assign]
        for number in range(1, 6):
            written.clear()
            sender = asyncio.create_task(
                messages.send(Outgoing(text=f"{number}", to_address="+361"))
            )
            await written.wait()
            sender.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sender
        async with asyncio.timeout(SOON):
            await sms.until_sent(6)
        assert [sent.text for sent in sms.sent] == list("012345")
        assert messages.accepted == 6


async def test_who_brings_a_message_hears_of_its_delivery_however_soon_that_is(
    tmp_path: Path,
) -> None:
    """What is sent has the origin that its bringer knows before it hands the message over."""
    heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    awaited = {"phone:1": heard}

    def answer(message: TextMessage) -> Sent:
        awaited[message.origin or ""].set_result(None)
        return Sent()

    sms = FakeConnection("sms")
    sms.answers = answer
    async with messages_on(tmp_path, [sms], Rule(("sms",))) as messages:
        arrival = Arrival(connection="sip", text="x", to_address="+361", origin="phone:1")
        bringing = asyncio.ensure_future(messages.arrived(arrival))
        async with asyncio.timeout(SOON):
            await heard
        assert (await bringing).origin == "phone:1"


async def test_a_report_whose_bringer_goes_away_is_told_of_at_once(tmp_path: Path) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()

    async def tell(notice: object) -> None:
        told.put_nowait(getattr(notice, "name", ""))

    sms = FakeConnection("sms")
    sms.answers = lambda message: Sent(("n1",))
    async with messages_on(tmp_path, [sms], tell=tell) as messages:
        identity = await messages.send(
            Outgoing(text="x", to_address="+361", report_url="http://app.example/")
        )
        await state_of(messages, identity, "sent")
        written = asyncio.Event()
        write = messages._disk.write

        def watched(*changes: Change) -> asyncio.Future[None]:
            written.set()
            return write(*changes)

        messages._disk.write = watched  # type: ignore[method-assign]
        bringer = asyncio.create_task(messages.reported("sms", Receipt("n1", "delivered")))
        await written.wait()
        bringer.cancel()
        async with asyncio.timeout(SOON):
            assert await told.get() == "SMSDeliveryReport"


async def test_a_phone_that_registers_while_the_disk_refuses_gets_what_waits(
    tmp_path: Path,
) -> None:
    sip = FakeConnection("sip", "sip")
    sip.raises = [Later("away", seconds=3600)] * 2
    kinds = {"1001": PHONE}
    async with messages_on(tmp_path, [sip], kind_of=kinds.get) as messages:
        await messages.send(Outgoing(text="a", to_address="1001"))
        await until(lambda: len(sip.raises) == 1 and not messages.lanes["sip"].held)
        await messages.send(Outgoing(text="b", to_address="1001"))
        await until(lambda: not sip.raises and not messages.lanes["sip"].held)
        write, refusals = messages._disk.write, [0]

        def refusing(*changes: Change) -> asyncio.Future[None]:
            if changes[0].kind.name == "messages of a recipient":
                refusals[0] += 1
                raise StoreError("database is locked")
            return write(*changes)

        messages._disk.write = refusing  # type: ignore[method-assign]
        messages.wake("sip", "1001")
        async with asyncio.timeout(SOON):
            await sip.until_sent(2)
        assert refusals == [1]


async def test_a_message_is_not_lost_with_a_script_that_ends_as_it_comes(tmp_path: Path) -> None:
    async with messages_on(tmp_path, [FakeConnection("sms")]) as messages:
        first = asyncio.create_task(messages.wait_for("sms", None, 60))
        second = asyncio.create_task(messages.wait_for("sms", None, 60))
        await asyncio.sleep(0)
        assert messages.waiting.arrived(message("m", from_connection="sms", text="hello"))
        first.cancel()
        async with asyncio.timeout(SOON):
            assert await second == "hello"
        assert first.cancelled()


async def test_who_asks_first_for_a_part_does_not_end_the_search_of_others() -> None:
    class Disk:
        """Finds every part, after a while."""

        def __init__(self) -> None:
            self.asked = asyncio.Event()
            self.go_on = asyncio.Event()

        async def find_parts(
            self, connection: str, network_ids: object
        ) -> dict[str, tuple[MessagePart, TextMessage]]:
            self.asked.set()
            await self.go_on.wait()
            part = MessagePart(
                connection=connection,
                network_id="n1",
                message_id="m",
                part=1,
                parts=1,
                state="sent",
                sent_at=0.0,
            )
            return {"n1": (part, message("m"))}

        async def parts_of(self, message_id: str) -> list[MessagePart]:
            raise AssertionError(message_id)

    disk = Disk()
    receipts = Receipts(disk, time.time)
    first = asyncio.create_task(receipts.settle("sms", Receipt("n1", "failed")))
    await disk.asked.wait()
    second = asyncio.create_task(receipts.settle("sms", Receipt("n1", "failed")))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    disk.go_on.set()
    async with asyncio.timeout(SOON):
        assert (await second).changes
