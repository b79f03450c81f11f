"""The bindings of phones: in memory for routing, and on disk before they are acknowledged.

The 200 leaves only after the commit (RFC 3261 section 10.3 step 8 and our own promise). Several
REGISTERs of one extension may wait for the disk together: each is worked out on what the ones
before it will leave behind, and each becomes visible, alone, when its own write is done.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, count
from typing import Protocol

import structlog

from softswitch.sip.effects import Flow
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import Request, Response, response_to
from softswitch.sip.message.uri import SipUri, parse_uri
from softswitch.sip.registrar.registrar import Binding, Registrar, RegistrarLimits, Update
from softswitch.store.bindings import BindingRow, drop, save
from softswitch.store.database.changes import Change
from softswitch.store.errors import StoreError
from softswitch.telemetry.metrics import Metric

__all__ = ["Binding", "RegistrarLimits", "Registrations"]

_LOG = structlog.get_logger("softswitch.registrations")

SWEEP = 30.0
"Seconds between two looks for expired bindings; routing never sees them, whatever this is."
WAITING = 64
"REGISTERs of one extension that may wait for the disk at a time."
FORGOTTEN_AT_ONCE = 50
"Extensions whose bindings are dropped before others have their turn."
RETRY_AFTER = ("Retry-After", "5")


class BindingStore(Protocol):
    """The store as registrations need it."""

    def write(self, *changes: Change) -> asyncio.Future[None]:
        """The future is done when the changes are on disk; raises StoreError."""

    async def load_bindings(self) -> list[BindingRow]:
        """All rows."""


class Registrations:
    """The location service of all extensions."""

    def __init__(
        self,
        store: BindingStore,
        registrar: Registrar | None = None,
        *,
        clock: Callable[[], float] = time.time,
        reconnect_time: float = 0.0,
    ) -> None:
        """`reconnect_time`: seconds in which a phone may connect again.

        So long the bindings of a page outlive its WebSocket, and calls wait for a phone whose
        connection is gone.
        """
        self._store = store
        self._registrar = registrar or Registrar()
        self._clock = clock
        self._ids = count(1)
        self._bindings: dict[str, tuple[Binding, ...]] = {}
        "What is on disk, by extension."
        self._waiting: dict[str, list[Update]] = {}
        "What is on its way to the disk, by extension, in order."
        self._connected: dict[Flow, set[str]] = {}
        "Extensions that have registered over a connection."
        self._reconnect_time = reconnect_time
        self._leaving: dict[Flow, asyncio.TimerHandle] = {}
        "WebSockets that have ended, whose bindings are about to go."
        self._lost: dict[str, asyncio.TimerHandle] = {}
        "Extensions that have just lost a binding with its connection: their phone may come back."
        self.is_silent: Callable[[Binding], bool] = _is_never_silent
        "Whether a phone is bound and answers nothing any more, where somebody asks phones."
        self.listeners: list[Callable[[str], None]] = []
        "Told of the extension after each change of its bindings."
        self.gone: list[Callable[[Flow], None]] = []
        "Told when a connection of a phone has ended."
        self.moved: list[Callable[[Flow, Flow], None]] = []
        "Told when a phone has come back by another connection: the old one, and the new one."

    async def load(self) -> None:
        """Restore the bindings that have not expired; to be awaited before the first datagram.

        Raises StoreError when the database cannot be read.
        """
        rows = await self._store.load_bindings()
        now = self._clock()
        restored: dict[str, list[Binding]] = {}
        for row in rows:
            if row.expires_at > now:
                binding = _binding(row)
                if binding is not None:
                    restored.setdefault(row.extension, []).append(binding)
        self._bindings = {extension: tuple(found) for extension, found in restored.items()}
        self._ids = count(max((row.id for row in rows), default=0) + 1)
        kept = {binding.id for binding in self}
        expired = [row.id for row in rows if row.id not in kept]
        if expired:
            await self._store.write(*map(drop, expired))
        _LOG.info("registrations restored", bindings=len(kept), expired=len(expired))

    async def register(self, request: Request, flow: Flow, user: str) -> Response:
        """Answer an authenticated REGISTER for the extension `user`, when the change is on disk."""
        bindings = self._expected(user)
        now = self._clock()
        update = self._registrar.update(
            request,
            flow,
            user,
            [binding for binding in bindings if binding.expires_at > now],
            now=now,
            ids=self._next_id,
        )
        if isinstance(update, Response):
            return update
        if update:
            try:
                await self._write(user, update)
                self._await_no_more(user)
            except StoreError as error:
                _LOG.error("registration not stored", extension=user, error=str(error))
                return response_to(request, 503, to_tag=None, headers=[RETRY_AFTER])
        return self._registrar.accepted(request, flow, self._bindings.get(user, ()), self._clock())

    def connection_gone(self, flow: Flow) -> None:
        """Forget the bindings whose connection has ended: nothing else leads to their phones.

        A phone that comes back registers anew. A page does so within seconds when it was loaded
        anew or had no network, so its bindings wait.
        """
        if flow.is_web_socket and self._reconnect_time and flow in self._connected:
            loop = asyncio.get_running_loop()
            self._stay(flow)
            self._leaving[flow] = loop.call_later(self._reconnect_time, self._leave, flow)
        elif flow in self._connected:
            self._leave(flow)
        else:
            return
        for listener in self.gone:
            listener(flow)

    def _stay(self, flow: Flow) -> None:
        """Keep the bindings of a connection, which is there again."""
        if (leaving := self._leaving.pop(flow, None)) is not None:
            leaving.cancel()

    def _leave(self, flow: Flow) -> None:
        """Forget the bindings that have this connection still."""
        self._leaving.pop(flow, None)
        for extension in self._connected.pop(flow, ()):
            ids = tuple(binding.id for binding in self._expected(extension) if binding.flow == flow)
            if ids:
                _LOG.info("registration gone with its connection", extension=extension)
                gone = Update(dropped=ids)
                if not flow.is_web_socket:
                    self._await(extension)
                # No call may try the connection while the database writes.
                self._apply(extension, gone)
                try:
                    self._write(extension, gone).add_done_callback(_note_failure)
                except StoreError as error:
                    _LOG.error("lost registration not removed", error=str(error))

    def _await(self, extension: str) -> None:
        """Let calls wait for a phone that has just lost its connection, for a while."""
        self._await_no_more(extension)
        if self._reconnect_time:
            loop = asyncio.get_running_loop()
            self._lost[extension] = loop.call_later(
                self._reconnect_time, self._lost.pop, extension, None
            )

    def _await_no_more(self, extension: str) -> None:
        """Take note that the phone has registered, or has said that it leaves."""
        if (awaited := self._lost.pop(extension, None)) is not None:
            awaited.cancel()

    def kept(self) -> Iterable[str]:
        """Nobody: what is bound runs out by itself, and phones of nobody are not let in."""
        return ()

    async def forget(self, extensions: Iterable[str]) -> None:
        """Drop all bindings of extensions that are there no more; their phones are told by `reg`.

        Those that the database does not drop now go when they expire.
        """
        for turn, extension in enumerate(extensions):
            ids = tuple(binding.id for binding in self._expected(extension))
            if ids:
                self._await_no_more(extension)
                gone = Update(dropped=ids)
                self._apply(extension, gone)  # no call rings them while the database writes
                try:
                    self._write(extension, gone).add_done_callback(_note_failure)
                except StoreError as error:
                    _LOG.error("registration not removed", extension=extension, error=str(error))
            if turn % FORGOTTEN_AT_ONCE == 0:
                await asyncio.sleep(0)

    async def remove(self, binding: Binding) -> None:
        """Drop one binding, whose phone is rung no more until it registers anew.

        It is off the disk on return. Raises StoreError.
        """
        gone = Update(dropped=(binding.id,))
        self._await_no_more(binding.extension)
        self._apply(binding.extension, gone)  # no call rings it while the database writes
        await self._write(binding.extension, gone)

    def contacts(self, extension: str) -> list[Binding]:
        """Where the phones of an extension can be reached now, best q first, then the latest first.

        A phone that has several flows is there by the latest; `other_flows` has the others.
        """
        bindings = self._bindings.get(extension)
        if not bindings:
            return []
        now = self._clock()
        found = [
            binding
            for binding in bindings
            if binding.expires_at > now
            and not self.is_away(binding.flow)
            and not self.is_silent(binding)
        ]
        if len(found) > 1:
            found.sort(key=lambda binding: (-binding.q, -binding.registered_at))
            found = _one_flow_each(found)
        return found

    def other_flows(self, binding: Binding) -> list[Binding]:
        """The other flows of the same phone, the latest first (RFC 5626 section 5.3)."""
        if not binding.reg_id:
            return []
        now = self._clock()
        found = [
            other
            for other in self._bindings.get(binding.extension, ())
            if other.instance == binding.instance
            and other.reg_id
            and other.id != binding.id
            and other.expires_at > now
            and not self.is_away(other.flow)
        ]
        found.sort(key=lambda other: -other.registered_at)
        return found

    def is_away(self, flow: Flow) -> bool:
        """Whether this connection is gone, and its phone may make another one.

        That is so after a restart of the switch, and for a page that is being loaded anew.
        """
        return flow.reliable and (flow not in self._connected or flow in self._leaving)

    def is_awaited(self, extension: str) -> bool:
        """Whether a phone is bound or was until now, and none can be reached until it is back."""
        now = self._clock()
        bindings = self._bindings.get(extension, ())
        away = any(each.expires_at > now and self.is_away(each.flow) for each in bindings)
        return (away or extension in self._lost) and not self.contacts(extension)

    async def returned(self, extensions: Collection[str]) -> None:
        """Wait until a phone of one of the extensions has connected again, for a while at most."""
        back = asyncio.Event()

        def look(extension: str) -> None:
            if extension in extensions and self.contacts(extension):
                back.set()

        self.listeners.append(look)
        try:
            async with asyncio.timeout(self._reconnect_time):
                await back.wait()
        except TimeoutError:
            pass
        finally:
            self.listeners.remove(look)

    async def sweep(self) -> int:
        """Forget the bindings that have expired; returns how many there were."""
        now = self._clock()
        expired: dict[str, tuple[int, ...]] = {}
        for extension, bindings in self._bindings.items():
            ids = tuple(binding.id for binding in bindings if binding.expires_at <= now)
            if ids and extension not in self._waiting:
                expired[extension] = ids
        writes = [
            self._write(extension, Update(dropped=ids)) for extension, ids in expired.items()
        ]  # fmt: skip
        await asyncio.gather(*writes, return_exceptions=True)
        return sum(map(len, expired.values()))

    async def run(self) -> None:
        """Sweep from time to time until cancelled; the task belongs to the caller."""
        while True:
            await asyncio.sleep(SWEEP)
            try:
                await self.sweep()
            except StoreError as error:
                _LOG.error("expired registrations not removed", error=str(error))

    def metrics(self) -> Iterator[Metric]:
        """How many bindings there are."""
        yield Metric("registrations", "Contacts that are bound", self.__len__)

    def __iter__(self) -> Iterator[Binding]:
        """All bindings, expired ones included until the next sweep."""
        return chain.from_iterable(self._bindings.values())

    def __len__(self) -> int:
        return sum(map(len, self._bindings.values()))

    def _next_id(self) -> int:
        return next(self._ids)

    def _expected(self, extension: str) -> Sequence[Binding]:
        """The bindings as they will be when all that is waiting has been written."""
        bindings = self._bindings.get(extension, ())
        for update in self._waiting.get(extension, ()):
            bindings = update.applied(bindings)
        return bindings

    def _write(self, extension: str, update: Update) -> asyncio.Future[None]:
        """Hand the update to the store; the future is done when it has taken effect.

        That happens in a callback of the store's own future, so also when the task that waits
        for this one has been cancelled. Raises StoreError, now or through the future.
        """
        waiting = self._waiting.get(extension)
        if waiting is not None and len(waiting) >= WAITING:
            raise StoreError(f"{WAITING} registrations of one extension wait for the database")
        changes = [save(_row(binding)) for binding in update.saved]
        for binding in update.saved:
            if binding.flow.reliable:
                self._stay(binding.flow)
                self._connected.setdefault(binding.flow, set()).add(extension)
        if update.dropped:
            changes += map(drop, update.dropped)
        written = self._store.write(*changes)
        if waiting is None:
            waiting = self._waiting[extension] = []
        waiting.append(update)
        done = asyncio.get_running_loop().create_future()
        written.add_done_callback(partial(self._settle, extension, update, done))
        return done

    def _settle(
        self,
        extension: str,
        update: Update,
        done: asyncio.Future[None],
        written: asyncio.Future[None],
    ) -> None:
        waiting = self._waiting[extension]
        waiting.remove(update)
        if not waiting:
            del self._waiting[extension]
        error = written.exception()
        if error is None:
            before = {binding.id: binding.flow for binding in self._bindings.get(extension, ())}
            self._apply(extension, update)
            self._tell_moves(before, update)
        if done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def _apply(self, extension: str, update: Update) -> None:
        bindings = update.applied(self._bindings.get(extension, ()))
        if bindings:
            self._bindings[extension] = bindings
        else:
            self._bindings.pop(extension, None)
        for listener in self.listeners:
            listener(extension)

    def _tell_moves(self, before: Mapping[int, Flow], update: Update) -> None:
        """Tell whose connection has been replaced: its calls go on by the new one."""
        for binding in update.saved:
            old = before.get(binding.id, binding.flow)
            new, is_other = binding.flow, old != binding.flow
            if is_other and old.reliable and new.reliable and new.is_secure >= old.is_secure:
                for listener in self.moved:
                    listener(old, binding.flow)


def _is_never_silent(_: Binding) -> bool:
    """Believe that every phone is there."""
    return False


def _one_flow_each(bindings: Sequence[Binding]) -> list[Binding]:
    """The first flow of every phone, and the phones without flows of their own."""
    seen: set[str] = set()
    found = []
    for binding in bindings:
        if not binding.reg_id:
            found.append(binding)
        elif binding.instance not in seen:
            seen.add(binding.instance)
            found.append(binding)
    return found


def _note_failure(done: asyncio.Future[None]) -> None:
    """Log that a binding is still on disk, until it expires or the phone registers anew."""
    if (error := done.exception()) is not None:
        _LOG.error("lost registration not removed", error=str(error))


def _row(binding: Binding) -> BindingRow:
    flow = binding.flow
    return BindingRow(
        id=binding.id,
        extension=binding.extension,
        uri=str(binding.uri),
        q=binding.q,
        expires_at=binding.expires_at,
        call_id=binding.call_id,
        cseq=binding.cseq,
        path=list(binding.path),
        instance=binding.instance,
        reg_id=binding.reg_id,
        user_agent=binding.user_agent,
        transport=flow.transport,
        local_host=flow.local[0],
        local_port=flow.local[1],
        remote_host=flow.remote[0],
        remote_port=flow.remote[1],
        registered_at=binding.registered_at,
    )


def _binding(row: BindingRow) -> Binding | None:
    try:
        uri = parse_uri(row.uri)
    except MessageError:
        uri = None
    if not isinstance(uri, SipUri):
        _LOG.warning("stored binding cannot be read", id=row.id, uri=row.uri)
        return None
    local, remote = (row.local_host, row.local_port), (row.remote_host, row.remote_port)
    return Binding(
        id=row.id,
        extension=row.extension,
        uri=uri,
        flow=Flow(row.transport, local, remote),
        expires_at=row.expires_at,
        call_id=row.call_id,
        cseq=row.cseq,
        q=row.q,
        path=tuple(row.path),
        instance=row.instance,
        reg_id=row.reg_id,
        user_agent=row.user_agent,
        registered_at=row.registered_at,
    )
