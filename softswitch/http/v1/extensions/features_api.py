"""`/v1/extensions/{number}/features`: what becomes of the calls to an extension.

A change takes `If-Match`, so that two who change the same extension hear of each other (412).
"""

from __future__ import annotations

import hashlib

import msgspec
from aiohttp import web

from softswitch.calls.features.features import ChosenFeatures, Condition
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.routing import Unroutable
from softswitch.calls.setup.wishes import check_forward
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, answer
from softswitch.http.v1.bodies import body_of, seen_by
from softswitch.http.v1.extensions.features_json import (
    FEATURE_OPERATIONS,
    FeaturesPatch,
    FeaturesShown,
    show_features,
)
from softswitch.http.v1.serving import served


class FeaturesApi:
    """Shows and changes the features of extensions."""

    def __init__(self, plan: DialPlan, users: Users) -> None:
        self._plan = plan
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works = {"showFeatures": self.show, "changeFeatures": self.change}
        return served(FEATURE_OPERATIONS, self._users, works)

    async def show(self, request: web.Request, _user: User) -> web.Response:
        """The features of an extension."""
        return self._answer(self._extension(request))

    async def change(self, request: web.Request, user: User) -> web.Response:
        """Change features of an extension; on disk when this is answered."""
        extension = self._extension(request)
        patch = await body_of(request, FeaturesPatch)
        try:
            self._check(extension, patch)
        except Unroutable as error:
            raise NotServed(400, str(error)) from None
        seen = seen_by(request, needed=False)

        def changed(chosen: ChosenFeatures) -> ChosenFeatures:
            if seen is not None and _tag(self._shown(extension)) not in seen:
                raise NotServed(412, "the features have been changed meanwhile, read them again")
            return patch.on(chosen, chosen.on(extension.settings))

        await self._plan.features.change(extension.number, user.name, changed)
        return self._answer(extension)

    def _extension(self, request: web.Request) -> Extension:
        """The extension that is meant, if phones register with it. Raises NotServed."""
        number = request.match_info["number"]
        found = self._plan.directory.find(number)
        if found is None or not found.kind.registers:
            raise NotServed(404, f"no extension {number[:64]!r} with phones")
        return found

    def _check(self, extension: Extension, patch: FeaturesPatch) -> None:
        """Raises Unroutable for a number that calls to the extension may not be forwarded to."""
        for condition in Condition:
            forward = getattr(patch, condition.value)
            if forward and forward.target:
                try:
                    check_forward(self._plan, extension, forward.target)
                except Unroutable as error:
                    raise Unroutable(error.status, f"{condition.value}: {error}") from None

    def _shown(self, extension: Extension) -> FeaturesShown:
        chosen = self._plan.features.chosen(extension.number)
        return show_features(self._plan.features_of(extension), chosen)

    def _answer(self, extension: Extension) -> web.Response:
        shown = self._shown(extension)
        return answer(200, shown, {"ETag": _tag(shown)})


def _tag(shown: FeaturesShown) -> str:
    digest = hashlib.blake2b(msgspec.json.encode(shown), digest_size=12).hexdigest()
    return f'"{digest}"'
