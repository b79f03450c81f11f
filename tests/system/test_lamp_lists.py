"""Lists of lamps of a real switch: a peer subscribes once, others call, the list changes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.calls.lamps.lists.documents import Table
from tests.system.peer import Peer, header, peers, status, talk
from tests.system.program import running

SETTINGS = """
[guard]
trusted = ["127.0.0.1/32"]
[[extensions]]
range = "1000-1019"
type = "phone"
password = "pw{number}"
[[lamp_lists]]
name = "reception"
extensions = ["1000-1019"]
"""
EVENT = ("Event: dialog", "Expires: 600")


async def told(peer: Peer, table: Table) -> str:
    """Take the next NOTIFY, and answer it; its Subscription-State."""
    notify = await peer.request("NOTIFY")
    peer.respond(notify, 200)
    assert header(notify, "Require") == "eventlist"
    _, _, body = notify.partition("\r\n\r\n")
    assert int(header(notify, "Content-Length")) == len(body.encode())
    table.take(header(notify, "Content-Type"), body.encode())
    return header(notify, "Subscription-State")


async def until(peer: Peer, table: Table, wanted: Mapping[str, str]) -> None:
    """Take NOTIFYs until these extensions do this."""
    while not wanted.items() <= table.rows.items():
        await told(peer, table)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_list_of_a_real_switch(tmp_path: Path, transport: str) -> None:
    async with (
        running(tmp_path, SETTINGS) as program,
        peers(program, "1000", "1001") as (anna, ben),
        peers(program, "1002", transport=transport) as (desk,),
    ):
        plain = await desk.ask(desk.new("SUBSCRIBE", "reception", "", *EVENT))
        assert status(plain) == 421
        assert header(plain, "Require") == "eventlist"
        lists = (*EVENT, "Supported: eventlist")
        assert status(await desk.ask(desk.new("SUBSCRIBE", "nobody", "", *lists))) == 404
        answer = await desk.ask(desk.new("SUBSCRIBE", "reception", "", *lists))
        assert status(answer) == 200
        assert header(answer, "Require") == "eventlist"
        table = Table()
        await told(desk, table)
        assert table.rows == {str(number): "idle" for number in range(1000, 1020)}
        calling, _ = await talk(anna, ben)
        await until(desk, table, {"1000": "confirmed", "1001": "confirmed"})
        await calling.hang_up()
        await until(desk, table, {"1000": "terminated", "1001": "terminated"})
        assert table.fulls[0]
        assert not any(table.fulls[1:])
        assert all(set(each) <= {"1000", "1001"} for each in table.named[1:])
        add = ("lamp_lists", "add", "other", "extensions=[1000,1005]")
        code, said = await program.terminal(*add)
        assert code == 0, said
        with pytest.raises(AssertionError, match="not heard"):  # the other list is as it was
            await desk.request("NOTIFY", seconds=0.5)
        assert status(await desk.ask(desk.new("SUBSCRIBE", "other", "", *lists))) == 200
        other = Table()
        await told(desk, other)
        assert other.rows.keys() == {"1000", "1005"}
