"""The numbers of parking; `parking/parking.py` serves them, since it needs transfers."""

from __future__ import annotations

from softswitch.calls.numbers.extension import ExtensionKind
from softswitch.settings.extensions.parking import ParkingExtension

PARKING = ExtensionKind(name="parking", api_name="Parking", settings=ParkingExtension)
