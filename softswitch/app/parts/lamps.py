"""Presence and lamps, from the settings: the subscriptions and the packages that they are to."""

from __future__ import annotations

from functools import partial

from softswitch.app.parts.foundation import Foundation
from softswitch.app.parts.signalling import Signalling
from softswitch.calls.call_control import CallControl
from softswitch.calls.lamps.conference_info import ConferencePackage
from softswitch.calls.lamps.dialog_package import DialogPackage
from softswitch.calls.lamps.dialogs import FollowedCalls
from softswitch.calls.lamps.lamps import Lamps
from softswitch.calls.lamps.lists.list_package import ListPackage
from softswitch.calls.lamps.message_summary import NAME as MESSAGES
from softswitch.calls.lamps.message_summary import Mailboxes, MessageSummaryPackage
from softswitch.calls.lamps.presence import NAME as PRESENCE
from softswitch.calls.lamps.presence import PresencePackage
from softswitch.calls.lamps.registration_info import RegistrationPackage
from softswitch.calls.lamps.unsolicited import UnsolicitedSummaries
from softswitch.settings.load import Settings


def build_lamps(
    settings: Settings,
    foundation: Foundation,
    signalling: Signalling,
    control: CallControl,
    mailboxes: Mailboxes,
) -> Lamps:
    """The subscriptions of phones, none yet; `mailboxes` count the messages of extensions."""
    terms, plan, driver = settings.lamps, control.plan, signalling.driver
    domain, directory = settings.sip.domain, control.plan.directory
    calls = FollowedCalls(control.calls)
    presence = PresencePackage(
        calls, plan, domain, terms, tokens=foundation.entropy.token, now=driver.now
    )
    registrations = RegistrationPackage(plan, domain)
    dialogs = DialogPackage(calls, directory, domain, show_callers=terms.show_callers)
    lamps = Lamps(
        stack=driver,
        plan=plan,
        packages=[
            dialogs,
            presence,
            MessageSummaryPackage(mailboxes, directory, domain),
            ConferencePackage(control.rooms, directory, domain),
            registrations,
        ],
        terms=terms,
        lists=ListPackage(dialogs, directory, domain, settings.lamp_lists),
        desks={PRESENCE: presence},
    )
    signalling.registrations.listeners += [presence.changed, registrations.changed]
    plan.features.listeners.append(presence.changed)
    if terms.unsolicited:
        summaries = UnsolicitedSummaries(
            driver,
            signalling.registrations,
            mailboxes,
            domain,
            partial(lamps.watches_itself, MESSAGES),
        )
        lamps.listeners[MESSAGES] = summaries.look
        signalling.registrations.listeners.append(summaries.look)
    return lamps
