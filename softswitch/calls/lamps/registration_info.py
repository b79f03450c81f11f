"""The package `reg`: the phones that have registered with an extension (RFC 3680).

Each document is full. How long a phone stays registered is left out, so that a mere refresh of its
registration is no change.
"""

from __future__ import annotations

from softswitch.calls.lamps.package import EventDocument, WatchedByName
from softswitch.calls.lamps.xml_text import xml_text
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.sip.message.uri import sip_uri

NAME = "reg"
_HEAD = b"""<?xml version="1.0"?>
<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version=\""""
_REGISTERED = 'state="active" event="registered"'
_GONE = 'state="terminated" event="deactivated"'


class RegistrationPackage(WatchedByName):
    """The registrations that are watched."""

    name = NAME
    content_type = "application/reginfo+xml"
    is_private = True

    def __init__(self, plan: DialPlan, domain: str) -> None:
        """`domain` is the host of extensions."""
        super().__init__()
        self._plan = plan
        self._domain = domain

    def exists(self, resource: str) -> bool:
        """Whether it is an extension that phones register with."""
        extension = self._plan.directory.find(resource)
        return extension is not None and extension.kind.registers

    def document(self, resource: str) -> EventDocument:
        """The phones of an extension."""
        found = self._plan.registrations.contacts(resource)
        # The phones of an extension that is gone may still be known while its watchers are told.
        is_there = self.exists(resource)
        condition = _REGISTERED if is_there else _GONE
        contacts = "".join(
            f'<contact id="{each.id}" {condition}><uri>{xml_text(str(each.uri))}</uri></contact>'
            for each in sorted(found, key=lambda each: each.id)
        )
        aor = xml_text(str(sip_uri(resource, self._domain)))
        state = "active" if found and is_there else "terminated"
        tail = (
            f'" state="full"><registration aor="{aor}" id="r" state="{state}">'
            f"{contacts}</registration></reginfo>\n"
        )
        return EventDocument(_HEAD, tail.encode())
