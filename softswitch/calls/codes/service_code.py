"""What a code is, and how the switch answers it: it says what it has done, and hangs up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.endings.endings import CallEnds, EndedBy, by_command
from softswitch.calls.setup.answering import Answering

log = structlog.get_logger("softswitch.codes")

Serve = Callable[[Answering, Call, str], Awaitable[None]]
"""Answers a call to a code, does what it stands for, and ends by raising CallEnds. The text is what
was dialled in place of the words in braces, joined by `*`: `1002`, `1002*20`; empty without any."""

REFUSED_SECONDS = 2.0
"How long who cannot hear the sentence hears the tone for a refusal."


@dataclass(frozen=True, slots=True)
class ServiceCode:
    """Something that an extension does by dialling a code."""

    name: str
    "Its key in `[codes]` of the settings, which says what is dialled for it."
    serve: Serve


async def say(answering: Answering, call: Call, *sentences: str) -> NoReturn:
    """Answer the call, say the sentences, and hang up; a confirming beep where no voice does.

    Raises CallEnds.
    """
    call.tell("said", dialled=call.dialled, sentence=" ".join(sentences))
    await _tell(answering, call, sentences, is_refusal=False)


async def refuse(answering: Answering, call: Call, sentence: str) -> NoReturn:
    """Answer the call, say why nothing was done, and hang up; a tone where no voice speaks it.

    Raises CallEnds.
    """
    log.info("code refused", call=call.id, dialled=call.dialled, reason=sentence)
    call.tell("not done", dialled=call.dialled, reason=str(sentence))
    await _tell(answering, call, (sentence,), is_refusal=True)


async def _tell(
    answering: Answering, call: Call, sentences: Sequence[str], *, is_refusal: bool
) -> NoReturn:
    await answering.answer(call)

    async def speak(call: Call) -> bool:
        port = call.caller.audio.port
        if port is None:
            return False
        playing = [port.say(sentence) for sentence in sentences if sentence]
        played = [await each.done for each in playing]
        if any(each.why == "error" for each in played):
            tone = (
                port.play_tone("congestion", longest=REFUSED_SECONDS) if is_refusal else port.beep()
            )
            await tone.done
        return False

    await answering.attend(call, speak)
    raise CallEnds(by_command(EndedBy.SYSTEM, "said", answered=True))


def spelled(number: str) -> str:
    """A number for a voice: digit by digit."""
    words = {"+": "plus", "*": "star", "#": "hash"}
    return " ".join(words.get(key, key) for key in number)
