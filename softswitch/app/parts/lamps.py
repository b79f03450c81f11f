"""Presence and lamps, from the settings: the subscriptions and the packages that they are to."""

from __future__ import annotations

from softswitch.app.parts.signalling import Signalling
from softswitch.calls.call_control import CallControl
from softswitch.calls.lamps.dialogs import DialogPackage
from softswitch.calls.lamps.lamps import Lamps
from softswitch.settings.load import Settings


def build_lamps(settings: Settings, signalling: Signalling, control: CallControl) -> Lamps:
    """The subscriptions of phones, none yet."""
    terms, plan = settings.lamps, control.plan
    dialogs = DialogPackage(
        control.calls, plan.directory, settings.sip.domain, show_callers=terms.show_callers
    )
    return Lamps(stack=signalling.driver, plan=plan, packages=[dialogs], terms=terms)
