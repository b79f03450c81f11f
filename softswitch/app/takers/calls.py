"""Takes what holds for every call: times and bounds, sounds, announcements, codes in a call.

Calls that are up keep what they were set up with.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from softswitch.app.parts.calls import announcement_terms, call_terms, countries_of
from softswitch.app.parts.emergencies import EmergencyTeller
from softswitch.app.takers.differences import nothing
from softswitch.calls.call_codes.call_codes import CallCodes
from softswitch.calls.call_control import CallControl
from softswitch.calls.setup.announcing import Announcements
from softswitch.calls.voicemail.mailboxes import AllMailboxes
from softswitch.live.live_settings import Take
from softswitch.live.snapshot import Snapshot
from softswitch.settings.exchange.voicemail import VoicemailSettings

TERMS = (
    "limits.calls",
    "limits.legs_per_call",
    "media.country",
    "media.error_prompt",
    "media.hold_music",
    "media.hold_timeout",
    "media.sdes_without_tls",
    "media.srtp",
    "media.timeout",
    "sip.ring_time",
)
"The keys of the settings that terms of calls are made from."
VOICEMAIL = tuple(f"voicemail.{key}" for key in VoicemailSettings.model_fields if key != "folder")
CALL_KEYS = (
    *TERMS,
    *VOICEMAIL,
    "announcements",
    "call_codes",
    "notifications.emergency",
    "sentences",
)
"The tables and keys that these takers take, and `take_prompts` with the sentences."


def take_call_terms(control: CallControl, before: Snapshot, after: Snapshot) -> Take:
    """New calls have the terms of the new settings; the domain stays."""
    if all(_value(before, key) == _value(after, key) for key in TERMS):
        return nothing
    plan, calls = control.plan, control.calls
    settings = after.settings
    terms = call_terms(settings, countries_of(settings, plan.directory, plan.trunks))
    terms = replace(terms, domain=calls.terms.domain)

    def take() -> None:
        calls.terms = terms

    return take


def take_announcements(announcements: Announcements, before: Snapshot, after: Snapshot) -> Take:
    """Callers hear the announcements of the new settings."""
    if before.settings.announcements == after.settings.announcements:
        return nothing
    terms = announcement_terms(after.settings)

    def take() -> None:
        announcements.terms = terms

    return take


def take_call_codes(codes: CallCodes, before: Snapshot, after: Snapshot) -> Take:
    """Parties that begin to talk press the codes of the new settings."""
    wanted = after.settings.call_codes
    return nothing if before.settings.call_codes == wanted else partial(codes.settle, wanted)


def take_voicemail(mailboxes: AllMailboxes, before: Snapshot, after: Snapshot) -> Take:
    """Messages are taken and mailed, and mailboxes speak, as the new settings say."""
    old, new = before.settings.voicemail, after.settings.voicemail
    stays = new.model_copy(update={"folder": old.folder})
    return nothing if old == stays else partial(mailboxes.settle, new)


def take_teller(teller: EmergencyTeller, before: Snapshot, after: Snapshot) -> Take:
    """The application of the new settings hears of emergency calls."""
    url = after.settings.notifications.emergency
    if before.settings.notifications.emergency == url:
        return nothing

    def take() -> None:
        teller.url = url

    return take


def _value(snapshot: Snapshot, key: str) -> object:
    table, _, name = key.partition(".")
    return getattr(getattr(snapshot.settings, table), name)
