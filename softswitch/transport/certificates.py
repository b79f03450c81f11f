"""Our certificates as TLS contexts, by the name a client asks for (RFC 6066 section 3, RFC 9325).

A context that was handed out stays: what `reload` reads is shown to the connections that come
afterwards, and those that are open keep what they have.
"""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from softswitch.settings.mistakes import counted

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:!aNULL:!aDSS"
"Of TLS 1.2: forward secrecy and authenticated encryption (RFC 9325 section 4.2)."
TICKETS = 1
"Of TLS 1.3 for each connection: a client needs one to come back with."
DEMANDS = {
    "off": ssl.CERT_NONE,
    "optional": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}
"What clients must show, by the setting `tls.clients`."

Stamp = tuple[int, int, int]
"Inode, size and time of a file: it was replaced when they differ."


class CertificateError(OSError):
    """A file of a certificate, key or authority that cannot be used."""

    def __init__(self, setting: str, wrong: str) -> None:
        """`setting` is the key that names the file; `wrong` names the file and what is expected."""
        super().__init__(f"{counted(setting)}: {wrong}")
        self.setting = setting
        self.wrong = wrong


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """The files of a certificate that we show."""

    certificate: Path
    key: Path
    names: tuple[str, ...] = ()
    "Names that it is shown for; without any, those in the certificate."
    setting: str = "tls"
    "The table of the settings that names the files."


@dataclass(frozen=True, slots=True)
class Trust:
    """What a connection that we open shows, and whom it believes."""

    own: OwnCertificate | None = None
    "Shown to servers that ask for one; without it, the first of ours."
    ca: Path | None = None
    "Authorities that may sign the server's; without it, those of [tls], else of the system."
    setting: str = "tls"
    "The table of the settings that names the file of authorities."


@dataclass(frozen=True, slots=True)
class _Shown:
    """A certificate as read from disk."""

    context: ssl.SSLContext
    names: frozenset[str]
    expires: datetime


class Certificates:
    """All certificates of the switch; a server shows the one whose name the client asks for."""

    def __init__(
        self, own: Sequence[OwnCertificate] = (), *, ca: Path | None = None, clients: str = "off"
    ) -> None:
        """The first of `own` is for clients that ask for no name of ours.

        `clients` is the setting `tls.clients`. Raises CertificateError.
        """
        self._own = tuple(own)
        self._ca = ca
        self._demand = DEMANDS[clients]
        self._shown: list[_Shown] = []
        self._servers: dict[bool, ssl.SSLContext] = {}
        self._clients: dict[Trust, ssl.SSLContext] = {}
        self._stamps: dict[Path, Stamp | None] = {}
        self.reload()

    def server_context(self, *, asks_clients: bool = False) -> ssl.SSLContext:
        """The context of a listener, the same every time.

        `asks_clients` is for SIP: browsers would bother their users with the question. Raises
        CertificateError when there is no certificate.
        """
        if not self._shown:
            raise CertificateError("tls.certificate", "missing, expected a certificate and its key")
        if asks_clients not in self._servers:
            context = self._new_server()
            context.verify_mode = self._demand if asks_clients else ssl.CERT_NONE
            context.sni_callback = self._choose
            self._servers[asks_clients] = context
        return self._servers[asks_clients]

    def client_context(self, trust: Trust | None = None) -> ssl.SSLContext:
        """The context of a connection that we open, until the next reload.

        It checks who signed the certificate, and not whose it is: `identities` does. Raises
        CertificateError.
        """
        trust = trust or Trust()
        if trust not in self._clients:
            self._clients[trust] = self._new_client(trust)
        return self._clients[trust]

    def reload(self) -> None:
        """Read all files anew, for the connections from now on.

        Raises CertificateError when one cannot be used; then nothing changes.
        """
        stamps = {path: _stamp(path) for path in self._files(self._clients)}
        shown = [self._read(own) for own in self._own]
        clients = {trust: self._new_client(trust) for trust in self._clients}
        self._shown, self._clients, self._stamps = shown, clients, stamps

    def are_replaced(self) -> bool:
        """Whether a file on disk is another one than at the last reload."""
        files = self._files(self._clients)
        return any(_stamp(path) != self._stamps.get(path) for path in files)

    def expiries(self) -> Iterator[tuple[str, datetime]]:
        """File and end of validity of each certificate that servers show."""
        for own, shown in zip(self._own, self._shown, strict=True):
            yield str(own.certificate), shown.expires

    # ------------------------------------------------------------------ choosing

    def _choose(
        self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext
    ) -> None:
        """Give a new connection the newest certificate for the name that the client asks for."""
        connection.context = self._for(name or "").context

    def _for(self, name: str) -> _Shown:
        name = name.lower().rstrip(".")
        wild = f"*.{name.partition('.')[2]}"
        for wanted in (name, wild):
            for shown in self._shown:
                if wanted in shown.names:
                    return shown
        return self._shown[0]

    # ------------------------------------------------------------------ reading

    def _files(self, clients: dict[Trust, ssl.SSLContext]) -> Iterator[Path]:
        owns = [*self._own, *(trust.own for trust in clients if trust.own is not None)]
        for own in owns:
            yield from (own.certificate, own.key)
        yield from (ca for ca in (self._ca, *(trust.ca for trust in clients)) if ca is not None)

    def _read(self, own: OwnCertificate) -> _Shown:
        leaf = _load(own)
        context = self._new_server()
        context.verify_mode = self._demand  # else `getpeercert` keeps the client's name to itself
        _show(context, own)
        names = own.names or tuple(names_in(leaf))
        return _Shown(
            context,
            frozenset(name.lower().rstrip(".") for name in names),
            leaf.not_valid_after_utc,
        )

    def _new_server(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        _restrict(context)
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
        context.num_tickets = TICKETS
        if self._ca is not None:
            _believe(context, self._ca, "tls")
        return context

    def _new_client(self, trust: Trust) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _restrict(context)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        own = trust.own or (self._own[0] if self._own else None)
        if own is not None:
            _load(own)
            _show(context, own)
        if trust.ca is not None:
            _believe(context, trust.ca, trust.setting)
        elif self._ca is not None:
            _believe(context, self._ca, "tls")
        else:
            context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        return context


def names_in(certificate: Certificate) -> list[str]:
    """The host names of a certificate: its dNSName entries, else the common name."""
    from cryptography import x509

    with contextlib.suppress(x509.ExtensionNotFound, ValueError):
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return found.value.get_values_for_type(x509.DNSName)
    common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return [str(name.value) for name in common]


def _restrict(context: ssl.SSLContext) -> None:
    """TLS 1.2 and 1.3, without what RFC 9325 section 3 forbids."""
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_ciphers(CIPHERS)


def _load(own: OwnCertificate) -> Certificate:
    """Read a certificate, and see that the key belongs to it."""
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_private_key,
    )

    leaf = _leaf(own.certificate, f"{own.setting}.certificate")
    setting = f"{own.setting}.key"
    try:
        key = load_pem_private_key(_octets(own.key, setting), None)
    except TypeError:
        wrong = f"{own.key} has a password, expected a key without one"
        raise CertificateError(setting, wrong) from None
    except ValueError:
        raise CertificateError(setting, f"{own.key}: expected a private key in PEM") from None
    form = Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    if key.public_key().public_bytes(*form) != leaf.public_key().public_bytes(*form):
        wrong = f"{own.key} is not the key of {own.certificate}"
        raise CertificateError(setting, f"{wrong}, expected the one that belongs to it")
    return leaf


def _leaf(path: Path, setting: str) -> Certificate:
    """The first certificate of a file."""
    from cryptography.x509 import load_pem_x509_certificates

    octets = _octets(path, setting)
    try:
        return load_pem_x509_certificates(octets)[0]
    except ValueError:
        raise CertificateError(setting, f"{path}: expected a certificate in PEM") from None


def _octets(path: Path, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        wrong = f"{path} cannot be read: {error.strerror}"
        raise CertificateError(setting, f"{wrong}, expected a PEM file") from None


def _show(context: ssl.SSLContext, own: OwnCertificate) -> None:
    try:
        context.load_cert_chain(own.certificate, own.key, password=_no_password)
    except (OSError, ValueError) as error:  # too short a key, or replaced while we read
        wrong = f"{own.certificate} cannot be used: {_reason(error)}"
        raise CertificateError(f"{own.setting}.certificate", wrong) from None


def _no_password() -> str:
    """Instead of a question at the terminal."""
    raise ValueError("the key has a password")


def _believe(context: ssl.SSLContext, ca: Path, setting: str) -> None:
    key = f"{setting}.ca"
    _leaf(ca, key)
    try:
        context.load_verify_locations(cafile=ca)
    except (OSError, ValueError) as error:
        raise CertificateError(key, f"{ca} cannot be used: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    reason = error.reason if isinstance(error, ssl.SSLError) else None
    return (reason or str(error)).replace("_", " ").lower()


def _stamp(path: Path) -> Stamp | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
