"""Send keys to a party, in the way that its extension's settings say."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.calls.leg.keys import send_by_info
from softswitch.commands.base.order import LivePhone, PartyOrder, Simulation
from softswitch.commands.orders.sound_errors import error_of, failure


@dataclass(frozen=True, slots=True)
class SendDtmfOrder(PartyOrder[None]):
    """Send keys; done when the last has been sent."""

    keys: str
    "Out of 0-9 * # A-D in any letter case, a comma for a pause; spaces count for nothing."

    async def perform(self, phone: LivePhone) -> None:
        """Send the keys by INFO requests, or by the party's port."""
        keys = self.keys.replace(" ", "").upper()
        leg = phone.present.leg
        if phone.dtmf == "info" and leg is not None:
            await send_by_info(leg.send_info, keys)
            return
        error = await error_of(phone, "SendDTMF", lambda port: port.send_keys(keys, way=phone.dtmf))
        if error:
            raise failure("SendDTMF", error, "Keys" if repr(keys) in error else "")

    async def simulate(self, simulation: Simulation) -> None:
        """Show the keys."""
        simulation.say(f"keys to the caller: {self.keys}")
