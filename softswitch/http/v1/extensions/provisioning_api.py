"""`/v1/extensions/{number}/provisioning`: the URL from which a phone configures itself."""

from __future__ import annotations

from aiohttp import web

from softswitch.http.provisioning.facts import Facts
from softswitch.http.provisioning.makers import BY_NAME, Maker
from softswitch.http.provisioning.phone_urls import PhoneUrls
from softswitch.http.provisioning.qr_codes import svg
from softswitch.http.users import Users
from softswitch.http.v1.asking import BadQuery, Problem, answer, asked, refusal, requester
from softswitch.http.v1.extensions.provisioning_json import PATH, ModelWanted, ProvisioningShown
from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.store.errors import StoreError

NO_STORE = {"Cache-Control": "no-store"}
"The URL is a secret: nobody on the way keeps it."


class ProvisioningApi:
    """Tells the URLs of phones, and renews them."""

    def __init__(self, facts: Facts, urls: PhoneUrls, users: Users) -> None:
        self._facts = facts
        self._urls = urls
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        path = f"/v1{PATH}"
        return [
            web.get(path, self.show),
            web.get(f"{path}/qr", self.picture),
            web.post(f"{path}/renew", self.renew),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """The URLs of a phone."""
        shown = self._shown(request)
        return shown if isinstance(shown, web.Response) else answer(200, shown, NO_STORE)

    async def picture(self, request: web.Request) -> web.Response:
        """The URL of the file, or the base where no name is known, as a QR code."""
        shown = self._shown(request)
        if isinstance(shown, web.Response):
            return shown
        picture = svg(shown.file_url or shown.url)
        return web.Response(body=picture, content_type="image/svg+xml", headers=NO_STORE)

    async def renew(self, request: web.Request) -> web.Response:
        """Another URL; on disk when this is answered."""
        shown = self._shown(request)
        if isinstance(shown, web.Response):
            return shown
        try:
            await self._urls.renew(shown.number, requester(request))
        except StoreError as error:
            return answer(503, Problem(error=f"the change could not be stored: {error}"))
        return await self.show(request)

    def _shown(self, request: web.Request) -> ProvisioningShown | web.Response:
        """The URLs that are asked for, or why they are not told."""
        if (refused := refusal(request, self._users)) is not None:
            return refused
        number = request.match_info["number"]
        phone = self._facts.phone(number)
        if phone is None:
            return answer(404, Problem(error=f"no extension {number[:64]!r} with phones"))
        try:
            model = asked(request, ModelWanted).model
        except BadQuery as error:
            return answer(400, Problem(error=str(error)))
        if model is not None and model not in BY_NAME:
            known = ", ".join(BY_NAME)
            return answer(400, Problem(error=f"expected one of {known}, not {model[:40]!r}"))
        chosen = phone[1]
        model = model or chosen.model
        file = _file(BY_NAME.get(model or ""), chosen)
        return ProvisioningShown(
            number=number,
            model=model,
            url=self._urls.url(number),
            file_url=None if file is None else self._urls.url(number, file),
        )


def _file(maker: Maker | None, chosen: PhoneExtension) -> str | None:
    """The name that the phone will ask for; None where that is not known."""
    if maker is None or ("{mac}" in maker.example and chosen.mac is None):
        return None
    return maker.example.replace("{mac}", chosen.mac or "")
