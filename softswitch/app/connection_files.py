"""Whether the certificates and keys of connections can be used, before anything is started."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

from softswitch.settings import connections as entries

Mistake = tuple[str, str]
"Key, and what is wrong with the file that it names."

NEEDS_PASSPHRASE = "needs a passphrase, expected a key without one"


def wrong_certificates(connection: entries.Connection) -> Iterator[Mistake]:
    """What is wrong with the files that a connection names for TLS."""
    match connection:
        case entries.SmppServerSettings(certificate=Path() as certificate, key=Path() as key):
            yield from _wrong_pair(certificate, key)
        case entries.SmppConnectionSettings(ca_file=Path() as file) if connection.tls:
            yield from _wrong_authorities(file)
        case entries.EmailConnectionSettings(ca_file=Path() as file) if connection.tls != "none":
            yield from _wrong_authorities(file)


def _wrong_authorities(file: Path) -> Iterator[Mistake]:
    if (wrong := _unreadable(file)) is not None:
        yield "ca_file", wrong
        return
    try:
        ssl.create_default_context(cafile=str(file))
    except ssl.SSLError:
        yield "ca_file", f"{file} holds no certificate, expected PEM"


def _wrong_pair(certificate: Path, key: Path) -> Iterator[Mistake]:
    unreadable = {"certificate": _unreadable(certificate), "key": _unreadable(key)}
    if any(unreadable.values()):
        yield from ((name, wrong) for name, wrong in unreadable.items() if wrong is not None)
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    asked: list[None] = []

    def no_passphrase() -> str:
        asked.append(None)
        return ""

    try:
        context.load_cert_chain(certificate, key, password=no_passphrase)
    except (ssl.SSLError, ValueError) as error:
        if asked:
            yield "key", f"{key} {NEEDS_PASSPHRASE}"
        elif getattr(error, "reason", "") == "KEY_VALUES_MISMATCH":
            yield "key", f"{key} belongs to another certificate than {certificate}"
        elif "BEGIN CERTIFICATE" not in certificate.read_text(errors="replace"):
            yield "certificate", f"{certificate} holds no certificate, expected PEM"
        else:
            yield "key", f"{key} and {certificate} cannot be used, expected a key and its PEM"


def _unreadable(file: Path) -> str | None:
    try:
        with file.open("rb"):
            return None
    except OSError as error:
        return f"{file} cannot be read: {error.strerror}, expected PEM"
