"""Takes codes, and forgets what was chosen for extensions that are gone: a number that is given to
somebody else begins with what the settings say."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial

from softswitch.app.exchange.prompts import prompt_files, prompt_sounds
from softswitch.app.takers.differences import difference, nothing, phones_gone
from softswitch.calls.agents import Agents
from softswitch.calls.codes.dialled_codes import DialledCodes
from softswitch.calls.ports.prompts import Prompts
from softswitch.calls.prompts.folder import PromptFolder
from softswitch.calls.setup.wishes import Wishes
from softswitch.calls.voicemail.mailboxes import AllMailboxes
from softswitch.http.provisioning.phone_urls import PhoneUrls
from softswitch.live.live_settings import Take
from softswitch.live.snapshot import Snapshot

CODES_TABLE = "codes"


def take_codes(codes: DialledCodes, before: Snapshot, after: Snapshot) -> Take:
    """Codes are dialled as the new settings say."""
    wanted = after.settings.codes
    return nothing if before.settings.codes == wanted else partial(codes.settle, wanted)


def take_features(wishes: Wishes, before: Snapshot, after: Snapshot) -> Take:
    """Extensions that are gone leave no features behind."""
    gone = phones_gone(before, after)
    if not gone:
        return nothing

    def take() -> Awaitable[None]:
        for number in gone:
            wishes.recent.forget(number)
            wishes.callbacks.drop(number)
        return wishes.plan.features.forget(gone)

    return take


def take_phone_urls(urls: PhoneUrls, before: Snapshot, after: Snapshot) -> Take:
    """The URL of an extension that is gone tells nobody the password of the next one."""
    gone = phones_gone(before, after)
    return partial(urls.forget, gone) if gone else nothing


def take_agents(agents: Agents, before: Snapshot, after: Snapshot) -> Take:
    """Extensions that are gone are agents of no queue."""
    gone = phones_gone(before, after)
    return partial(agents.forget, gone) if gone else nothing


def take_prompts(prompts: Prompts, folder: PromptFolder, before: Snapshot, after: Snapshot) -> Take:
    """Whatever is played from now on by the name of a prompt is what the new settings say."""
    if not difference(before.settings.prompts, after.settings.prompts):
        return nothing
    sounds = prompt_sounds(after.settings)
    unnamed = prompt_files(before.settings) - prompt_files(after.settings)

    def take() -> None:
        prompts.exchange(sounds)
        folder.drop_later(unnamed)

    return take


def take_mailboxes(mailboxes: AllMailboxes, before: Snapshot, after: Snapshot) -> Take:
    """Who has had a number cannot open the mailbox of the next one who gets it."""
    gone = phones_gone(before, after)
    return partial(mailboxes.forget, gone) if gone else nothing
