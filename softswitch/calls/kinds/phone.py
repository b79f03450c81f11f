"""The phone extension: the phones that have registered with it ring."""

from __future__ import annotations

from softswitch.calls.numbers.extension import Extension, ExtensionKind, RingPlan
from softswitch.settings.extensions.phone import PhoneExtension


def ring(extension: Extension) -> RingPlan:
    """Ring all phones of the extension at once."""
    settings = extension.settings_as(PhoneExtension)
    return RingPlan((extension.number,), ring_time=settings.ring_time)


PHONE = ExtensionKind(
    name="phone", api_name="Phone", settings=PhoneExtension, ring=ring, registers=True
)
