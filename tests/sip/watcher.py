"""A phone that subscribes, for tests: it takes NOTIFYs, and answers them or does not."""

from __future__ import annotations

from typing import Any

from softswitch.sip.effects import Effect, Flow
from softswitch.sip.message.message import Request, Response, parse_message, response_to
from softswitch.sip.message.uri import parse_uri
from tests.sip.network import Host, address


class Watcher:
    """One subscription of a phone; `status` answers every NOTIFY, None leaves it without answer."""

    def __init__(self, host: Host, number: str) -> None:
        self.host = host
        self.number = number
        self.status: int | None = 200
        self.heard: list[Request] = []
        "The NOTIFYs that were answered."
        self.times: list[float] = []
        self.responses: list[Any] = []
        "To SUBSCRIBE; a text where none came."
        self.call_id = host.endpoint.token()
        self.tag = host.endpoint.token()
        self.remote_tag = ""
        self._cseq = 0
        self._receive = host.receive
        host.receive = self._take  # type: ignore[method-assign]

    def renew(self) -> None:
        """Be ready for a subscription of its own, after one that is over."""
        self.call_id, self.tag = self.host.endpoint.token(), self.host.endpoint.token()
        self.remote_tag = ""

    def _take(self, data: bytes, flow: Flow) -> None:
        message = parse_message(data)
        is_mine = isinstance(message, Request) and message.call_id == self.call_id
        if isinstance(message, Request) and message.method == "NOTIFY" and is_mine:
            if self.status is not None:
                self.heard.append(message)
                self.times.append(round(self.host.network.now(), 2))
                answer = response_to(message, self.status, to_tag=None)
                self.host.network.send(answer.to_bytes(), flow)
        else:
            self._receive(data, flow)

    def subscribe(
        self, other: Host, number: str, *headers: tuple[str, str], event: str = "dialog"
    ) -> None:
        """Send a SUBSCRIBE; once one is accepted, in its dialog."""
        tag = f";tag={self.remote_tag}" if self.remote_tag else ""
        self._cseq += 1
        request = Request(
            "SUBSCRIBE",
            parse_uri(f"sip:{number}@{other.address[0]}"),
            [
                ("Max-Forwards", "70"),
                ("From", f"{address(self.number)};tag={self.tag}"),
                ("To", f"{address(number)}{tag}"),
                ("Call-ID", self.call_id),
                ("CSeq", f"{self._cseq} SUBSCRIBE"),
                ("Contact", f"<sip:{self.number}@{self.host.address[0]}>"),
                ("Event", event),
                *headers,
            ],
        )
        self.host.ask(request, self.host.flow_to(other), self)

    def receive_response(self, transaction: Any, response: Response, out: list[Effect]) -> None:
        """Take a response to SUBSCRIBE."""
        self.responses.append(response)
        if response.status < 300:
            self.remote_tag = response.to.tag or ""

    def transaction_failed(self, transaction: Any, reason: str, out: list[Effect]) -> None:
        """Take the news that none will come."""
        self.responses.append(reason)

    @property
    def states(self) -> list[str]:
        """Subscription-State of the NOTIFYs."""
        return [request.headers.get("Subscription-State") or "" for request in self.heard]

    @property
    def bodies(self) -> list[bytes]:
        """The documents."""
        return [request.body for request in self.heard]
