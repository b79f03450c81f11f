"""A switch that asks for passwords, the phones of its subscribers, and proxies before it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from softswitch.calls.numbers.registrations import Registrations
from softswitch.guard.accounts import Accounts
from softswitch.guard.authentication import Gate
from softswitch.guard.bans import BanList
from softswitch.guard.rates import Rates
from softswitch.sip.effects import Flow as Way
from softswitch.sip.events import Responded, ResponseEvent
from softswitch.sip.message.message import Request, Response, parse_message, response_to
from softswitch.sip.requests.digest import ANSWERS, answer, parse_parameters
from softswitch.sip.requests.nonce import Nonces
from softswitch.store.bindings import BindingRow
from tests.calls.flows.wire import Flow
from tests.calls.scene import FakeJournal, Scene
from tests.calls.walk.living_phone import LivingPhone
from tests.sip.network import Proxy

REALM = "example.com"
KEY = b"k" * 32


class EmptyDisk(FakeJournal):
    """A disk on which no phone is bound so far."""

    async def load_bindings(self) -> list[BindingRow]:
        return []


class Passwords:
    """What a phone answers challenges with: its user's name and password, by realm."""

    def __init__(self, user: str, by_realm: dict[str, str]) -> None:
        self._user = user
        self._by_realm = by_realm
        self._challenge: tuple[str, str] | None = None
        "The last one of the switch; later requests answer it at once."
        self._answers = 0

    def credentials(self, request: Request, response: Response) -> Sequence[tuple[str, str]]:
        """Answer the challenges of a response; a password that was wrong is not sent again."""
        return list(self._answered(request, response))

    def _answered(self, request: Request, response: Response) -> Iterator[tuple[str, str]]:
        for name, value in response.headers.items():
            if name not in ANSWERS:
                continue
            if ANSWERS[name] in request.headers and "stale=true" not in value:
                continue
            if name == "WWW-Authenticate":
                self._challenge, self._answers = (name, value), 0
            if (header := self._answer((name, value), request)) is not None:
                yield header
            return

    def at_once(self, request: Request) -> None:
        """Put credentials into a request, where the switch has challenged one before."""
        if self._challenge is not None:
            header = self._answer(self._challenge, request)
            assert header is not None
            request.headers.add(*header)

    def _answer(self, challenge: tuple[str, str], request: Request) -> tuple[str, str] | None:
        realm = (parse_parameters(challenge[1]) or {})["realm"]
        self._answers += challenge[0] == "WWW-Authenticate"
        return answer(
            [challenge],
            request.method,
            request.uri_text,
            self._user,
            self._by_realm[realm],
            realm_expected=realm,
            cnonce="c0ffee",
            nonce_count=max(1, self._answers),
        )


class Subscriber(LivingPhone):
    """A phone that proves who it is, and registers itself."""

    def __init__(
        self, scene: Scene, number: str, passwords: dict[str, str], first_hop: Any
    ) -> None:
        super().__init__(scene, number, registered=False)
        self.passwords = Passwords(number, passwords)
        self.phone.credentials = self.passwords.credentials
        self.phone.first_hop = first_hop
        self.contact = f"<sip:{number}@{self.phone.host.address[0]}>"
        token = self.phone.host.endpoint.token
        self._call_id, self._tag, self._cseq = token(), token(), 0

    async def register(self, *contacts: str, expires: int | None = None) -> Response:
        """Send a REGISTER with these contacts; the final response."""
        host = self.phone.host
        aor = f"<sip:{self.number}@{REALM}>"
        headers = [
            ("Max-Forwards", "70"),
            ("From", f"{aor};tag={self._tag}"),
            ("To", aor),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._cseq + 1} REGISTER"),
            ("Supported", "path"),
            *[("Contact", contact) for contact in contacts],
            *([] if expires is None else [("Expires", str(expires))]),
        ]
        request = Request("REGISTER", f"sip:{REALM}", headers)
        self.passwords.at_once(request)
        answered: asyncio.Future[ResponseEvent] = asyncio.get_running_loop().create_future()
        flow = host.flow_to(self.phone.first_hop)
        host.perform(
            host.endpoint.request(request, flow, answered.set_result, self.passwords.credentials)
        )
        event = await answered
        assert isinstance(event, Responded), event
        self._cseq = event.response.cseq.number
        return event.response


class GuardedFlow(Flow):
    """A flow through a switch with its real gate and its real registrar."""

    def __init__(self, seed: int, *extensions: Any, **settings: Any) -> None:
        accounts = Accounts(REALM, ("SHA-256", "MD5"), KEY)
        for number in ("1000", "1001", "1002"):
            accounts.add(number, f"pass{number}")
        bans = BanList(clock=asyncio.get_running_loop().time)
        gate = Gate(
            accounts,
            Nonces(KEY, 300.0),
            rates=Rates(1000.0),
            bans=bans.open("SIP"),
            unproven=bans.open("SIP, source not proven"),
            key=KEY,
        )
        self.location = Registrations(EmptyDisk(), clock=Scene.now)
        super().__init__(seed, *extensions, gate=gate, location=self.location, **settings)

    def subscriber(
        self, number: str, *, password: str = "", first_hop: Any = None, **realms: str
    ) -> Subscriber:
        """A phone that is not registered so far, with the right password unless another is given.

        `realms` are its passwords elsewhere.
        """
        passwords = {REALM: password or f"pass{number}", **realms}
        phone = Subscriber(self.scene, number, passwords, first_hop or self.scene.host)
        self.phones.append(phone)
        return phone

    def proxy(self, number: int, *targets: Any) -> Proxy:
        """A proxy on the wire, before these targets."""
        return Proxy(self.scene.network, f"proxy{number}", f"10.0.1.{number}", *targets)


class ChallengingProxy(Proxy):
    """A proxy that lets an INVITE on only with credentials for its realm.

    It takes them for one request: with the next one they are stale.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._taken: dict[str, str | None] = {}
        "Credentials, and the branch of the request that they came with."
        self._nonces = itertools.count(1)

    def receive(self, data: bytes, flow: Way) -> None:
        message = parse_message(data)
        if not isinstance(message, Request) or message.to.tag is not None:
            if not self._is_mine(message):
                super().receive(data, flow)
        elif message.method != "INVITE" or self._takes(message):
            super().receive(data, flow)
        else:
            stale = ", stale=true" if "Proxy-Authorization" in message.headers else ""
            nonce = next(self._nonces)
            asked = f'Digest realm="proxy", nonce="{nonce}", qop="auth", algorithm=MD5{stale}'
            challenge = [("Proxy-Authenticate", asked)]
            response = response_to(message, 407, to_tag=self.name, headers=challenge)
            self.network.send(response.to_bytes(), flow)

    def _takes(self, invite: Request) -> bool:
        """Whether an INVITE, or a copy of one, has credentials that are not used up."""
        given = invite.headers.get("Proxy-Authorization")
        branch = invite.via.branch
        return given is not None and self._taken.setdefault(given, branch) == branch

    def _is_mine(self, message: Request | Response) -> bool:
        """Whether it is the ACK of a challenge of this proxy, which goes no further."""
        return (
            isinstance(message, Request) and message.method == "ACK" and message.to.tag == self.name
        )


class Gateway(Proxy):
    """An application layer gateway, which puts its own address into descriptions (section 3.5)."""

    def receive(self, data: bytes, flow: Way) -> None:
        message = parse_message(data)
        lines = message.body.decode().splitlines(keepends=True)
        body = "".join(
            f"c=IN IP4 {self.address[0]}\r\n" if line.startswith("c=") else line for line in lines
        )
        message.body = body.encode()
        super().receive(message.to_bytes(), flow)
