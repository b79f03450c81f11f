"""The steps of a call in words: what `Call.tell` notes, as a person reads it."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any

SENTENCES: Mapping[str, tuple[str, ...]] = {
    "rang": ("{number} was called through {trunk}", "{number} was rung"),
    "refused": ("{number} refused: {status} {reason}", "{number} refused: {status}"),
    "answered": ("{number} answered through {trunk}", "{number} answered"),
    "emergency": (
        "emergency call to {number}, the caller is at {location}",
        "emergency call to {number}",
    ),
    "forwarded": ("{number} forwarded the call to {to}",),
    "voicemail": ("the call came to the mailbox of {number}",),
    "mailbox": ("the mailbox of {number} was opened",),
    "held": ("the call was held",),
    "resumed": ("the call was resumed",),
    "transferred": ("{by} transferred {number} to {to}", "{by} transferred the call to {to}"),
    "transfer failed": ("{by} could not transfer the call to {to}: {reason}",),
    "joined": ("{by} joined {number} and {to}",),
    "went on": ("{number} went on in the call to {to}", "{number} went on in another call"),
    "taken over": ("{by} took the call over with another phone",),
    "queued": ("the caller waited in {number}",),
    "picked up": ("{by} picked up the call for {number}", "{by} picked up the call"),
    "paged": ("{count} phones of {number} were called to listen",),
    "recorded": ("{by} began to record the call",),
    "recorded no more": ("{by} recorded the call no more",),
    "listened to": ("{by} listened to {number}",),
    "whispered to": ("{by} listened, and was heard by {number} alone",),
    "barged in on": ("{by} talked to both, as a supervisor of {number}",),
    "muted": ("nobody heard {number} from now on",),
    "unmuted": ("{number} was heard again",),
    "invited": ("{by} invited {number}, and the three talked",),
    "invitation failed": ("{by} could not invite {to}: {reason}",),
    "given back": ("the call went from {lot} back to {to}",),
    "not paged": ("{number} was not called to listen: {reason}",),
    "said": ("{dialled} was dialled: “{sentence}”",),
    "not done": ("{dialled} was dialled in vain: “{reason}”",),
    "wrong number": ("{number} leads nowhere: {reason}", "{number} leads nowhere"),
    "gave up": ("the caller hung up after waiting {waited} s in {queue}",),
    "retrieved": ("{by} retrieved the call from {lot}",),
    "parked": ("{by} parked the call in {lot}", "the call was parked in {lot}"),
}
"By what has happened: sentences from the one with most facts to the one with fewest."


def sentence(what: str, facts: Mapping[str, Any]) -> str:
    """A step in words; one that has no sentence is told by its facts."""
    for template in SENTENCES.get(what, ()):
        named = {name for _, name, _, _ in Formatter().parse(template) if name}
        if named <= facts.keys():
            return template.format_map(facts)
    told = ", ".join(f"{name} {fact}" for name, fact in facts.items())
    return f"{what}: {told}" if told else what
