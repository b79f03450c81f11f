"""The registrar: what a REGISTER changes, and what it is answered (RFC 3261 section 10.3).

Pure: the bindings of one address of record go in with the request, and either an `Update` comes out
or the `Response` that refuses it. Path is RFC 3327, `reg-id` and `+sip.instance` RFC 5626.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from ipaddress import ip_address
from typing import NamedTuple

import msgspec

from softswitch.sip.effects import Flow
from softswitch.sip.message.address import STAR, Address, parse_address
from softswitch.sip.message.grammar import MessageError, number
from softswitch.sip.message.message import Request, Response, response_to
from softswitch.sip.message.uri import SipUri
from softswitch.sip.requests.brevity import HOUR, too_brief

SUPPORTED = ("path", "outbound")
"Option tags that a REGISTER may require."
FLOW_TIMER = 120
"Seconds after which a connection without CRLF keep-alives may be given up (RFC 5626 section 4.4)."
UDP_FLOW_TIMER = 30
"The same for STUN over UDP: NATs forget sooner."
INSTANCE = 256
"Characters of a +sip.instance; a longer one is ignored."
PATHS = 8
"Path values of one request."


@dataclass(frozen=True, slots=True)
class RegistrarLimits:
    """The bounds of the settings."""

    contacts: int = 10
    "Bindings of one address of record."
    min_expires: int = 60
    default_expires: int = 3600
    max_expires: int = 7200


class Binding(msgspec.Struct, frozen=True, eq=False):
    """Where one phone of an extension is."""

    id: int
    extension: str
    uri: SipUri
    "The contact as the phone gave it; requests to it carry this Request-URI."
    flow: Flow
    "Where its REGISTER came from: through NAT the only way back to it."
    expires_at: float
    "Seconds of the clock that `now` is of; the store needs it to be Unix time."
    call_id: str
    cseq: int
    q: float = 1.0
    path: tuple[str, ...] = ()
    "Route values to put into requests to it."
    instance: str = ""
    "`+sip.instance` with its quotes, empty without."
    reg_id: int = 0
    user_agent: str = ""
    registered_at: float = 0.0

    def expires_in(self, now: float) -> int:
        """Whole seconds until it expires, rounded up."""
        return max(0, -int((now - self.expires_at) // 1))


@dataclass(frozen=True, slots=True)
class Update:
    """What an accepted REGISTER changes; nothing for a mere question."""

    saved: tuple[Binding, ...] = ()
    "New bindings, and old ones with a new content under their id."
    dropped: tuple[int, ...] = ()
    "Ids of bindings that are no more."

    def __bool__(self) -> bool:
        return bool(self.saved or self.dropped)

    def applied(self, bindings: Iterable[Binding]) -> tuple[Binding, ...]:
        """The bindings after the update, in the order in which they were made."""
        changed = {binding.id: binding for binding in bindings}
        changed.update((binding.id, binding) for binding in self.saved)
        for binding_id in self.dropped:
            changed.pop(binding_id, None)
        return tuple(changed.values())


class _Registering(NamedTuple):
    """One REGISTER and what belongs to it."""

    request: Request
    flow: Flow
    extension: str
    now: float
    ids: Callable[[], int]


class _Refused(Exception):
    """A REGISTER that changes nothing."""

    def __init__(self, status: int, *headers: tuple[str, str]) -> None:
        super().__init__(status)
        self.status = status
        self.headers = headers


class Registrar:
    """The rules, with the limits of the settings. `domains`: ours, or None to take any."""

    __slots__ = ("_date", "_domains", "_limits")

    def __init__(
        self, limits: RegistrarLimits | None = None, domains: Collection[str] | None = None
    ) -> None:
        self._limits = limits or RegistrarLimits()
        self._domains = domains
        self._date = (0, "")

    def update(
        self,
        request: Request,
        flow: Flow,
        extension: str,
        bindings: Sequence[Binding],
        *,
        now: float,
        ids: Callable[[], int],
    ) -> Update | Response:
        """Work out what the request changes in the unexpired `bindings` of the extension.

        `ids` gives a number that no binding has had. All contacts are taken or none.
        """
        try:
            self._check(request)
            return self._changes(_Registering(request, flow, extension, now, ids), bindings)
        except _Refused as refused:
            return response_to(request, refused.status, to_tag=None, headers=refused.headers)
        except MessageError as error:
            return response_to(request, error.status, error.phrase, to_tag=None)

    def accepted(
        self, request: Request, flow: Flow, bindings: Iterable[Binding], now: float
    ) -> Response:
        """The 200 with all unexpired bindings of the address of record."""
        headers = [
            ("Contact", _contact(binding, now))
            for binding in bindings
            if binding.expires_at > now
        ]  # fmt: skip
        if "Supported" in request.headers:
            headers += _promised(request, flow)
        headers.append(("Date", self._date_of(now)))
        return response_to(request, 200, to_tag=None, headers=headers)

    def _check(self, request: Request) -> None:
        """Steps 1, 2 and 5: the domain and the extensions that the request needs."""
        uri = request.uri
        if self._domains is not None and (
            not isinstance(uri, SipUri) or uri.host not in self._domains
        ):
            raise _Refused(404)
        if "Require" not in request.headers:
            return
        unknown = [tag for tag in request.tokens("Require") if tag.lower() not in SUPPORTED]
        if unknown:
            raise _Refused(420, ("Unsupported", ", ".join(unknown)))

    def _changes(self, asked: _Registering, bindings: Sequence[Binding]) -> Update:
        """Steps 6 and 7."""
        request = asked.request
        contacts = request.contacts
        if contacts is STAR:
            return _remove_all(request, bindings)
        if not contacts:
            return Update()
        if len(contacts) > self._limits.contacts:
            raise _Refused(403)
        _check_flows(request, contacts)
        changes = _Changes(bindings)
        for contact in contacts:
            self._change(asked, contact, changes)
        changes.keep_latest(self._limits.contacts)
        return changes.update()

    def _change(self, asked: _Registering, contact: Address, changes: _Changes) -> None:
        request, now = asked.request, asked.now
        uri = _acceptable(contact, asked.flow)
        if uri.is_sips:
            _check_security(request)
        seconds = self._seconds(request, contact)
        instance, reg_id = _instance(contact)
        old = changes.find(uri, instance, reg_id) or (
            changes.left_behind(instance) if seconds and not reg_id else None
        )
        if old is not None and not changes.is_of_this_request(old):
            _check_order(request, old)
        if seconds == 0:
            if old is not None:
                changes.drop(old)
            return
        changes.save(
            Binding(
                id=asked.ids() if old is None else old.id,
                extension=asked.extension,
                uri=uri,
                flow=asked.flow,
                expires_at=now + seconds,
                call_id=request.call_id,
                cseq=request.cseq.number,
                q=contact.q,
                path=_path(request),
                instance=instance,
                reg_id=reg_id,
                user_agent=(request.headers.get("User-Agent") or "")[:200],
                registered_at=now,
            )
        )

    def _seconds(self, request: Request, contact: Address) -> int:
        """How long the contact is to be kept: its own wish, the request's, or the default."""
        limits = self._limits
        wanted = contact.expires
        if wanted is None:
            wanted = _expires(request)
        if wanted is None:
            wanted = limits.default_expires
        if (least := too_brief(wanted, limits.min_expires)) is not None:
            raise _Refused(423, least)
        return min(wanted, limits.max_expires)

    def _date_of(self, now: float) -> str:
        second = int(now)
        if second != self._date[0]:
            self._date = (second, formatdate(second, usegmt=True))
        return self._date[1]


class _Changes:
    """Bindings while the contacts of one request are worked through."""

    __slots__ = ("_before", "_dropped", "_now", "_saved")

    def __init__(self, bindings: Sequence[Binding]) -> None:
        self._now = {binding.id: binding for binding in bindings}
        self._before = frozenset(self._now)
        self._saved: dict[int, Binding] = {}
        self._dropped: list[int] = []

    def keep_latest(self, most: int) -> None:
        """Let the oldest bindings give way, for a phone that has rebooted must get in.

        Those of this request, which are `most` at most, stay.
        """
        older = [binding for binding in self._now.values() if binding.id not in self._saved]
        older.sort(key=lambda binding: binding.registered_at)
        for binding in older[: max(0, len(self._now) - most)]:
            self.drop(binding)

    def find(self, uri: SipUri, instance: str, reg_id: int) -> Binding | None:
        """The binding that a contact is about: the same flow of a device, or the same URI.

        `sip` and `sips` are two ways to one phone (RFC 5630 section 5.1.1.1).
        """
        for binding in self._now.values():
            if reg_id and binding.reg_id:
                if binding.instance == instance and binding.reg_id == reg_id:
                    return binding
            elif binding.uri == uri or binding.uri.with_scheme(uri.scheme).equivalent(uri):
                return binding
        return None

    def left_behind(self, instance: str) -> Binding | None:
        """Where a device without flows (RFC 5626) was before it came from another address.

        Several contacts of one device in one request are several.
        """
        for binding in self._now.values():
            same_device = instance and binding.instance == instance and not binding.reg_id
            if same_device and not self.is_of_this_request(binding):
                return binding
        return None

    def is_of_this_request(self, binding: Binding) -> bool:
        return binding.id in self._saved

    def save(self, binding: Binding) -> None:
        self._now[binding.id] = self._saved[binding.id] = binding

    def drop(self, binding: Binding) -> None:
        del self._now[binding.id]
        self._saved.pop(binding.id, None)
        if binding.id in self._before:
            self._dropped.append(binding.id)

    def update(self) -> Update:
        return Update(tuple(self._saved.values()), tuple(self._dropped))


def _remove_all(request: Request, bindings: Sequence[Binding]) -> Update:
    """`Contact: *` (step 6): only with Expires 0."""
    if _expires(request) != 0:
        raise _Refused(400)
    for binding in bindings:
        _check_order(request, binding)
    return Update(dropped=tuple(binding.id for binding in bindings))


def _check_flows(request: Request, contacts: Sequence[Address]) -> None:
    """Refuse flows that could not work (RFC 5626 section 6).

    One REGISTER makes one flow (400). A proxy before us that is not prepared for flows would send
    requests another way (439); a phone that did not ask for that to be told is bound as ever.
    """
    flows = sum(bool(_instance(contact)[1]) for contact in contacts)
    if flows > 1 or (flows and len(contacts) > 1):
        raise _Refused(400)
    if not flows or len(request.vias) == 1 or "outbound" not in request.tokens("Supported"):
        return
    path = request.headers.read("Path") or ()
    first = path[-1].uri if path else None
    if not isinstance(first, SipUri) or "ob" not in first.parameters:
        raise _Refused(439)


def _check_order(request: Request, binding: Binding) -> None:
    """A copy that arrives late must not undo what a later request did."""
    if request.call_id == binding.call_id and request.cseq.number <= binding.cseq:
        raise _Refused(500)


def _expires(request: Request) -> int | None:
    """The Expires header; a malformed one counts as an hour (section 10.2.1.1)."""
    try:
        return request.expires
    except MessageError:
        return HOUR


def _check_security(request: Request) -> None:
    """A `sips:` contact promises TLS on every hop, which a `sip:` URI of one breaks (RFC 5630)."""
    hops = [parse_address(hop).uri for hop in _path(request)]
    if not all(isinstance(uri, SipUri) and uri.is_sips for uri in (request.uri, *hops)):
        raise _Refused(400)


def _acceptable(contact: Address, flow: Flow) -> SipUri:
    """The URI of a contact that calls may be sent to."""
    uri = contact.uri
    if not isinstance(uri, SipUri):
        raise _Refused(400)
    host = uri.address
    if host != flow.remote[0] and (":" in host or host[-1:].isdigit()):
        _check_host(host, flow)
    return uri


def _check_host(host: str, flow: Flow) -> None:
    """Refuse addresses that reach many, nobody, or this machine from outside."""
    try:
        address = ip_address(host)
    except ValueError:
        return  # a name that ends with a digit
    if address.is_multicast or address.is_unspecified or host == "255.255.255.255":
        raise _Refused(400)
    if address.is_loopback and not _is_loopback(flow.remote[0]):
        raise _Refused(400)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _instance(contact: Address) -> tuple[str, int]:
    """`+sip.instance` and `reg-id`; the latter says nothing without the former (RFC 5626)."""
    parameters = contact.parameters
    if not parameters:
        return "", 0
    instance = parameters.get("+sip.instance") or ""
    if not instance or len(instance) > INSTANCE:
        return "", 0
    value = parameters.get("reg-id")
    try:
        return instance, 0 if value is None else number(value, 2**31 - 1)
    except MessageError:
        return instance, 0


def _is_outbound(request: Request) -> bool:
    """Whether a phone has asked for a flow of its own; `_check_flows` has seen that it can work."""
    contacts = request.contacts
    return contacts is not STAR and any(_instance(contact)[1] for contact in contacts)


def _promised(request: Request, flow: Flow) -> list[tuple[str, str]]:
    """What the phone is told about the extensions that it supports."""
    supported = request.tokens("Supported")
    headers: list[tuple[str, str]] = []
    if "path" in supported:
        headers += [("Path", value) for value in request.headers.values("Path")]
    if "outbound" in supported and _is_outbound(request):
        timer = FLOW_TIMER if flow.reliable else UDP_FLOW_TIMER
        headers += [("Require", "outbound"), ("Flow-Timer", str(timer))]
    return headers


def _path(request: Request) -> tuple[str, ...]:
    if "Path" not in request.headers:
        return ()
    values = request.headers.values("Path")
    if len(values) > PATHS:
        raise MessageError(f"Path: more than {PATHS} values")
    for value in request.headers.read("Path") or ():
        if not isinstance(value.uri, SipUri):
            raise _Refused(400)
    return tuple(values)


def _contact(binding: Binding, now: float) -> str:
    text = f"<{binding.uri}>;expires={binding.expires_in(now)}"
    if binding.q != 1.0:
        text += f";q={binding.q:g}"
    if binding.instance:
        text += f";+sip.instance={binding.instance}"
        if binding.reg_id:
            text += f";reg-id={binding.reg_id}"
    return text
