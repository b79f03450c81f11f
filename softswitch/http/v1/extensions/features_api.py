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
from softswitch.http.users import Users
from softswitch.http.v1.asking import Problem, answer, refusal, requester
from softswitch.http.v1.extensions.features_json import (
    FeaturesPatch,
    FeaturesShown,
    show_features,
)
from softswitch.store.errors import StoreError

PATH = "/v1/extensions/{number}/features"


class ChangedMeanwhile(Exception):
    """The features are no longer those that the requester has seen."""


class FeaturesApi:
    """Shows and changes the features of extensions."""

    def __init__(self, plan: DialPlan, users: Users) -> None:
        self._plan = plan
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        return [web.get(PATH, self.show), web.patch(PATH, self.change)]

    async def show(self, request: web.Request) -> web.Response:
        """The features of an extension."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        extension = self._extension(request)
        return _unknown(request) if extension is None else self._answer(extension)

    async def change(self, request: web.Request) -> web.Response:
        """Change features of an extension; on disk when this is answered."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        extension = self._extension(request)
        if extension is None:
            return _unknown(request)
        try:
            patch = msgspec.json.decode(await request.read(), type=FeaturesPatch)
            self._check(extension, patch)
        except (msgspec.DecodeError, Unroutable) as error:
            return answer(400, Problem(error=str(error)))
        seen = request.headers.get("If-Match")

        def changed(chosen: ChosenFeatures) -> ChosenFeatures:
            if seen not in (None, "*", _tag(self._shown(extension))):
                raise ChangedMeanwhile
            return patch.on(chosen, chosen.on(extension.settings))

        by = requester(request)
        try:
            await self._plan.features.change(extension.number, by, changed)
        except ChangedMeanwhile:
            sentence = "the features have been changed meanwhile, read them again"
            return answer(412, Problem(error=sentence))
        except StoreError as error:
            return answer(503, Problem(error=f"the change could not be stored: {error}"))
        return self._answer(extension)

    def _extension(self, request: web.Request) -> Extension | None:
        """The extension that is meant, if phones register with it."""
        found = self._plan.directory.find(request.match_info["number"])
        return found if found is not None and found.kind.registers else None

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


def _unknown(request: web.Request) -> web.Response:
    number = request.match_info["number"][:64]
    return answer(404, Problem(error=f"no extension {number!r} with phones"))
