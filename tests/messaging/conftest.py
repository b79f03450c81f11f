"""Short waits for all tests of messages, and a certificate of this machine."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from softswitch.messaging.delivery.backoff import BackOff


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for seconds in a running switch waits for hundredths here."""
    monkeypatch.setattr("softswitch.messaging.delivery.lane.DISK_PAUSE", 0.01)
    monkeypatch.setattr("softswitch.messaging.smpp.client.PATIENCE_FOR_LINK", 0.05)
    monkeypatch.setattr("softswitch.messaging.smpp.client.RECONNECT", BackOff(0.02, 0.1))
    monkeypatch.setattr("softswitch.messaging.smpp.link.GOODBYE", 0.1)
    monkeypatch.setattr("softswitch.messaging.smpp.rate_limit.FIRST_PAUSE", 0.01)
    monkeypatch.setattr("softswitch.messaging.smpp.server.REFUSAL_DELAY", 0.01)


@dataclass(frozen=True)
class Certificate:
    """The files of a certificate for 127.0.0.1 that signs itself."""

    certificate: Path
    key: Path


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """One certificate for all tests."""
    folder = tmp_path_factory.mktemp("certificate")
    made = Certificate(folder / "cert.pem", folder / "key.pem")
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-keyout", made.key, "-out", made.certificate, "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
        ],
        check=True,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return made
