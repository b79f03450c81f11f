"""Callers who do not want to be shown: the callee sees nobody, the record knows who it was."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from softswitch.guard.authentication import Admitted
from softswitch.sip.events import Failed
from softswitch.sip.message.address import parse_address
from tests.calls.numbers.test_trunks import IN as ROUTES_IN
from tests.calls.numbers.test_trunks import Stage, calls_in, trunk
from tests.calls.scene import Scene, expect
from tests.calls.virtual_time import run

NOBODY = '"Anonymous" <sip:anonymous@anonymous.invalid>'


class KnowsTheSender:
    """Admits every INVITE as that of extension 1000, as right credentials would."""

    def check(self, *_: object) -> Admitted:
        return Admitted("1000")


@pytest.mark.parametrize(
    ("sender", "privacy"),
    [
        (NOBODY, None),
        ("<sip:1000@example.com>", "id"),
        ("<sip:1000@example.com>", "user; critical"),
    ],
)
def test_a_phone_hides_its_number(sender: str, privacy: str | None) -> None:
    async def story() -> None:
        scene = Scene()
        scene.switch._gate = KnowsTheSender()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        headers = [("Privacy", privacy)] if privacy else []
        a = alice.dial("1001", headers=headers, from_=parse_address(sender))
        b = await bob.rings()
        assert str(b.request.from_).startswith(NOBODY)
        assert b.request.headers.get("Privacy") == "id"
        assert "1000" not in b.request.to_bytes().decode()
        b.reject(486)
        assert (await expect(a, Failed)).status == 486
        await scene.settle()
        assert scene.record["caller_id"] == "1000"

    run(story())


def test_privacy_none_hides_nothing() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001", headers=[("Privacy", "none")])
        b = await bob.rings()
        assert str(b.request.from_.uri) == "sip:1000@example.com"
        assert b.request.headers.get("Privacy") is None
        b.reject(486)
        await expect(a, Failed)
        await scene.settle()

    run(story())


def test_a_trunk_is_told_who_it_is_and_not_to_show_it() -> None:
    async def story() -> None:
        stage = Stage(trunk(caller_number="+4930*", trusted=True))
        a = stage.alice.dial("030123", headers=[("Privacy", "id")])
        c = await stage.carrier.rings()
        assert str(c.request.from_).startswith(NOBODY)
        assert c.request.headers.get("Privacy") == "id"
        asserted = c.request.headers.get("P-Asserted-Identity")
        assert asserted == '"Desk 1000" <sip:+49301000@carrier.example>'
        c.reject(486)
        await expect(a, Failed)
        await stage.scene.settle()

    run(story())


def test_another_trunk_is_told_nothing() -> None:
    async def story() -> None:
        stage = Stage(trunk(caller_number="+4930*"))
        a = stage.alice.dial("030123", headers=[("Privacy", "id")])
        c = await stage.carrier.rings()
        assert str(c.request.from_).startswith(NOBODY)
        assert "1000" not in c.request.to_bytes().decode()
        c.reject(486)
        await expect(a, Failed)
        await stage.scene.settle()

    run(story())


@pytest.mark.parametrize(("trusted", "recorded"), [(True, "+491517"), (False, "anonymous")])
def test_nobody_from_outside_is_recorded_as_whom_a_trusted_trunk_asserts(
    trusted: bool, recorded: str
) -> None:
    async def story() -> None:
        line = trunk(networks=(ip_network("10.0.0.2/32"),), trusted=trusted)
        stage = Stage(line, routes=ROUTES_IN)
        bob = stage.scene.phone("1001")
        headers = [("P-Asserted-Identity", "<tel:+49-151-7>"), ("Privacy", "id")]
        c = calls_in(stage, "sip:4930100@192.0.2.1", caller="anonymous", headers=headers)
        b = await bob.rings()
        assert str(b.request.from_).startswith(NOBODY)
        assert b.request.headers.get("P-Asserted-Identity") is None
        b.reject(486)
        await expect(c, Failed)
        await stage.scene.settle()
        assert stage.scene.record["caller_id"] == recorded

    run(story())
