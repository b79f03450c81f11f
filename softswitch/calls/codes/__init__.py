"""Service codes: what an extension does by dialling; `CODES` is the only list of them.

    forwarding     where calls go instead, as GSM and FreePBX have it
    availability   do not disturb, call waiting
    dialling       numbers that were stored, and the last caller
    callback       asks for a call when a busy extension gets free
    schedules      day and night by hand
    agents         log in to queues and out, pause
    changing       what codes that change features have in common
    intercom       speaks to a phone that answers by itself
    pickup         takes a call that rings another phone
    voicemail      to the own mailbox, or to that of another
    supervision    listens to the calls of others
    own_number     the switch says which extension a phone is
    service_code   what a code is, and how it says what it has done
    dialled_codes  finds what serves a dialled code
    page           writes docs/codes.md

What is dialled for a code stands in `[codes]` of the settings; a code that is dialled comes before
any extension or route of that number, and only extensions of this switch reach it.

To add a code, say `parking`:

1. a field of `CodeSettings` in `settings/exchange/codes.py`: its default and its docstring, which
   is its line in `docs/codes.md`; its line in `config/softswitch.toml`;
2. a file here, for a group of codes that belong together, with an `async def` for each, and its
   line in `CODES`;
3. `python -m softswitch.calls.codes.page > docs/codes.md`, or `make docs`;
4. tests in `tests/calls/codes/`.
"""

from __future__ import annotations

from softswitch.calls.codes.agents import AGENTS
from softswitch.calls.codes.availability import AVAILABILITY
from softswitch.calls.codes.callback import CALLBACK
from softswitch.calls.codes.dialling import DIALLING
from softswitch.calls.codes.forwarding import FORWARDING
from softswitch.calls.codes.intercom import INTERCOM
from softswitch.calls.codes.own_number import OWN_NUMBER
from softswitch.calls.codes.pickup import PICKUP
from softswitch.calls.codes.schedules import SCHEDULES
from softswitch.calls.codes.service_code import ServiceCode
from softswitch.calls.codes.supervision import SUPERVISION
from softswitch.calls.codes.voicemail import VOICEMAIL_CODES

CODES: tuple[ServiceCode, ...] = (
    *OWN_NUMBER,
    *FORWARDING,
    *AVAILABILITY,
    *DIALLING,
    *CALLBACK,
    *INTERCOM,
    *PICKUP,
    *SCHEDULES,
    *VOICEMAIL_CODES,
    *AGENTS,
    *SUPERVISION,
)
"All codes, in the order of `[codes]`."
