"""Certificates: chosen by name, read anew without touching what is open, and what is refused."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from softswitch.transport.certificates import CertificateError, Certificates, OwnCertificate, Trust
from tests.certificates import AUTHORITY, OTHER, files, trusting, write_ca


class Joined:
    """A client and a server, joined in memory."""

    def __init__(
        self, server: ssl.SSLContext, client: ssl.SSLContext, name: str | None = None
    ) -> None:
        upward, downward = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = server.wrap_bio(upward, downward, server_side=True)
        self.client = client.wrap_bio(downward, upward, server_hostname=name)
        waiting = [self.client, self.server]
        for _ in range(10):
            for side in list(waiting):
                try:
                    side.do_handshake()
                except ssl.SSLWantReadError:
                    continue
                waiting.remove(side)
        assert not waiting

    def say(self, text: bytes) -> bytes:
        """What the client hears when the server says this."""
        self.server.write(text)
        return self.client.read(len(text))


def shown(
    certificates: Certificates, name: str | None, client: ssl.SSLContext | None = None
) -> list[str]:
    """The names in the certificate that a client gets which asks for this one."""
    client = client or trusting()
    joined = Joined(certificates.server_context(), client, name)
    octets = joined.client.getpeercert(binary_form=True)
    assert octets is not None
    found = x509.load_der_x509_certificate(octets).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    return found.value.get_values_for_type(x509.DNSName)


@pytest.mark.parametrize(
    ("asked", "gets"),
    [
        ("one.example.org", "one.example.org"),
        ("TWO.example.ORG", "two.example.org"),
        ("also-two.example.org", "two.example.org"),
        ("any.example.net", "*.example.net"),
        ("deep.any.example.net", "one.example.org"),
        ("example.net", "one.example.org"),
        ("unknown.example.org", "one.example.org"),
        (None, "one.example.org"),
    ],
)
def test_a_client_gets_the_certificate_of_the_name_it_asks_for(
    tmp_path: Path, asked: str | None, gets: str
) -> None:
    certificates = Certificates(
        [
            files(tmp_path, "one", "one.example.org"),
            files(tmp_path, "two", "two.example.org", "also-two.example.org"),
            files(tmp_path, "wild", "*.example.net"),
        ]
    )
    assert shown(certificates, asked)[0] == gets


def test_names_of_the_settings_go_before_those_of_the_certificate(tmp_path: Path) -> None:
    first = files(tmp_path, "one", "one.example.org")
    second = files(tmp_path, "two", "two.example.org")
    named = OwnCertificate(second.certificate, second.key, ("Phones.example.org.",))
    certificates = Certificates([first, named])
    assert shown(certificates, "phones.example.org") == ["two.example.org"]
    assert shown(certificates, "two.example.org") == ["one.example.org"]


def test_a_replaced_certificate_is_shown_after_the_reload_and_open_connections_stay(
    tmp_path: Path,
) -> None:
    own = files(tmp_path, "one", "old.example.org")
    certificates = Certificates([own])
    context = certificates.server_context()
    before = Joined(context, trusting())
    assert not certificates.are_replaced()
    files(tmp_path, "one", "new.example.org")
    assert certificates.are_replaced()
    assert shown(certificates, None) == ["old.example.org"]
    certificates.reload()
    assert not certificates.are_replaced()
    assert shown(certificates, None) == ["new.example.org"]
    assert certificates.server_context() is context
    assert before.say(b"still here") == b"still here"


def test_half_a_replacement_changes_nothing(tmp_path: Path) -> None:
    own = files(tmp_path, "one", "old.example.org")
    certificates = Certificates([own])
    issued = AUTHORITY.issue(["new.example.org"])
    own.certificate.write_bytes(issued.certificate_pem())
    with pytest.raises(CertificateError, match="is not the key of"):
        certificates.reload()
    assert shown(certificates, None) == ["old.example.org"]
    assert certificates.are_replaced()
    own.key.write_bytes(issued.key_pem())
    certificates.reload()
    assert shown(certificates, None) == ["new.example.org"]


def test_a_client_comes_back_with_its_ticket(tmp_path: Path) -> None:
    certificates = Certificates([files(tmp_path, "one", "one.example.org")])
    context, client = certificates.server_context(), trusting()
    first = Joined(context, client)
    first.say(b"the ticket comes before this")
    upward, downward = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(upward, downward, server_side=True)
    again = client.wrap_bio(downward, upward, session=first.client.session)
    for side in (again, server, again):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    server.do_handshake()
    assert again.session_reused


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_versions_are_refused(tmp_path: Path, version: ssl.TLSVersion) -> None:
    certificates = Certificates([files(tmp_path, "one", "one.example.org")])
    old = trusting()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = version
    old.maximum_version = version
    with pytest.raises(ssl.SSLError):
        Joined(certificates.server_context(), old)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_new_versions_are_spoken_with_forward_secrecy(
    tmp_path: Path, version: ssl.TLSVersion
) -> None:
    certificates = Certificates([files(tmp_path, "one", "one.example.org")])
    client = trusting()
    client.minimum_version = version
    client.maximum_version = version
    joined = Joined(certificates.server_context(), client)
    cipher = joined.server.cipher()
    assert cipher is not None
    assert "GCM" in cipher[0] or "CHACHA20" in cipher[0]
    assert joined.server.version() == version.name.replace("_", ".").replace("TLSv1.3", "TLSv1.3")


def test_ciphers_without_forward_secrecy_are_refused(tmp_path: Path) -> None:
    certificates = Certificates([files(tmp_path, "one", "one.example.org")])
    client = trusting()
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers("ECDHE-ECDSA-AES128-SHA256")
    with pytest.raises(ssl.SSLError):
        Joined(certificates.server_context(), client)


# ---------------------------------------------------------------------- clients


def test_clients_are_asked_only_where_it_is_wanted(tmp_path: Path) -> None:
    own = files(tmp_path, "one", "one.example.org")
    certificates = Certificates([own], ca=write_ca(tmp_path), clients="required")
    with pytest.raises(ssl.SSLError):
        Joined(certificates.server_context(asks_clients=True), trusting())
    Joined(certificates.server_context(), trusting())
    with_own = certificates.client_context()
    joined = Joined(certificates.server_context(asks_clients=True), with_own, "one.example.org")
    found = joined.server.getpeercert()
    assert found is not None
    assert ("DNS", "one.example.org") in found["subjectAltName"]


def test_a_foreign_certificate_of_a_client_is_refused(tmp_path: Path) -> None:
    own = files(tmp_path, "one", "one.example.org")
    ca = write_ca(tmp_path)
    certificates = Certificates([own], ca=ca, clients="optional")
    foreign = files(tmp_path, "foreign", "one.example.org", authority=OTHER)
    context = certificates.server_context(asks_clients=True)
    with pytest.raises(ssl.SSLError):
        Joined(context, certificates.client_context(Trust(foreign)))
    Joined(context, trusting())


def test_a_new_authority_for_clients_counts_after_the_reload(tmp_path: Path) -> None:
    own = files(tmp_path, "one", "one.example.org")
    ca = write_ca(tmp_path, OTHER)
    certificates = Certificates([own], ca=ca, clients="required")
    context = certificates.server_context(asks_clients=True)
    ours = Trust(files(tmp_path, "client", "client.example.org"), write_ca(tmp_path, name="all"))
    with pytest.raises(ssl.SSLError):
        Joined(context, certificates.client_context(ours))
    write_ca(tmp_path)
    assert certificates.are_replaced()
    certificates.reload()
    Joined(context, certificates.client_context(ours))


def test_a_server_of_a_foreign_authority_is_refused(tmp_path: Path) -> None:
    server = Certificates([files(tmp_path, "server", "sip.example.org", authority=OTHER)])
    believed, foreign = write_ca(tmp_path, OTHER, "other.pem"), write_ca(tmp_path)
    client = Certificates(ca=foreign)
    with pytest.raises(ssl.SSLCertVerificationError):
        Joined(server.server_context(), client.client_context(), "sip.example.org")
    trunk = client.client_context(Trust(ca=believed))
    Joined(server.server_context(), trunk, "sip.example.org")


def test_an_expired_server_is_refused(tmp_path: Path) -> None:
    own = files(tmp_path, "old", "sip.example.org", days=0.5)
    client = Certificates(ca=write_ca(tmp_path))
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        Joined(Certificates([own]).server_context(), client.client_context(), "sip.example.org")


def test_expiries_are_told(tmp_path: Path) -> None:
    own = files(tmp_path, "one", "one.example.org")
    [(file, expires)] = Certificates([own]).expiries()
    assert file == str(own.certificate)
    assert (
        expires == x509.load_pem_x509_certificate(own.certificate.read_bytes()).not_valid_after_utc
    )


# ---------------------------------------------------------------------- what the operator did wrong


def test_without_a_certificate_there_is_no_server() -> None:
    with pytest.raises(CertificateError, match=r"^tls\.certificate: missing, expected"):
        Certificates().server_context()


@pytest.mark.parametrize(
    ("which", "octets", "wrong"),
    [
        ("certificate", None, "cannot be read: No such file"),
        ("certificate", b"", "expected a certificate in PEM"),
        ("certificate", b"\xff\xfe rubbish", "expected a certificate in PEM"),
        ("key", None, "cannot be read: No such file"),
        (
            "key",
            b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            "expected a priv",
        ),
        ("key", AUTHORITY.own.key_pem(), "is not the key of"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, which: str, octets: bytes | None, wrong: str
) -> None:
    own = files(tmp_path, "one", "one.example.org")
    path = own.certificate if which == "certificate" else own.key
    path.unlink()
    if octets is not None:
        path.write_bytes(octets)
    with pytest.raises(CertificateError) as caught:
        Certificates([own])
    assert str(caught.value).startswith(f"tls.{which}: {path}")
    assert wrong in str(caught.value)
    assert "PRIVATE KEY-----" not in str(caught.value)


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    own = files(tmp_path, "one", "one.example.org")
    key = ec.generate_private_key(ec.SECP256R1())
    own.key.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    )
    with pytest.raises(CertificateError, match=r"tls\.key: .* has a password, expected a key"):
        Certificates([own])


def test_an_authority_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match=r"^tls\.ca: .*nobody\.pem cannot be read"):
        Certificates(ca=tmp_path / "nobody.pem").client_context()
    trust = Trust(ca=Path(os.devnull), setting="trunks[0]")
    with pytest.raises(CertificateError, match=r"^trunks #1\.ca: /dev/null: expected a certif"):
        Certificates().client_context(trust)
