"""Certificates are read anew when they were replaced, and their end is foretold."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog

from softswitch.app.certificates import (
    certificate_metrics,
    certificates_of,
    renew,
    renew_when_replaced,
    warn_of_expiry,
)
from softswitch.cli.authority import Authority
from softswitch.settings.dialplan.trunks import TrunkSettings
from softswitch.settings.load import Settings
from softswitch.transport.certificates import CertificateError, Certificates

AUTHORITY = Authority.make("Trial CA")


def write(folder: Path, name: str = "server", days: float = 90) -> None:
    issued = AUTHORITY.issue(["sip.example.org"], days=days)
    issued.write(folder / f"{name}.pem", folder / f"{name}.key")


def settings(folder: Path, *further: str) -> Settings:
    """With a certificate called `server`, and these."""
    named = [
        {"certificate": folder / f"{name}.pem", "key": folder / f"{name}.key"} for name in further
    ]
    own = {"certificate": folder / "server.pem", "key": folder / "server.key"}
    return Settings(tls={**own, "certificates": named})  # type: ignore[arg-type]


@contextmanager
def logged() -> Iterator[list[str]]:
    """The events that are written to the log meanwhile."""
    events: list[str] = []
    with structlog.testing.capture_logs() as lines:
        yield events
    events += [str(line["event"]) for line in lines]


def expiry(certificates: Certificates) -> float:
    [metric] = certificate_metrics(certificates)
    value = metric.read()
    assert isinstance(value, dict)
    [when] = value.values()
    return float(when)


async def test_a_replaced_certificate_is_read_once(tmp_path: Path) -> None:
    write(tmp_path)
    certificates = certificates_of(settings(tmp_path))
    before = expiry(certificates)
    looking = asyncio.create_task(renew_when_replaced(certificates, 0.001))
    with logged() as events:
        write(tmp_path, days=180)
        async with asyncio.timeout(5):
            while expiry(certificates) == before:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        await asyncio.sleep(0.02)
    looking.cancel()
    assert events == ["certificates renewed"]


def test_files_that_are_as_they_were_are_not_told_as_renewed(tmp_path: Path) -> None:
    write(tmp_path)
    certificates = certificates_of(settings(tmp_path))
    with logged() as events:
        renew(certificates)
        write(tmp_path, days=180)
        renew(certificates)
        renew(certificates)
    assert events == ["certificates renewed"]


def test_what_cannot_be_used_changes_nothing_and_is_logged(tmp_path: Path) -> None:
    write(tmp_path)
    certificates = certificates_of(settings(tmp_path))
    before = expiry(certificates)
    (tmp_path / "server.pem").write_text("rubbish")
    with logged() as events:
        renew(certificates)
    assert events == ["certificates not renewed"]
    assert expiry(certificates) == before


@pytest.mark.parametrize(
    ("days", "events"),
    [
        (0.5, ["certificate has expired"]),
        (10, ["certificate expires soon"]),
        (90, []),
    ],
)
def test_the_end_of_a_certificate_is_foretold(
    tmp_path: Path, days: float, events: list[str]
) -> None:
    write(tmp_path, days=days)
    with logged() as found:
        warn_of_expiry(certificates_of(settings(tmp_path)))
    assert found == events


def test_a_further_certificate_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(CertificateError) as caught:
        certificates_of(settings(tmp_path, "other"))
    assert caught.value.setting == "tls.certificates[0].certificate"
    assert str(caught.value).startswith("tls.certificates #1.certificate: ")
    assert "PRIVATE" not in json.dumps(str(caught.value))


def test_the_files_of_a_trunk_are_read_at_the_start(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, "client")
    trunk = {
        "name": "carrier",
        "host": "sip.example.net",
        "transport": "tls",
        "certificate": tmp_path / "client.pem",
        "key": tmp_path / "client.key",
    }

    def read(**more: Path) -> Certificates:
        return certificates_of(
            settings(tmp_path).model_copy(
                update={"trunks": (TrunkSettings.model_validate({**trunk, **more}),)}
            )
        )

    certificates = read()
    write(tmp_path, "client")
    assert certificates.are_replaced()
    (tmp_path / "client.key").write_text("rubbish")
    with pytest.raises(CertificateError, match=r"^trunks #1\.key: .*expected a private key"):
        read()
    with pytest.raises(CertificateError, match=r"^trunks #1\.ca: .*cannot be read"):
        read(certificate=tmp_path / "server.pem", key=tmp_path / "server.key", ca=tmp_path / "no")
