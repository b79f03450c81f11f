"""A call that an extension offers another one by a message: RFC 5359 section 2.6.

The text names the dialog of the sender's call, as a link to a URI with Replaces or Join does. Whom
it was sent to may then take the call over, or join it, as if it were the sender's own phone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import structlog

from softswitch.calls.transfer.dialogs import CallDialogs
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import Request
from softswitch.sip.message.subscriber import number_of
from softswitch.sip.message.uri import unescape
from softswitch.sip.subscription.refer import parse_join

log = structlog.get_logger("softswitch.calls")

MOST_NAMED = 4
"Dialogs in one text; further ones are not looked for."
MOST_ASKED = 8
"Extensions that one party may offer its call."
LONGEST_TEXT = 4_096
"Octets of a message that are looked at."
_NAMED = re.compile(r"""[?&;](?:Replaces|Join)=([^&"'<>\s]+)""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CallOffers:
    """Reads what messages offer."""

    dialogs: CallDialogs

    def read(self, message: Request, sender: str) -> None:
        """Note the calls of the sending extension that a message offers its recipient."""
        body = message.body[:LONGEST_TEXT]
        if b"=" not in body:
            return
        for text in _NAMED.findall(body.decode(errors="replace"))[:MOST_NAMED]:
            self._offer(sender, number_of(message.uri), text)

    def _offer(self, sender: str, recipient: str, text: str) -> None:
        try:
            found = self.dialogs.party_at(parse_join(unescape(text)))
        except (MessageError, ValueError):
            return
        if not sender or not recipient or found is None or found[1].extension != sender:
            return
        call, party = found
        if len(party.offered_to) < MOST_ASKED:
            party.offered_to.add(recipient)
            log.info("call offered", call=call.id, by=sender, to=recipient)
