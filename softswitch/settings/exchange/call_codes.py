"""The `[call_codes]` of the settings: keys that do something while two parties talk.

Only phones whose `call_codes` name what they do may press them.
"""

from __future__ import annotations

from softswitch.settings.exchange.codes import Codes, CodeTable
from softswitch.settings.values import Seconds


class CallCodeSettings(CodeTable):
    """What is pressed for each; `off` leaves it out."""

    record: Codes = ("*1",)
    "Records the call from now on, or no more."
    transfer: Codes = ("##{number}#",)
    "Connects the other party to that number."
    park: Codes = ("*2",)
    "Parks the other party, and says where."
    invite: Codes = ("*3{number}#",)
    "Calls that number, and lets the three talk when it answers."
    pause: Seconds = 3
    "Seconds between two keys after which they belong to no code, and go to the other party."
