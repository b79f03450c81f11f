"""MESSAGE between extensions: text that is relayed and not kept (RFC 3428).

The sender hears 200 as soon as one phone of the recipient has taken the message.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from softswitch.calls.endings.outcomes import best_of, status_for_caller
from softswitch.calls.leg.header_passthrough import REQUEST, Header, fewer_hops, passed
from softswitch.calls.leg.leg import Stack
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.registrations import Binding
from softswitch.calls.numbers.routing import Unroutable, flow_to, uri_for
from softswitch.sip.effects import Flow
from softswitch.sip.events import NewRequest, Responded, ResponseEvent
from softswitch.sip.message.address import Address
from softswitch.sip.message.message import Request, Response, response_to
from softswitch.sip.message.uri import SipUri, is_sips, sip_uri
from softswitch.sip.requests.screening import SIPS_NOT_ALLOWED

LONGEST_BODY = 1300
"Octets; a pager message must fit into one datagram (RFC 3428 section 8)."

KINDS = ("text/", "application/im-iscomposing+xml", "message/cpim")
"Beginnings of the content types that are relayed."

PATIENCE = 20.0
"Seconds until a phone that is silent counts as gone: the sender gives up after 32."


@dataclass(frozen=True, slots=True)
class Pager:
    """Carries text messages to phones."""

    plan: DialPlan
    stack: Stack
    domain: str
    "The host of From and To."

    async def relay(self, new: NewRequest, sender: Address) -> Response:
        """Send a message on to every phone of its recipient; returns the answer for the sender."""
        request = new.request
        refusal = refusal_of(request)
        if refusal is not None:
            return refusal
        try:
            number = self.plan.routing.dialled(request.uri, new.flow)
            extension = self.plan.routing.extension(number)
        except Unroutable as error:
            return response_to(request, error.status, to_tag=None)
        bindings = self.plan.registrations.contacts(extension.number)
        if not bindings:
            return response_to(request, 480, to_tag=None)
        uris = [uri_for(each.uri, each.flow, sips=is_sips(request.uri)) for each in bindings]
        ways = [(each, uri) for each, uri in zip(bindings, uris, strict=True) if uri is not None]
        if not ways:
            return response_to(request, 480, to_tag=None, headers=[SIPS_NOT_ALLOWED])
        hops = fewer_hops(request.max_forwards)
        if hops is None:
            return response_to(request, 483, to_tag=None)
        to = Address(sip_uri(extension.number, self.domain), extension.name)
        identity = [("Max-Forwards", str(hops)), ("From", str(sender)), ("To", str(to))]
        copies = [self._copy(request, binding, uri, identity) for binding, uri in ways]
        flows = [flow_to(binding) for binding, _ in ways]
        status = status_for_caller(await self.first_success(copies, flows))
        return response_to(request, status, to_tag=None)

    def _copy(
        self, request: Request, binding: Binding, uri: SipUri, identity: list[Header]
    ) -> Request:
        """The message to one phone: of our own making, but for the text."""
        token = self.stack.endpoint.token
        hops, from_, to = identity
        return Request(
            "MESSAGE",
            uri,
            [
                hops,
                ("From", f"{from_[1]};tag={token()}"),
                to,
                ("Call-ID", token()),
                ("CSeq", "1 MESSAGE"),
                *[("Route", hop) for hop in binding.path],
                *passed(request.headers, REQUEST),
                ("Content-Type", request.headers.get("Content-Type") or "text/plain"),
            ],
            request.body,
        )

    async def first_success(self, copies: list[Request], flows: list[Flow]) -> int:
        """Send the copies; the status of the first that was taken, else of the best refusal."""
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        refusals: list[int] = []

        def receive(event: ResponseEvent) -> None:
            status = event.response.status if isinstance(event, Responded) else 408
            if done.done():
                return
            if status < 300:
                done.set_result(200)
                return
            refusals.append(status)
            if len(refusals) == len(copies):
                done.set_result(best_of(refusals))

        for copy, flow in zip(copies, flows, strict=True):
            self.stack.perform(self.stack.endpoint.request(copy, flow, receive))
        try:
            return await asyncio.wait_for(done, PATIENCE)
        except TimeoutError:
            return 480


def refusal_of(request: Request) -> Response | None:
    """The answer to a message of a kind or length that is not carried."""
    if len(request.body) > LONGEST_BODY:
        return response_to(request, 413, to_tag=None)
    kind = request.content_type
    if kind is None or not kind.startswith(KINDS):
        return response_to(request, 415, to_tag=None, headers=[("Accept", "text/*")])
    return None
