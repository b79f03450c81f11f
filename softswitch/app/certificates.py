"""The certificates of [tls] and of trunks, and their renewal while the switch runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import structlog

from softswitch.settings.dialplan.trunks import TrunkSettings
from softswitch.settings.load import Settings
from softswitch.telemetry.metrics import Metric
from softswitch.transport.certificates import CertificateError, Certificates, OwnCertificate, Trust

LOOK_SECONDS = 60.0
"How often the files are looked at."
SOON = timedelta(days=14)
"An end of validity that is nearer is written to the log at every start and reload."

log = structlog.get_logger()


def certificates_of(settings: Settings) -> Certificates:
    """Read the files of [tls], and those of trunks; raises CertificateError."""
    tls = settings.tls
    own: list[OwnCertificate] = []
    if tls.certificate is not None and tls.key is not None:
        own.append(OwnCertificate(tls.certificate, tls.key))
    for index, named in enumerate(tls.certificates):
        table = f"tls.certificates[{index}]"
        own.append(OwnCertificate(named.certificate, named.key, named.names, table))
    certificates = Certificates(own, ca=tls.ca, clients=tls.clients)
    for index, trunk in enumerate(settings.trunks):
        if trunk.may_use_tls:
            certificates.client_context(trust_of(index, trunk))
    return certificates


def trust_of(index: int, trunk: TrunkSettings) -> Trust:
    """What the trunk is shown, and whom it is believed; `index` is its place in the settings."""
    table, own = f"trunks[{index}]", None
    if trunk.certificate is not None and trunk.key is not None:
        own = OwnCertificate(trunk.certificate, trunk.key, setting=table)
    return Trust(own, trunk.ca, table)


def renew(certificates: Certificates) -> None:
    """Read the files anew, and say so in the log where one is new; a bad one changes nothing."""
    are_new = certificates.are_replaced()
    try:
        certificates.reload()
    except CertificateError as error:
        log.error("certificates not renewed", reason=str(error))
        return
    if are_new:
        log.info("certificates renewed")
    warn_of_expiry(certificates)


def warn_of_expiry(certificates: Certificates) -> None:
    """Say which certificates have expired, or will soon."""
    now = datetime.now(UTC)
    for file, expires in certificates.expiries():
        if expires - now < SOON:
            event = "certificate expires soon" if expires > now else "certificate has expired"
            log.warning(event, file=file, expires=expires.isoformat())


async def renew_when_replaced(certificates: Certificates, seconds: float = LOOK_SECONDS) -> None:
    """Renew the certificates whenever a file was replaced, until cancelled."""
    while True:
        await asyncio.sleep(seconds)
        if certificates.are_replaced():
            renew(certificates)


def certificate_metrics(certificates: Certificates) -> Iterator[Metric]:
    """How long the certificates are valid."""
    yield Metric(
        "certificate_expiry_timestamp_seconds",
        "When each certificate of [tls] ends to be valid, by its file",
        lambda: {file: expires.timestamp() for file, expires in certificates.expiries()},
        "file",
    )
