"""Takes codes, prompts, and the calendars that somebody has opened or closed by hand."""

from __future__ import annotations

from functools import partial

from softswitch.app.exchange.prompts import prompt_files, prompt_sounds, sentence_sounds
from softswitch.app.takers.differences import difference, nothing
from softswitch.calls.codes.dialled_codes import DialledCodes
from softswitch.calls.numbers.openings import Openings
from softswitch.calls.ports.prompts import Prompts
from softswitch.calls.prompts.folder import PromptFolder
from softswitch.live.live_settings import Take
from softswitch.live.snapshot import Snapshot

CODES_TABLE = "codes"


def take_codes(codes: DialledCodes, before: Snapshot, after: Snapshot) -> Take:
    """Codes are dialled as the new settings say."""
    wanted = after.settings.codes
    return nothing if before.settings.codes == wanted else partial(codes.settle, wanted)


def take_prompts(prompts: Prompts, folder: PromptFolder, before: Snapshot, after: Snapshot) -> Take:
    """Whatever is played from now on by the name of a prompt is what the new settings say."""
    has_new = bool(difference(before.settings.prompts, after.settings.prompts))
    if not has_new and before.settings.sentences == after.settings.sentences:
        return nothing
    sounds, sentences = prompt_sounds(after.settings), sentence_sounds(after.settings)
    old, new = prompt_files(before.settings), prompt_files(after.settings)

    def take() -> None:
        prompts.exchange(sounds, sentences)
        folder.follow(new, old)

    return take


def take_openings(openings: Openings, before: Snapshot, after: Snapshot) -> Take:
    """Calendars that are gone are opened and closed by nobody's hand any more."""
    there = {calendar.name for calendar in after.settings.calendars}
    gone = [each.name for each in before.settings.calendars if each.name not in there]
    return partial(openings.forget, gone) if gone else nothing
