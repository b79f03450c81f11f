"""`/v1/registrations`: the phones that are registered, whether they answer, and their end."""

from __future__ import annotations

import time
from collections.abc import Iterator

import structlog
from aiohttp import web

from softswitch.calls.numbers.registrations import Binding, Registrations
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, answer, asked
from softswitch.http.v1.registrations.registrations_json import (
    REGISTRATION_OPERATIONS,
    PingShown,
    RegistrationFilter,
    RegistrationShown,
    RegistrationsShown,
    show_registration,
)
from softswitch.http.v1.serving import served
from softswitch.transport.keepalive import PhoneWatch

log = structlog.get_logger("softswitch.registrations")


class RegistrationsApi:
    """Shows registrations, asks phones, and ends registrations."""

    def __init__(self, registrations: Registrations, phones: PhoneWatch, users: Users) -> None:
        self._registrations = registrations
        self._phones = phones
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works = {
            "listRegistrations": self.list,
            "showRegistration": self.show,
            "endRegistration": self.end,
            "pingPhone": self.ping,
        }
        return served(REGISTRATION_OPERATIONS, self._users, works)

    async def list(self, request: web.Request, user: User) -> web.Response:
        """A page of registrations, by number."""
        wanted = asked(request, RegistrationFilter)
        found = sorted(self._found(wanted, user), key=lambda one: (one.extension, one.id))
        page = found[wanted.offset : wanted.offset + wanted.limit]
        now = time.time()
        return answer(
            200,
            RegistrationsShown(
                total=len(found),
                offset=wanted.offset,
                limit=wanted.limit,
                registrations=[self._shown(binding, now) for binding in page],
            ),
        )

    async def show(self, request: web.Request, user: User) -> web.Response:
        """One registration."""
        return answer(200, self._shown(self._binding(request, user), time.time()))

    async def end(self, request: web.Request, user: User) -> web.Response:
        """Forget a registration."""
        binding = self._binding(request, user)
        await self._registrations.remove(binding)
        about = {"extension": binding.extension, "contact": str(binding.uri)}
        log.warning("registration ended", **about, by=user.name)
        return web.Response(status=204)

    async def ping(self, request: web.Request, user: User) -> web.Response:
        """Ask a phone whether it is there."""
        binding = self._binding(request, user)
        answered = await self._phones.ping(binding) is not None
        shown = self._shown(binding, time.time())
        return answer(200, PingShown(answered=answered, registration=shown))

    def _found(self, wanted: RegistrationFilter, user: User) -> Iterator[Binding]:
        """The registrations that fit and concern the user, those that have run out left out."""
        now = time.time()
        for binding in self._registrations:
            fits = (
                wanted.number in ("", binding.extension)
                and wanted.source in ("", binding.flow.remote[0])
                and wanted.transport in (None, binding.flow.transport)
            )
            if fits and binding.expires_at > now and user.owns(binding.extension):
                yield binding

    def _binding(self, request: web.Request, user: User) -> Binding:
        """The registration of the path. Raises NotServed where there is none."""
        wanted = request.match_info["id"]
        for binding in self._found(RegistrationFilter(), user):
            if str(binding.id) == wanted:
                return binding
        raise NotServed(404, f"no registration {wanted[:20]!r}")

    def _shown(self, binding: Binding, now: float) -> RegistrationShown:
        trip = self._phones.round_trip(binding)
        return show_registration(binding, self._registrations, trip, now)
