"""Who calls, and by which way a call has come: what phones and trunks are told on the wire.

Diversion and History-Info (RFC 5806, RFC 7044), P-Asserted-Identity, P-Preferred-Identity and
Privacy (RFC 3323, RFC 3325). The trusted carrier is at 127.0.0.2, a stranger at 127.0.0.3.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ports import free_port
from tests.system.peer import Peer, header, headers, peers, status
from tests.system.program import Program, running, until

NOBODY = '"Anonymous" <sip:anonymous@anonymous.invalid>'


def settings(carrier: int, stranger: int) -> str:
    return f"""
[guard]
trusted = ["127.0.0.0/8"]
[[extensions]]
range = "1000-1003"
type = "phone"
name = "Desk {{number}}"
password = "pw{{number}}"
identities = ["+49305550"]
[[trunks]]
name = "carrier"
host = "127.0.0.2:{carrier}"
domain = "carrier.example"
caller_number = "+4930*"
networks = ["127.0.0.2/32"]
trusted = true
keep_alive = 0
[[trunks]]
name = "stranger"
host = "127.0.0.3:{stranger}"
domain = "stranger.example"
caller_number = "+4930*"
networks = ["127.0.0.3/32"]
diversions = false
keep_alive = 0
[[routes]]
number = "0*"
to = "trunk:carrier"
[[routes]]
number = "9*"
to = "trunk:stranger"
[[routes]]
number = "4930*"
to = "extension:*"
strip = 4
"""


@dataclass
class Stage:
    """Three phones and two trunks."""

    program: Program
    anna: Peer
    ben: Peer
    carl: Peer
    carrier: Peer
    stranger: Peer

    async def reaches(self, number: str, there: Peer, *more: str) -> str:
        """Let anna call a number; the INVITE that comes there, which is refused."""
        invite = await self.anna.invite(number, None, *more)
        said = await there.request("INVITE")
        await self.refuses(there, said, self.anna, invite)
        return said

    async def brought(self, line: Peer, caller: str, *more: str) -> str:
        """Let a trunk bring a call for anna; the INVITE that she gets, and refuses."""
        text = line.new("INVITE", "49301000", line.sdp(), *more)
        text = text.replace(f"From: <sip:{line.number}@", f"From: <sip:{caller}@")
        line.send(text)
        said = await self.anna.request("INVITE")
        await self.refuses(self.anna, said, line, text)
        return said

    async def refuses(self, callee: Peer, said: str, caller: Peer, invite: str) -> None:
        """End a call that is not answered."""
        callee.respond(said, 486)
        await callee.request("ACK")
        assert status(await caller.answer_to(invite)) == 486

    async def call_id(self) -> str:
        """The API's name of the only call."""
        (call,) = (await self.program.command("ListActiveCalls"))["ActiveCalls"]  # type: ignore[misc]
        return str(call["CallId"])


@asynccontextmanager
async def staged(directory: Path) -> AsyncIterator[Stage]:
    """Everybody at their places."""
    carrier, stranger = free_port(), free_port()
    async with (
        running(directory, settings(carrier, stranger)) as program,
        peers(program, "1000", "1001", "1002") as (anna, ben, carl),
    ):
        lines = [
            Peer("carrier", program, host="127.0.0.2", port=carrier, server_host="127.0.0.1"),
            Peer("stranger", program, host="127.0.0.3", port=stranger, server_host="127.0.0.1"),
        ]
        try:
            for line in lines:
                await line.open()
            yield Stage(program, anna, ben, carl, *lines)
        finally:
            for line in lines:
                line.close()


def way(invite: str) -> tuple[list[str], list[str]]:
    """Diversion and History-Info of an INVITE."""
    return headers(invite, "Diversion"), headers(invite, "History-Info")


async def test_a_phone_hears_by_which_way_a_call_has_come(tmp_path: Path) -> None:
    async with staged(tmp_path) as on:
        invite = await on.anna.invite("1001")
        first = await on.ben.request("INVITE")
        assert way(first) == ([], [])
        here = f"sip:1002@127.0.0.1:{on.program.sip_port}"
        given = "Diversion: <sip:911@evil.example>;reason=time-of-day"
        text = on.ben.contact
        on.ben.send(
            "\r\n".join(
                (
                    "SIP/2.0 302 Moved Temporarily",
                    f"Via: {header(first, 'Via')}",
                    f"From: {header(first, 'From')}",
                    f"To: {header(first, 'To')};tag=b",
                    f"Call-ID: {header(first, 'Call-ID')}",
                    f"CSeq: {header(first, 'CSeq')}",
                    f"Contact: <{here}>",
                    given,
                    "Content-Length: 0",
                    "",
                    "",
                )
            )
        )
        await on.ben.request("ACK")
        second = await on.carl.request("INVITE")
        # its reason counts, its number does not
        diversion = "<sip:1001@127.0.0.1>;reason=time-of-day;counter=1"
        target = text.partition("<")[2].partition(">")[0].replace("1001", "1002")
        target = target.replace(str(on.ben.port), str(on.carl.port))
        assert way(second) == (
            [diversion],
            [
                "<sip:1001@127.0.0.1?Reason=SIP%3Bcause%3D302>;index=1",
                f"<{target}>;index=1.1;mp=1",
            ],
        )
        await on.refuses(on.carl, second, on.anna, invite)


async def test_a_trunk_hears_it_of_calls_that_a_command_sends_out(tmp_path: Path) -> None:
    async with staged(tmp_path) as on:
        for number, line in (("030123", on.carrier), ("930123", on.stranger)):
            invite = await on.anna.invite("1001")
            first = await on.ben.request("INVITE")
            on.ben.respond(first, 180)
            await on.anna.hear(lambda said: status(said) == 180)
            done = await on.program.command(
                "ForwardCall", CallId=await on.call_id(), Destination=number
            )
            assert done["Code"] == 200, done
            on.ben.respond(await on.ben.request("CANCEL"), 200)
            on.ben.respond(first, 487)
            said = await line.request("INVITE")
            diversion, history = way(said)
            if line is on.carrier:
                assert diversion == ["<sip:1001@127.0.0.1>;reason=deflection;counter=1"]
                assert history == [
                    "<sip:1001@127.0.0.1?Reason=SIP%3Bcause%3D302>;index=1",
                    "<sip:030123@carrier.example>;index=1.1;mp=1",
                ]
            else:
                assert (diversion, history) == ([], [])
            await on.refuses(line, said, on.anna, invite)


async def test_the_way_that_a_trusted_trunk_tells_goes_on_to_the_phone(tmp_path: Path) -> None:
    async with staged(tmp_path) as on:
        told = "Diversion: <tel:+4940222>;reason=user-busy, <tel:+4940111>;reason=away"
        said = await on.brought(on.carrier, "+4989777", told)
        assert way(said)[0] == [
            "<tel:+4940222>;reason=user-busy;counter=1",
            "<tel:+4940111>;reason=away;counter=1",
        ]
        said = await on.brought(on.stranger, "+4989777", told)
        assert way(said) == ([], [])


async def test_trunks_are_told_who_calls_as_far_as_they_are_trusted(tmp_path: Path) -> None:
    forged = "P-Asserted-Identity: <sip:911@carrier.example>"
    async with staged(tmp_path) as on:
        said = await on.reaches("030123", on.carrier, forged)
        known = '"Desk 1000" <sip:+49301000@carrier.example>'
        assert header(said, "From").startswith(f"{known};tag=")
        assert headers(said, "P-Asserted-Identity") == [known]
        assert header(said, "Privacy") == ""

        said = await on.reaches("030123", on.carrier, forged, "Privacy: id")
        assert header(said, "From").startswith(NOBODY)
        assert headers(said, "P-Asserted-Identity") == [known]
        assert header(said, "Privacy") == "id"

        said = await on.reaches("930123", on.stranger, forged)
        assert header(said, "From").startswith('"Desk 1000" <sip:+49301000@stranger.example>')
        assert "P-Asserted-Identity" not in said

        said = await on.reaches("930123", on.stranger, forged, "Privacy: id")
        assert header(said, "From").startswith(NOBODY)
        assert header(said, "Privacy") == "id"
        assert "P-Asserted-Identity" not in said
        assert "1000" not in said.partition("\r\n\r\n")[0]


async def test_a_phone_prefers_one_of_its_own_numbers_and_no_other(tmp_path: Path) -> None:
    async with staged(tmp_path) as on:
        for preferred, shown in (("+49305550", "+49305550"), ("911", "+49301000")):
            wish = f"P-Preferred-Identity: <sip:{preferred}@127.0.0.1>"
            said = await on.reaches("030123", on.carrier, wish)
            known = f'"Desk 1000" <sip:{shown}@carrier.example>'
            assert header(said, "From").startswith(f"{known};tag=")
            assert headers(said, "P-Asserted-Identity") == [known]
            assert "P-Preferred-Identity" not in said
            said = await on.reaches("1001", on.ben, wish)
            assert "P-Preferred-Identity" not in said
            assert "P-Asserted-Identity" not in said


async def test_the_word_of_a_trusted_trunk_about_its_caller_counts(tmp_path: Path) -> None:
    asserted = 'P-Asserted-Identity: "Zoe" <sip:+4989777@carrier.example>'
    async with staged(tmp_path) as on:
        said = await on.brought(on.carrier, "4711", asserted)
        assert header(said, "From").startswith('"Zoe" <sip:+4989777@127.0.0.1>')
        said = await on.brought(on.carrier, "anonymous", asserted, "Privacy: id")
        assert header(said, "From").startswith(NOBODY)
        assert "4989777" not in said
        assert "P-Asserted-Identity" not in said
        said = await on.brought(on.stranger, "4711", asserted)
        assert header(said, "From").startswith("<sip:4711@127.0.0.1>")
        assert "4989777" not in said
        await until(lambda: sum(call["end_time"] is not None for call in on.program.calls()) == 3)
        callers = [call["caller_id"] for call in on.program.calls()]
        assert callers == ["+4989777", "+4989777", "4711"]
