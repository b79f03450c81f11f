"""Our own registration at another registrar, as its client (RFC 3261 section 10.2).

Values in, values out: `request` makes the next REGISTER; `answered` and `unanswered` tell how it
ended and in how many seconds the next one is due. Challenges are answered below
(`requests/outside.py`), so a 401 that comes up here is one that we cannot answer. The binding keeps
one Call-ID, and CSeq grows with every request. Failures back off as in RFC 5626 section 4.5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

from softswitch.sip.message.address import Address
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import Request, Response
from softswitch.sip.message.parameters import NONE
from softswitch.sip.message.uri import SipUri, parse_uri
from softswitch.sip.requests.outside import CHALLENGES

EARLY = 60
"Seconds before the expiry at which a binding is refreshed; half of a shorter life than twice that."
SOONEST = 5
"Seconds between two refreshes at least, whatever the registrar grants."
BACK_OFF = 30
"Seconds after the first failure; doubled for each further one …"
LONGEST_BACK_OFF = 1800
"… up to this."
LONGEST_EXPIRES = 604_800
"Seconds; a registrar that wants longer bindings than a week is not followed."
CORRECTIONS = 3
"Times that `expires` is changed for a 423 before that counts as a failure."

ELSEWHERE = frozenset((408, 430, 500, 502, 503, 504))
"Responses that are the fault of this one server: another address of the registrar may do better."


class Standing(StrEnum):
    """What has come of the registration so far."""

    WAITING = "waiting"
    REGISTERED = "registered"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


class Next(NamedTuple):
    """When the next REGISTER is due."""

    seconds: float
    elsewhere: bool = False
    "Whether another address of the registrar is worth a try at once."


class Registration:
    """One binding at one registrar."""

    __slots__ = (
        "_aor", "_call_id", "_contact", "_corrections", "_cseq", "_pick", "_registrar", "_route",
        "_tag",
        "expires", "failures", "reason", "standing",
    )  # fmt: skip

    def __init__(
        self,
        *,
        registrar: SipUri,
        aor: Address,
        expires: int,
        route: Sequence[str] = (),
        tokens: Callable[[], str],
        pick: Callable[[int, int], int],
    ) -> None:
        """`registrar` is the Request-URI, `aor` From and To, `route` the proxies on the way.

        `tokens` and `pick` are as in Endpoint.
        """
        self.expires = expires
        "Seconds that we ask for."
        self.standing = Standing.WAITING
        self.reason = ""
        "Why it is not registered, in a few words."
        self.failures = 0
        "In a row; they make the back-off longer."
        self._registrar = registrar
        self._route = tuple(route)
        self._aor = aor.with_parameters(NONE)
        self._call_id = tokens()
        self._tag = tokens()
        self._pick = pick
        self._contact = ""
        self._cseq = 0
        self._corrections = 0

    def request(self, contact: str, *, expires: int | None = None) -> Request:
        """The next REGISTER, complete but for its Via; `contact` is `<URI>`, 0 expires it."""
        self._contact = contact
        self._cseq += 1
        return Request(
            "REGISTER",
            self._registrar,
            [
                ("Max-Forwards", "70"),
                ("From", f"{self._aor};tag={self._tag}"),
                ("To", str(self._aor)),
                ("Call-ID", self._call_id),
                ("CSeq", f"{self._cseq} REGISTER"),
                *[("Route", hop) for hop in self._route],
                ("Contact", contact),
                ("Expires", str(self.expires if expires is None else expires)),
            ],
        )

    def answered(self, response: Response) -> Next:
        """Take the final response."""
        self._cseq = max(self._cseq, response.cseq.number)
        status = response.status
        if status < 300:
            granted = self._granted(response)
            if granted <= 0:
                return self._failed(Standing.REFUSED, "the registrar has not bound our contact")
            self.standing, self.reason = Standing.REGISTERED, ""
            self.failures = self._corrections = 0
            return Next(self._refresh_after(granted))
        reason = f"{status} {response.reason}"
        if status == 423 and self._longer(response):
            return Next(0)
        if status in ELSEWHERE:
            return self._failed(
                Standing.UNREACHABLE, reason, at_least=_retry_after(response), elsewhere=True
            )
        return self._failed(Standing.REFUSED, reason, at_least=_retry_after(response))

    def unanswered(self, reason: str) -> Next:
        """Take the news that there was no final response, or that there was nowhere to send to."""
        self._cseq += CHALLENGES  # as many may have been used up below
        return self._failed(Standing.UNREACHABLE, reason, elsewhere=True)

    def _granted(self, response: Response) -> int:
        """For how many seconds our contact is bound; 0 when it is not among those of the 200."""
        try:
            contacts = response.contacts
            overall = response.expires
            if not isinstance(contacts, list):
                return 0
            ours = parse_uri(self._contact.strip("<>"))
            same = [one for one in contacts if ours.equivalent(one.uri)] or [
                # Behind a NAT some registrars write down the address that they see.
                one
                for one in contacts
                if getattr(one.uri, "user", None) == getattr(ours, "user", None)
            ]
        except MessageError:
            return 0
        if not same:
            return 0
        own = same[0].expires
        return min(next((n for n in (own, overall) if n is not None), self.expires), 2**31)

    def _refresh_after(self, granted: int) -> float:
        """Seconds until the refresh, spread so that many trunks do not refresh at once."""
        latest = granted - min(EARLY, granted / 2)
        return max(SOONEST, latest * self._pick(90, 100) / 100)

    def _longer(self, response: Response) -> bool:
        """Take the Min-Expires of a 423; whether it is worth another try."""
        wanted = _seconds(response, "Min-Expires")
        self._corrections += 1
        if not self.expires < wanted <= LONGEST_EXPIRES or self._corrections > CORRECTIONS:
            return False
        self.expires = wanted
        return True

    def _failed(
        self, standing: Standing, reason: str, *, at_least: int = 0, elsewhere: bool = False
    ) -> Next:
        self.standing, self.reason = standing, reason
        self._corrections = 0
        longest = min(LONGEST_BACK_OFF, BACK_OFF * 2**self.failures)
        self.failures = min(self.failures + 1, 16)
        return Next(max(at_least, longest * self._pick(50, 100) / 100), elsewhere)


def _retry_after(response: Response) -> int:
    return min(_seconds(response, "Retry-After"), LONGEST_BACK_OFF)


def _seconds(response: Response, name: str) -> int:
    """The number that a header holds; 0 without it, or when it cannot be read."""
    try:
        value = response.headers.read(name)
    except MessageError:
        return 0
    return value if isinstance(value, int) else 0
