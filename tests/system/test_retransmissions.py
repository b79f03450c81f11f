"""Requests that come twice, back to back: the second copy is a repeat and never a replay.

Over UDP a phone repeats what is not answered within half a second, and networks double datagrams.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.peer import Peer, header, peers, status
from tests.system.program import running

PHONES = """
[[extensions]]
range = "1000-1001"
type = "phone"
password = "pw{number}"
"""


async def finals_of_two_copies(peer: Peer, text: str) -> set[int]:
    """The final responses to a request whose copy with credentials leaves twice at once."""
    proven = peer.proven(text, await peer.final(text))
    peer.send(proven)
    answers = {status(await peer.final(proven))}
    peer.send(proven)  # and once more after the answer
    answers.add(status(await peer.final(proven)))
    while not peer.inbox.empty():
        answers.add(status(peer.inbox.get_nowait()))
    return answers


@pytest.mark.parametrize(("method", "expected"), [("REGISTER", 200), ("OPTIONS", 200)])
async def test_both_copies_get_the_same_answer(tmp_path: Path, method: str, expected: int) -> None:
    async with running(tmp_path, PHONES) as program, peers(program, "1000") as (anna,):
        for _ in range(5):
            assert await finals_of_two_copies(anna, anna.new(method, None)) == {expected}


async def test_a_message_that_comes_twice_is_delivered_once(tmp_path: Path) -> None:
    async with running(tmp_path, PHONES) as program, peers(program, "1000", "1001") as (anna, ben):
        for number in range(5):
            text = anna.new("MESSAGE", "1001", f"text {number}", "Content-Type: text/plain")
            proven = anna.proven(text, await anna.final(text))
            anna.send(proven)
            anna.send(proven)
            came = await ben.request("MESSAGE")
            ben.respond(came, 200)
            answer = await anna.hear(lambda said: header(said, "CSeq") == "2 MESSAGE")
            assert status(answer) == 200
            assert came.endswith(f"text {number}")
        assert anna.inbox.empty()
        assert ben.inbox.empty()
