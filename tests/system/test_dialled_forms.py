"""The ways in which phones write the number that they dial, transfer to and forward to."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.peer import Peer, peers, status, talk
from tests.system.program import Program, running

PHONES = """
[[extensions]]
range = "1000-1002"
type = "phone"
password = "pw{number}"
"""
FORMS = [
    "sip:1002@HOST;user=phone",
    "sip:1002;phone-context=127.0.0.1@HOST;user=phone",
    "sip:1002;phone-context=+49@HOST;user=phone",
    "sip:1002;npdi;rn=1999@HOST;user=phone",
    "sip:1002;isub=22@HOST",
    "sip:10-02@HOST;user=phone",
    "tel:1002;phone-context=127.0.0.1",
    "tel:10-02",
]


def written(form: str, program: Program) -> str:
    return form.replace("HOST", f"127.0.0.1:{program.sip_port}")


async def rings_and_is_refused(carl: Peer) -> None:
    invite = await carl.request("INVITE")
    carl.respond(invite, 486)
    await carl.request("ACK")


def moved(invite: str, uri: str) -> str:
    """The 302 to an INVITE, with one Contact."""
    lines = invite.partition("\r\n\r\n")[0].split("\r\n")
    kept = [line for line in lines if line.startswith(("Via:", "From:", "Call-ID:", "CSeq:"))]
    to = next(line for line in lines if line.startswith("To:"))
    more = [f"{to};tag=forwarded", f"Contact: <{uri}>", "Content-Length: 0", "", ""]
    return "\r\n".join(["SIP/2.0 302 Moved Temporarily", *kept, *more])


@pytest.mark.timeout(90)
async def test_every_form_rings_the_phone(tmp_path: Path) -> None:
    async with (
        running(tmp_path, PHONES) as program,
        peers(program, "1000", "1001", "1002") as (anna, ben, carl),
    ):
        for form in FORMS:
            uri = written(form, program)
            # in the Request-URI
            text = anna.new("INVITE", "1002", anna.sdp())
            text = text.replace(f"sip:1002@{anna.server}", uri)
            challenge = await anna.final(text)
            anna.acknowledge_refusal(text, challenge)
            proven = anna.proven(text, challenge)
            anna.send(proven)
            await rings_and_is_refused(carl)
            assert status(await anna.answer_to(proven)) == 486, form
            # in the Contact of a 302
            invite = await anna.invite("1001")
            incoming = await ben.request("INVITE")
            ben.send(moved(incoming, uri))
            await rings_and_is_refused(carl)
            assert status(await anna.answer_to(invite)) == 486, form
        # in Refer-To
        for form in FORMS:
            ours, _ = await talk(anna, ben)
            refer = ours.request("REFER", "", f"Refer-To: <{written(form, program)}>")
            assert status(await anna.ask(refer)) == 202, form
            await rings_and_is_refused(carl)
            await ours.hang_up()
            ben.respond(await ben.request("BYE"), 200)
