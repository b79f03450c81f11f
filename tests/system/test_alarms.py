"""Contact ID between two switches: a panel of ours reports, a receiving centre of ours stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ports import free_port, media_ports
from tests.postgresql import execute
from tests.system.application import application
from tests.system.program import Program, running, until

CENTRE = """
[[extensions]]
number = "700"
type = "ivr"
script = "{script}"
[[trunks]]
name = "panel"
host = "127.0.0.1:{panel}"
networks = ["127.0.0.1/32"]
[[routes]]
number = "700"
to = "extension:700"
"""
PANEL = """
[notifications]
error = "{error}"
[[extensions]]
number = "9994"
type = "api"
url = "{error}"
[[trunks]]
name = "centre"
host = "127.0.0.1:{centre}"
[[routes]]
number = "7??"
to = "trunk:centre"
"""


def stored(program: Program) -> list[tuple[object, ...]]:
    columns = "account, qualifier, code, name, partition, zone"
    return execute(program.database_url, f"SELECT {columns} FROM alarms")


@pytest.mark.timeout(90)
async def test_a_report_is_stored_acknowledged_and_confirmed(tmp_path: Path) -> None:
    script = tmp_path / "centre.xml"
    script.write_text("<Response><ReceiveAlarmNotification/></Response>")
    panel_port, centre_port = free_port(), free_port()
    for name in ("centre", "panel"):
        (tmp_path / name).mkdir()
    async with (
        application() as app,
        running(
            tmp_path / "centre",
            CENTRE.format(script=script, panel=panel_port),
            sip_port=centre_port,
            media_ports=media_ports(0, 2),
        ) as centre,
        running(
            tmp_path / "panel",
            PANEL.format(centre=centre_port, error=app.url("/error")),
            sip_port=panel_port,
            media_ports=media_ports(1, 2),
        ) as panel,
    ):
        answer = await panel.command(
            "SendAlarmNotification",
            PhoneNumber="700",
            ApiExtension="9994",
            AccountNumber="1234",
            EventCode="131",
            PartitionNumber="1",
            ZoneNumber="15",
            ResultUrl=app.url("/result"),
        )
        assert answer["Code"] == 200, answer
        await until(lambda: bool(stored(centre)), 30)
        assert stored(centre) == [("1234", "NewEvent", "131", "Perimeter", "01", "015")]
        form = await app.posted_to("/result", 30)
        assert form["Result"] == "Success"
        assert form["AccountNumber"] == "1234"
        assert form["EventCode"] == "131"
