"""`/v1/extensions/{number}/provisioning`: the URL from which a phone configures itself."""

from __future__ import annotations

from aiohttp import web

from softswitch.guard.rights import User
from softswitch.http.provisioning.facts import Facts
from softswitch.http.provisioning.makers import BY_NAME, Maker
from softswitch.http.provisioning.phone_urls import PhoneUrls
from softswitch.http.provisioning.qr_codes import svg
from softswitch.http.users import Users
from softswitch.http.v1.asking import BadQuery, NotServed, answer, asked
from softswitch.http.v1.extensions.provisioning_json import (
    PROVISIONING_OPERATIONS,
    ModelWanted,
    ProvisioningShown,
)
from softswitch.http.v1.serving import served
from softswitch.settings.extensions.phone import PhoneExtension

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
        works = {
            "showProvisioning": self.show,
            "showProvisioningCode": self.picture,
            "renewProvisioning": self.renew,
        }
        return served(PROVISIONING_OPERATIONS, self._users, works)

    async def show(self, request: web.Request, _user: User) -> web.Response:
        """The URLs of a phone."""
        return answer(200, self._shown(request), NO_STORE)

    async def picture(self, request: web.Request, _user: User) -> web.Response:
        """The URL of the file, or the base where no name is known, as a QR code."""
        shown = self._shown(request)
        picture = svg(shown.file_url or shown.url)
        return web.Response(body=picture, content_type="image/svg+xml", headers=NO_STORE)

    async def renew(self, request: web.Request, user: User) -> web.Response:
        """Another URL; on disk when this is answered."""
        await self._urls.renew(self._shown(request).number, user.name)
        return await self.show(request, user)

    def _shown(self, request: web.Request) -> ProvisioningShown:
        """The URLs that are asked for. Raises NotServed, and BadQuery."""
        number = request.match_info["number"]
        phone = self._facts.phone(number)
        if phone is None:
            raise NotServed(404, f"no extension {number[:64]!r} with phones")
        model = asked(request, ModelWanted).model
        if model is not None and model not in BY_NAME:
            raise BadQuery(f"expected one of {', '.join(BY_NAME)}, not {model[:40]!r}")
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
