"""Where a phone fetches its file, as JSON; `openapi.py` describes these very classes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.operations import Operation


class ModelWanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose phone it is."""

    model: Annotated[
        str | None,
        Meta(description="The maker, such as yealink; else what the settings say of the phone."),
    ] = None


class ProvisioningShown(msgspec.Struct, frozen=True, kw_only=True):
    """Where the phone of an extension fetches its file."""

    number: str
    model: Annotated[str | None, Meta(description="The maker or the template; null for any.")]
    url: Annotated[
        str,
        Meta(description="The base URL: phones add the name of their file. It is a secret."),
    ]
    file_url: Annotated[
        str | None,
        Meta(description="The URL with such a name; null where neither model nor MAC tells it."),
    ]


PATH = "/extensions/{number}/provisioning"
UNKNOWN = ("No phones register with such an extension.", Problem)

PROVISIONING_OPERATIONS = (
    Operation(
        path=PATH,
        id="showProvisioning",
        right=Right.ADMINISTER,
        summary="Where the phone of an extension fetches its file.",
        query=ModelWanted,
        answers={
            200: ("The URLs.", ProvisioningShown),
            400: ("The model is not known.", Problem),
            404: UNKNOWN,
        },
    ),
    Operation(
        path=f"{PATH}/qr",
        id="showProvisioningCode",
        right=Right.ADMINISTER,
        summary="The URL as a QR code, for the camera of a softphone.",
        query=ModelWanted,
        answers={
            200: ("A picture.", "image/svg+xml"),
            400: ("The model is not known.", Problem),
            404: UNKNOWN,
        },
    ),
    Operation(
        path=f"{PATH}/renew",
        method="post",
        id="renewProvisioning",
        right=Right.ADMINISTER,
        summary="Give the phone another URL; the old one is worthless from now on.",
        query=ModelWanted,
        answers={
            200: ("The new URLs.", ProvisioningShown),
            400: ("The model is not known; the URL is what it was.", Problem),
            404: UNKNOWN,
            503: ("The database takes nothing; the URL is what it was.", Problem),
        },
    ),
)
"What `provisioning_api.py` serves."
