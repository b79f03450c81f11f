"""The `[[extensions]]` of the settings file, one file a kind; `type` says which kind an entry is.

    base        what every extension has: a number or a block of numbers, a name
    phone       registers and calls
    provisioned what the file says that a phone configures itself with
    group       rings other extensions
    queue       lets callers wait for an agent
    echo        plays back what it receives
    conference  lets its callers talk to each other
    api         hands its calls to a web application
    schedule    leads elsewhere by day than by night
    ivr         runs a script
    paging      lets its caller speak to many phones
    parking     lets calls wait until somebody dials the number of their lot
    voicemail   takes messages, and plays them

What a kind does is in the file of the same name in `softswitch/calls/kinds/`, whose docstring says
how to add one.
"""

from __future__ import annotations

from softswitch.settings.extensions.api import ApiExtension
from softswitch.settings.extensions.conference import ConferenceExtension
from softswitch.settings.extensions.echo import EchoExtension
from softswitch.settings.extensions.group import GroupExtension
from softswitch.settings.extensions.ivr import IvrExtension
from softswitch.settings.extensions.paging import PagingExtension
from softswitch.settings.extensions.parking import ParkingExtension
from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.settings.extensions.queue import QueueExtension
from softswitch.settings.extensions.schedule import ScheduleExtension
from softswitch.settings.extensions.voicemail import VoicemailExtension

AnyExtension = (
    PhoneExtension
    | ApiExtension
    | IvrExtension
    | EchoExtension
    | GroupExtension
    | ConferenceExtension
    | ScheduleExtension
    | QueueExtension
    | ParkingExtension
    | PagingExtension
    | VoicemailExtension
)
"All models of extensions, in the order in which mistakes list their types."
